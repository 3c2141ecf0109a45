package tsdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// A Select on a rollup tier names what it wants by a matcher on __agg__ that rewrite.go has added: avg, min, max, inc or
// count, or sum, which is avg times count. Without one it is avg. The series that come back have the label sets of raw data. Where a series lacks
// what is asked, because it is a counter and means are asked or the other way round, it is derived: the level of a counter
// is the sum of its increases since the begin of the selection, the increase of a gauge is the step from mean to mean.
const aggregateSum = "sum"

// rollupSet is the answer to one Select.
type rollupSet struct {
	ctx        context.Context
	mint, maxt int64
	wanted     string
	found      []rollupSeries
	blocks     blockList
	counts     targetCounts // for count and sum
	levels     []string     // metrics whose level is made up
	at         int          // 1 is the first
}

type rollupSeries struct {
	labels labels.Labels
	chains [aggregations]chain
}

func (q *querier) selectRollups(ctx context.Context, mint, maxt int64, ms []*labels.Matcher) (*rollupSet, error) {
	set := &rollupSet{ctx: ctx, mint: mint, maxt: maxt}
	set.wanted = aggregationNames[aggAvg]
	if i := slices.IndexFunc(ms, func(m *labels.Matcher) bool { return m.Name == aggregateLabel }); i >= 0 {
		set.wanted = ms[i].Value
		ms = slices.Delete(slices.Clone(ms), i, i+1)
	}
	if maxt < 0 || mint > maxt || mint > maxTime {
		return set, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	terms, rest := split(ms)
	terms = append(terms, term{label: aggregateLabel, value: strings.Join(aggregatesFor(set.wanted), "|"), regexp: true})
	found, err := q.search(ctx, terms, mint, maxt)
	if err != nil {
		return nil, err
	}
	if err := set.collect(found, q.labels, rest); err != nil {
		return nil, err
	}
	if set.needsCounts() {
		if set.counts, err = loadTargetCounts(ctx, q.tier.vm, ms, mint, maxt); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func (s *rollupSet) needsCounts() bool {
	return s.wanted == aggregateSum || s.wanted == aggregationNames[aggCount]
}

// aggregatesFor lists the rows that an answer is made of.
func aggregatesFor(wanted string) []string {
	list := []string{aggregationNames[aggAvg], aggregationNames[aggInc]}
	switch wanted {
	case aggregationNames[aggMin], aggregationNames[aggMax]:
		return append(list, wanted)
	case aggregationNames[aggCount], aggregateSum:
		return append(list, aggregationNames[aggCount])
	}
	return list
}

// place is where the blocks of one name of the engine belong.
type place struct {
	series    int32 // in found, -1: refused
	aggregate aggregation
}

// collect groups the blocks of a search by series and aggregate.
func (s *rollupSet) collect(found *search, cache *labelCache, rest []*labels.Matcher) error {
	var (
		d       decoder
		byName  = map[string]place{}
		bySet   = map[string]int32{} // to found, by label set
		prev    []byte
		key     []byte
		current place
	)
	for found.next() {
		if name := found.seriesName(); prev == nil || string(prev) != string(name) {
			prev = append(prev[:0], name...)
			known, ok := byName[string(prev)]
			if !ok {
				name, err := cache.get(&d, prev)
				if err != nil {
					return err
				}
				known = place{series: -1}
				if a, ok := aggregationOf(name.aggregate); ok && matchAll(rest, name.labels) {
					key = name.labels.Bytes(key)
					i, ok := bySet[string(key)]
					if !ok {
						i = int32(len(s.found))
						s.found = append(s.found, newRollupSeries(name.labels))
						bySet[string(key)] = i
					}
					known = place{i, a}
				}
				byName[string(prev)] = known
			}
			current = known
		}
		if current.series >= 0 {
			s.blocks.add(&s.found[current.series].chains[current.aggregate], found.block())
		}
	}
	// A series that only has a count here began or ended at the border of the range.
	s.found = slices.DeleteFunc(s.found, func(r rollupSeries) bool { return r.chains[aggAvg].empty() && r.chains[aggInc].empty() })
	s.noteLevels()
	return found.error()
}

func newRollupSeries(ls labels.Labels) rollupSeries {
	r := rollupSeries{labels: ls}
	for a := range r.chains {
		r.chains[a] = noBlocks
	}
	return r
}

// noteLevels remembers the counters whose level is made up, for Warnings.
func (s *rollupSet) noteLevels() {
	if s.wanted == aggregationNames[aggInc] || s.wanted == aggregationNames[aggCount] {
		return
	}
	for i := range s.found {
		if s.found[i].chains[aggAvg].empty() {
			s.levels = append(s.levels, s.found[i].labels.Get(model.MetricNameLabel))
		}
	}
	slices.Sort(s.levels)
	s.levels = slices.Compact(s.levels)
}

func (s *rollupSet) sort() {
	slices.SortFunc(s.found, func(a, b rollupSeries) int { return labels.Compare(a.labels, b.labels) })
}

func (s *rollupSet) Next() bool {
	s.at++
	return s.at <= len(s.found)
}

func (s *rollupSet) At() promstorage.Series {
	return &rolledSeries{s, &s.found[s.at-1]}
}
func (s *rollupSet) Err() error { return nil }

// Warnings tells of levels that nobody kept.
func (s *rollupSet) Warnings() annotations.Annotations {
	var notes annotations.Annotations
	for _, metric := range s.levels {
		notes.Add(fmt.Errorf("%w: %s is a counter: of older times its increases are kept and not its level, which here begins at zero; ask for rate() or increase()", annotations.PromQLWarning, metric))
	}
	return notes
}

// rolledSeries is one series of a set; its samples are made by Iterator.
type rolledSeries struct {
	set *rollupSet
	*rollupSeries
}

func (s *rolledSeries) Labels() labels.Labels { return s.labels }

// Iterator makes the samples. It reuses the buffers of an iterator that is handed back.
func (s *rolledSeries) Iterator(old chunkenc.Iterator) chunkenc.Iterator {
	it, ok := old.(*rollupIterator)
	if !ok {
		it = &rollupIterator{}
	}
	it.i, it.ts, it.vs = -1, nil, nil
	if it.err = s.set.ctx.Err(); it.err == nil {
		it.err = it.reader.read(s.set.blocks, &s.chains, s.set.mint, s.set.maxt)
	}
	if it.err == nil {
		it.make(s)
	}
	return it
}

// rollupIterator walks what was made of the rollups of one series.
type rollupIterator struct {
	iterator
	reader rollupReader
	made   []float64 // reused
}

func (it *rollupIterator) make(s *rolledSeries) {
	r := &it.reader
	base := &r.lanes[aggAvg].samples
	if r.counter() {
		base = &r.lanes[aggInc].samples
	}
	it.ts, it.vs = base.ts, base.vs
	switch s.set.wanted {
	case aggregationNames[aggInc]:
		if !r.counter() {
			it.steps()
		}
		return
	case aggregationNames[aggCount]:
		it.counts(s)
		return
	}
	if r.counter() {
		it.levels()
	}
	switch s.set.wanted {
	case aggregationNames[aggMin]:
		it.overlay(&r.lanes[aggMin])
	case aggregationNames[aggMax]:
		it.overlay(&r.lanes[aggMax])
	case aggregateSum:
		means := it.vs
		it.counts(s)
		for i := range it.vs {
			it.vs[i] *= means[i]
		}
	}
}

// levels adds the increases up.
func (it *rollupIterator) levels() {
	level := 0.0
	for i, v := range it.vs {
		level += v
		it.vs[i] = level
	}
}

// steps makes increases of means; the first has none.
func (it *rollupIterator) steps() {
	if len(it.vs) == 0 {
		return
	}
	before := it.vs[0]
	for i, v := range it.vs[1:] {
		it.vs[i+1], before = step(before, v), v
	}
	it.ts, it.vs = it.ts[1:], it.vs[1:]
}

// overlay replaces means where another value is kept.
func (it *rollupIterator) overlay(l *lane) {
	for i, t := range it.ts {
		it.vs[i] = l.atOr(t, it.vs[i])
	}
}

func (it *rollupIterator) counts(s *rolledSeries) {
	target := targetKey(s.labels.Get("job"), s.labels.Get("instance"), s.labels.Get("server"))
	it.made = it.made[:0]
	for _, t := range it.ts {
		it.made = append(it.made, it.reader.count(t, func(t int64) float64 { return s.set.counts.at(target, t) }))
	}
	it.vs = it.made
}
