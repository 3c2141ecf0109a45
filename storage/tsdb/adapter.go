package tsdb

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// maxSeries bounds what one selector may match: about 400 bytes each while the query runs.
const maxSeries = 300_000

// queryable answers Prometheus' read interface from one tier.
type queryable struct {
	db        *DB
	tier      *tier
	labels    *labelCache
	maxSeries int
}

// Querier returns a reader of [mint, maxt], Unix milliseconds. The caller closes it.
func (q *queryable) Querier(mint, maxt int64) (promstorage.Querier, error) {
	if err := q.db.enter(); err != nil {
		return nil, err
	}
	return &querier{queryable: q, mint: mint, maxt: maxt, release: sync.OnceFunc(q.db.calls.Done)}, nil
}

// querier keeps its searches, and with them the parts of the storage that they read, until Close. It is used by one
// goroutine at a time, as Prometheus' engine does.
type querier struct {
	*queryable
	mint, maxt int64
	searches   []*search
	release    func()
}

// Close frees what the selected series read from; they must not be read afterwards.
func (q *querier) Close() error {
	for _, s := range q.searches {
		s.close()
	}
	q.searches = nil
	q.release()
	return nil
}

// Select finds the series now and decodes their samples when each series is iterated, so that only one series' samples
// are in memory at a time. The range of hints, if given, replaces the querier's.
func (q *querier) Select(ctx context.Context, sortSeries bool, hints *promstorage.SelectHints, ms ...*labels.Matcher) promstorage.SeriesSet {
	mint, maxt := q.mint, q.maxt
	if hints != nil {
		mint, maxt = hints.Start, hints.End
	}
	if q.tier.resolution > 0 {
		set, err := q.selectRollups(ctx, mint, maxt, ms)
		if err != nil {
			return promstorage.ErrSeriesSet(err)
		}
		if sortSeries {
			set.sort()
		}
		return set
	}
	set, err := q.selectSeries(ctx, mint, maxt, ms)
	if err != nil {
		return promstorage.ErrSeriesSet(err)
	}
	if sortSeries {
		set.sort()
	}
	return set
}

func (q *querier) selectSeries(ctx context.Context, mint, maxt int64, ms []*labels.Matcher) (*seriesSet, error) {
	set := &seriesSet{ctx: ctx, mint: mint, maxt: maxt}
	if maxt < 0 || mint > maxt || mint > maxTime {
		return set, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	terms, rest := split(ms)
	found, err := q.search(ctx, terms, mint, maxt)
	if err != nil {
		return nil, err
	}
	if err := set.collect(found, q.labels, rest); err != nil {
		return nil, err
	}
	return set, nil
}

// search starts a search that Close ends.
func (q *querier) search(ctx context.Context, terms []term, mint, maxt int64) (*search, error) {
	f, err := newFilters(terms)
	if err != nil {
		return nil, err
	}
	found, err := q.tier.vm.search(ctx, f, mint, maxt, q.maxSeries)
	q.searches = append(q.searches, found)
	return found, err
}

// LabelValues returns the sorted values of a label among the matching series. The range counts in whole days.
func (q *querier) LabelValues(ctx context.Context, name string, hints *promstorage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	if name == aggregateLabel {
		return nil, nil, nil
	}
	values, err := q.labelSearch(ctx, hints, ms, func(f filters) ([]string, error) {
		return q.tier.vm.labelValues(ctx, name, f, q.mint, q.maxt, q.maxSeries)
	}, func(ls labels.Labels, add func(string)) {
		if v := ls.Get(name); v != "" {
			add(v)
		}
	})
	return values, nil, err
}

// LabelNames returns the sorted label names of the matching series. The range counts in whole days.
func (q *querier) LabelNames(ctx context.Context, hints *promstorage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	names, err := q.labelSearch(ctx, hints, ms, func(f filters) ([]string, error) {
		return q.tier.vm.labelNames(ctx, f, q.mint, q.maxt, q.maxSeries)
	}, func(ls labels.Labels, add func(string)) {
		ls.Range(func(l labels.Label) { add(l.Name) })
	})
	return names, nil, err
}

// labelSearch asks the index when it can answer the matchers exactly, else it walks the label sets of the matching series.
func (q *querier) labelSearch(ctx context.Context, hints *promstorage.LabelHints, ms []*labels.Matcher,
	index func(filters) ([]string, error), walk func(labels.Labels, func(string))) ([]string, error) {
	ms, possible := q.withoutAggregate(ms)
	if !possible {
		return nil, nil
	}
	terms, rest := split(ms)
	f, err := newFilters(terms)
	if err != nil {
		return nil, err
	}
	var found []string
	if len(rest) == 0 {
		if found, err = index(f); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 { // also for a metric without any label, whose name the engine's index of label names forgets
		seen := map[string]struct{}{}
		add := func(s string) { seen[s] = struct{}{} }
		if err := q.eachLabels(ctx, f, rest, func(ls labels.Labels) { walk(ls, add) }); err != nil {
			return nil, err
		}
		found = slices.Collect(maps.Keys(seen))
	}
	if q.tier.resolution > 0 {
		found = slices.DeleteFunc(found, func(name string) bool { return name == aggregateLabel })
	}
	slices.Sort(found)
	if hints != nil && hints.Limit > 0 && len(found) > hints.Limit {
		found = found[:hints.Limit]
	}
	return found, nil
}

// withoutAggregate takes away matchers on the label that rollups have and nobody sees. possible is false when one of them
// wants it to have a value.
func (q *querier) withoutAggregate(ms []*labels.Matcher) (rest []*labels.Matcher, possible bool) {
	if q.tier.resolution == 0 {
		return ms, true
	}
	for _, m := range ms {
		switch {
		case m.Name != aggregateLabel:
			rest = append(rest, m)
		case !m.Matches(""):
			return nil, false
		}
	}
	return rest, true
}

// eachLabels calls f with the label set of every series that matches in the days of the querier's range.
func (q *querier) eachLabels(ctx context.Context, f filters, rest []*labels.Matcher, each func(labels.Labels)) error {
	names, err := q.tier.vm.seriesNames(ctx, f, q.mint, q.maxt, q.maxSeries)
	if err != nil {
		return err
	}
	var d decoder
	for i, name := range names {
		if i&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		s, err := q.labels.get(&d, []byte(name))
		if err != nil {
			return err
		}
		if s.aggregate != targetSamples && matchAll(rest, s.labels) {
			each(s.labels)
		}
	}
	return nil
}
