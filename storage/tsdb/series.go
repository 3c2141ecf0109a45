package tsdb

import (
	"context"
	"math"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// seriesSet is the answer to one Select: series and, for each, references to its blocks.
type seriesSet struct {
	ctx        context.Context
	mint, maxt int64
	found      []foundSeries
	blocks     blockList
	at         int // 1 is the first
}

type foundSeries struct {
	labels labels.Labels
	chain
}

// A blockList keeps the blocks of many series; those of one are chained in the order of their first timestamp.
type blockList []chainedBlock

type chainedBlock struct {
	ref  blockRef
	next int32 // -1 ends the chain
}

// chain is the blocks of one series in a blockList.
type chain struct{ first, last int32 }

var noBlocks = chain{-1, -1}

func (c chain) empty() bool { return c.first < 0 }

func (l *blockList) add(c *chain, ref blockRef) {
	i := int32(len(*l))
	*l = append(*l, chainedBlock{ref, -1})
	if c.empty() {
		c.first = i
	} else {
		(*l)[c.last].next = i
	}
	c.last = i
}

// read decodes the samples of a chain that lie within [mint, maxt].
func (l blockList) read(c chain, mint, maxt int64, to *samples) error {
	to.clear()
	for b := c.first; b >= 0; b = l[b].next {
		if err := to.read(&l[b].ref, mint, maxt); err != nil {
			to.clear()
			return err
		}
	}
	to.order()
	return nil
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
				name, err := cache.get(&d, name)
				if err != nil {
					return err
				}
				known = refused
				if matchAll(rest, name.labels) {
					known = int32(len(s.found))
					s.found = append(s.found, foundSeries{name.labels, noBlocks})
				}
				byName[string(prev)] = known
			}
			current = known
		}
		if current != refused {
			s.blocks.add(&s.found[current].chain, found.block())
		}
	}
	return found.error()
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
	samples
	i   int // -1 before the first
	err error
}

func (it *iterator) reset(s *series) {
	it.i, it.err = -1, s.set.ctx.Err()
	if it.err != nil {
		it.clear()
		return
	}
	it.err = s.set.blocks.read(s.chain, s.set.mint, s.set.maxt, &it.samples)
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
