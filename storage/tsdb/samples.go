package tsdb

import (
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/value"
)

// samples are the decoded samples of one series. Use: clear, read block after block, order. The buffers are reused.
type samples struct {
	ts       []int64
	vs       []float64
	unsorted bool
	decoder  blockReader
}

func (s *samples) clear() { s.ts, s.vs, s.unsorted = s.ts[:0], s.vs[:0], false }

// read appends the samples of a block that lie within [mint, maxt].
func (s *samples) read(ref *blockRef, mint, maxt int64) (err error) {
	n := len(s.ts)
	s.ts, s.vs, err = s.decoder.read(ref, mint, maxt, s.ts, s.vs)
	if n > 0 && n < len(s.ts) && s.ts[n] <= s.ts[n-1] {
		s.unsorted = true
	}
	return err
}

// order sorts by time and leaves one sample per timestamp.
func (s *samples) order() {
	if s.unsorted {
		sort.Stable((*byTime)(s))
	}
	s.dropDuplicates()
}

// last is the newest value that is no staleness marker.
func (s *samples) last() (v float64, ok bool) {
	for _, v := range slices.Backward(s.vs) {
		if !value.IsStaleNaN(v) {
			return v, true
		}
	}
	return 0, false
}

// dropDuplicates leaves one sample per timestamp: the greatest value, and any value rather than a staleness marker. The
// engine keeps all of them in no stable order, this choice gives the same answer before and after it merged its files.
func (s *samples) dropDuplicates() {
	ts, vs := s.ts, s.vs
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
	s.ts, s.vs = ts[:n+1], vs[:n+1]
}

type byTime samples

func (b *byTime) Len() int           { return len(b.ts) }
func (b *byTime) Less(i, j int) bool { return b.ts[i] < b.ts[j] }
func (b *byTime) Swap(i, j int) {
	b.ts[i], b.ts[j] = b.ts[j], b.ts[i]
	b.vs[i], b.vs[j] = b.vs[j], b.vs[i]
}
