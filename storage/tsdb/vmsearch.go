package tsdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	vmstorage "github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/prometheus/common/model"
)

// filters selects series in the engine's index.
type filters struct{ engine *vmstorage.TagFilters }

func newFilters(terms []term) (filters, error) {
	f := filters{vmstorage.NewTagFilters()}
	for _, t := range terms {
		var key []byte // nil means the metric name
		if t.label != model.MetricNameLabel {
			key = []byte(t.label)
		}
		if err := f.engine.Add(key, []byte(t.value), t.negative, t.regexp); err != nil {
			return f, fmt.Errorf("select %s: %w", t.label, err)
		}
	}
	return f, nil
}

func (f filters) list() []*vmstorage.TagFilters { return []*vmstorage.TagFilters{f.engine} }

// A blockRef is a piece of one series on disk or in memory. It is valid until its search is closed.
type blockRef = vmstorage.BlockRef

// search walks the blocks of all series that match, block after block.
type search struct {
	ctx    context.Context
	vm     *vm
	s      vmstorage.Search
	series int // that were found
	n      int
	err    error
}

// search finds the series that match within [mint, maxt]. The caller closes it, also after an error.
func (v *vm) search(ctx context.Context, f filters, mint, maxt int64, limit int) (*search, error) {
	v.refresh()
	s := &search{ctx: ctx, vm: v}
	v.mu.RLock() // until close
	n := s.s.Init(nil, v.s, f.list(), timeRange(mint, maxt), limit*engineLimitFactor, deadline(ctx))
	if err := s.s.Error(); err != nil {
		return s, searchError(ctx, err, limit)
	}
	if n > limit {
		return s, &TooManySeriesError{limit}
	}
	s.series = n
	return s, nil
}

// next moves to the next block.
func (s *search) next() bool {
	s.n++
	if s.n&1023 == 0 {
		if s.err = s.ctx.Err(); s.err != nil {
			return false
		}
	}
	return s.s.NextMetricBlock()
}

// seriesName is the name of the current block's series in the engine's form, see decodeLabels. Valid until next.
func (s *search) seriesName() []byte { return s.s.MetricBlockRef.MetricName }

func (s *search) block() blockRef { return *s.s.MetricBlockRef.BlockRef }

func (s *search) error() error {
	if s.err != nil {
		return s.err
	}
	if err := s.s.Error(); err != nil {
		return searchError(s.ctx, err, 0)
	}
	return nil
}

func (s *search) close() {
	s.s.MustClose()
	s.vm.mu.RUnlock()
}

// searchError tells a deadline from too many series, the only two errors that a search of a healthy storage gives.
func searchError(ctx context.Context, err error, limit int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, vmstorage.ErrDeadlineExceeded) {
		return context.DeadlineExceeded
	}
	if limit > 0 {
		return &TooManySeriesError{limit}
	}
	return fmt.Errorf("search series: %w", err)
}

// blockReader decodes blocks; its buffers are reused.
type blockReader struct{ b vmstorage.Block }

// read appends the rows of one block that lie within [mint, maxt].
func (r *blockReader) read(ref *blockRef, mint, maxt int64, ts []int64, vs []float64) ([]int64, []float64, error) {
	ref.MustReadBlock(&r.b)
	if err := r.b.UnmarshalData(); err != nil {
		return ts, vs, fmt.Errorf("decode block: %w", err)
	}
	ts, vs = r.b.AppendRowsWithTimeRangeFilter(ts, vs, timeRange(mint, maxt))
	return ts, vs, nil
}

func timeRange(mint, maxt int64) vmstorage.TimeRange {
	return vmstorage.TimeRange{MinTimestamp: max(mint, 0), MaxTimestamp: min(maxt, maxTime)}
}

// deadline is ctx's deadline in the engine's whole seconds, rounded up: ctx itself is checked between blocks.
func deadline(ctx context.Context) uint64 {
	d, ok := ctx.Deadline()
	if !ok {
		d = time.Now().Add(time.Hour)
	}
	return uint64(d.Unix()) + 1
}

// any reports whether there may be a sample within [mint, maxt].
func (v *vm) any(ctx context.Context, mint, maxt int64) (bool, error) {
	f, err := newFilters(nil)
	if err != nil {
		return false, err
	}
	found, err := v.search(ctx, f, mint, maxt, everything)
	defer found.close()
	if err != nil {
		return false, err
	}
	return found.next(), found.error()
}

// count returns how many series match.
func (v *vm) count(ctx context.Context, f filters, mint, maxt int64) (int, error) {
	found, err := v.search(ctx, f, mint, maxt, everything)
	defer found.close()
	return found.series, err
}
