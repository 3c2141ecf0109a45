package tsdb

import (
	"context"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// targetCounts says how many samples the series of a target had in each window, by the target's key.
type targetCounts map[string]*samples

// loadTargetCounts reads the counts of the targets that series matching ms can belong to.
func loadTargetCounts(ctx context.Context, v *vm, ms []*labels.Matcher, mint, maxt int64) (targetCounts, error) {
	terms := []term{{label: nameLabel, value: targetMetric}, {label: aggregateLabel, value: targetSamples}}
	for _, m := range ms {
		if slices.Contains([]string{"job", "instance", "server"}, m.Name) {
			if t, _ := indexTerm(m); t != nil {
				terms = append(terms, *t)
			}
		}
	}
	f, err := newFilters(terms)
	if err != nil {
		return nil, err
	}
	found, err := v.search(ctx, f, mint, maxt, maxSeries)
	defer found.close()
	if err != nil {
		return nil, err
	}
	counts := targetCounts{}
	var namer rollupNamer
	for found.next() {
		if _, err := namer.read(found.seriesName()); err != nil {
			return nil, err
		}
		key := namer.target()
		list := counts[key]
		if list == nil {
			list = &samples{}
			counts[key] = list
		}
		ref := found.block()
		if err := list.read(&ref, mint, maxt); err != nil {
			return nil, err
		}
	}
	for _, list := range counts {
		list.order()
	}
	return counts, found.error()
}

// at returns the count of a target in the window that ends at t. One is as good as any other number when none is known.
func (c targetCounts) at(key string, t int64) float64 {
	if list := c[key]; list != nil {
		if i, ok := slices.BinarySearch(list.ts, t); ok {
			return list.vs[i]
		}
	}
	return 1
}

// A lane is the samples of one aggregate, asked in ascending time.
type lane struct {
	samples
	i int
}

func (l *lane) at(t int64) (v float64, ok bool) {
	for l.i < len(l.ts) && l.ts[l.i] < t {
		l.i++
	}
	if l.i < len(l.ts) && l.ts[l.i] == t {
		return l.vs[l.i], true
	}
	return 0, false
}

func (l *lane) atOr(t int64, other float64) float64 {
	if v, ok := l.at(t); ok {
		return v
	}
	return other
}
