package tsdb

import (
	"context"
	"math"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// seriesSet is the answer to one Select: series and, for each, references to its blocks.
type seriesSet struct {
	ctx        context.Context
	mint, maxt int64
	found      []foundSeries
	blocks     []chainedBlock // of all series, chained per series in the order of their first timestamp
	at         int            // 1 is the first
}

type foundSeries struct {
	labels      labels.Labels
	first, last int32 // in blocks
}

type chainedBlock struct {
	ref  blockRef
	next int32 // -1 ends the chain
}

// collect groups the blocks of a search by series. Blocks of one series usually follow each other, but a series whose
// internal id was lost from a cache has a second id in another month, so equal names are joined through a map.
func (s *seriesSet) collect(found *search, cache *labelCache, rest []*labels.Matcher) error {
	var (
		d       decoder
		byName  = map[string]int32{} // to found, or refused
		prev    []byte
		current int32
	)
	const refused = -1
	for found.next() {
		if name := found.seriesName(); prev == nil || string(prev) != string(name) {
			prev = append(prev[:0], name...)
			known, ok := byName[string(name)]
			if !ok {
				ls, err := cache.get(&d, name)
				if err != nil {
					return err
				}
				known = refused
				if matchAll(rest, ls) {
					known = int32(len(s.found))
					s.found = append(s.found, foundSeries{ls, -1, -1})
				}
				byName[string(name)] = known
			}
			current = known
		}
		if current != refused {
			s.chain(&s.found[current], found.block())
		}
	}
	return found.error()
}

func (s *seriesSet) chain(f *foundSeries, ref blockRef) {
	i := int32(len(s.blocks))
	s.blocks = append(s.blocks, chainedBlock{ref, -1})
	if f.first < 0 {
		f.first = i
	} else {
		s.blocks[f.last].next = i
	}
	f.last = i
}

func (s *seriesSet) sort() {
	slices.SortFunc(s.found, func(a, b foundSeries) int { return labels.Compare(a.labels, b.labels) })
}

func (s *seriesSet) Next() bool {
	s.at++
	return s.at <= len(s.found)
}

func (s *seriesSet) At() promstorage.Series            { return &series{s, &s.found[s.at-1]} }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// series is one series of a set; its samples are decoded by Iterator.
type series struct {
	set *seriesSet
	*foundSeries
}

func (s *series) Labels() labels.Labels { return s.labels }

// Iterator decodes the samples. It reuses the buffers of an iterator that is handed back.
func (s *series) Iterator(old chunkenc.Iterator) chunkenc.Iterator {
	it, ok := old.(*iterator)
	if !ok {
		it = &iterator{}
	}
	it.reset(s)
	return it
}

// iterator walks decoded samples in ascending time.
type iterator struct {
	ts      []int64
	vs      []float64
	i       int // -1 before the first
	err     error
	decoder blockReader
}

func (it *iterator) reset(s *series) {
	it.ts, it.vs, it.i, it.err = it.ts[:0], it.vs[:0], -1, s.set.ctx.Err()
	sorted := true
	for b := s.first; b >= 0 && it.err == nil; b = s.set.blocks[b].next {
		n := len(it.ts)
		it.ts, it.vs, it.err = it.decoder.read(&s.set.blocks[b].ref, s.set.mint, s.set.maxt, it.ts, it.vs)
		if n > 0 && n < len(it.ts) && it.ts[n] <= it.ts[n-1] {
			sorted = false
		}
	}
	if it.err != nil {
		it.ts, it.vs = it.ts[:0], it.vs[:0]
		return
	}
	if !sorted {
		sort.Stable((*byTime)(it))
	}
	it.dropDuplicates()
}

// dropDuplicates leaves one sample per timestamp: the greatest value, and any value rather than a staleness marker. The
// engine keeps all of them in no stable order, this choice gives the same answer before and after it merged its files.
func (it *iterator) dropDuplicates() {
	ts, vs := it.ts, it.vs
	n := 0
	for n+1 < len(ts) && ts[n] != ts[n+1] {
		n++
	}
	if n+1 >= len(ts) {
		return // the usual case
	}
	for i := n + 1; i < len(ts); i++ {
		if ts[i] != ts[n] {
			n++
			ts[n], vs[n] = ts[i], vs[i]
		} else if value.IsStaleNaN(vs[n]) || vs[i] > vs[n] {
			vs[n] = vs[i]
		}
	}
	it.ts, it.vs = ts[:n+1], vs[:n+1]
}

type byTime iterator

func (b *byTime) Len() int           { return len(b.ts) }
func (b *byTime) Less(i, j int) bool { return b.ts[i] < b.ts[j] }
func (b *byTime) Swap(i, j int) {
	b.ts[i], b.ts[j] = b.ts[j], b.ts[i]
	b.vs[i], b.vs[j] = b.vs[j], b.vs[i]
}

func (it *iterator) Next() chunkenc.ValueType {
	if it.i+1 >= len(it.ts) {
		it.i = len(it.ts)
		return chunkenc.ValNone
	}
	it.i++
	return chunkenc.ValFloat
}

// unixMilli keeps vet from taking Seek for a misspelt io.Seeker.
type unixMilli = int64

func (it *iterator) Seek(t unixMilli) chunkenc.ValueType {
	it.i = max(it.i, 0)
	if it.i < len(it.ts) && it.ts[it.i] >= t {
		return chunkenc.ValFloat
	}
	it.i += sort.Search(len(it.ts)-it.i, func(i int) bool { return it.ts[it.i+i] >= t })
	if it.i >= len(it.ts) {
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

func (it *iterator) At() (int64, float64) { return it.ts[it.i], it.vs[it.i] }
func (it *iterator) AtT() int64           { return it.ts[it.i] }
func (it *iterator) AtST() int64          { return 0 }
func (it *iterator) Err() error           { return it.err }

// There are no native histograms here; the engine of queries never asks for one after ValFloat.
func (it *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return math.MinInt64, nil
}

func (it *iterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return math.MinInt64, nil
}
