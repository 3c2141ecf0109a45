package tsdb

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/prompb"
	vmstorage "github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/prometheus/prometheus/model/labels"

	"monitoring/storage"
)

// This file and only this file speaks to VictoriaMetrics' lib/storage, whose API changes from version to version.

const (
	freeDiskLimit    = 1 << 30         // bytes; below it the engine is read-only
	engineFlush      = 2 * time.Second // from memory to disk; the engine's minimum
	futureLimit      = 48 * time.Hour  // how far ahead of the clock the engine takes samples
	keepAllPrecision = 64              // bits
	// The engine gets a higher limit than the caller so that "too many" is told by a count and not by an error text.
	engineLimitFactor = 10
	minTime           = int64(86400000) // Unix milliseconds; the engine's day index begins with 1970-01-02
	// The end of the engine's own time axis is far beyond; this keeps date arithmetic away from overflow.
	maxTime = int64(4102444800000) // 2100-01-01, Unix milliseconds
)

var engineSetup sync.Once

// setUpEngine sets what lib/storage keeps per process: its flags, its logger and its limits. It needs parsed flags, and
// nobody else in our programs parses flag.CommandLine.
func setUpEngine(memoryBytes int) {
	engineSetup.Do(func() {
		if !flag.Parsed() {
			_ = flag.CommandLine.Parse(nil) // no arguments, no error
		}
		mustSet := func(name, value string) {
			if err := flag.Set(name, value); err != nil {
				panic(fmt.Errorf("set up storage engine: flag %s: %w", name, err))
			}
		}
		mustSet("memory.allowedBytes", strconv.Itoa(memoryBytes))
		mustSet("loggerLevel", "ERROR")
		logger.InitNoLogFlags()
		vmstorage.SetDataFlushInterval(engineFlush)
		// No cache of selectors: the engine empties it up to 10 s after a flush, so a selector asked before a series was
		// born would not find it for as long. Without it an instant query takes about 20 µs more.
		vmstorage.SetTagFiltersCacheSize(1)
		// A quarter instead of a tenth: a query over the whole fleet needs every name, and a name that is not cached costs
		// an index lookup of about 50 µs.
		vmstorage.SetMetricNameCacheSize(memoryBytes / 4)
		vmstorage.SetFreeDiskSpaceLimit(freeDiskLimit)
	})
}

// vm is one open storage of the engine.
type vm struct {
	s         *vmstorage.Storage
	retention time.Duration
	inserts   chan struct{} // the engine wants at most one insert per CPU at a time
	added     atomic.Uint64 // rows given to the engine
}

func openVM(dir string, retention time.Duration, memoryBytes int) *vm {
	setUpEngine(memoryBytes)
	return &vm{
		s:         vmstorage.MustOpenStorage(dir, vmstorage.OpenOptions{Retention: retention}),
		retention: retention,
		inserts:   make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

func (v *vm) close() { v.s.MustClose() }

// flush makes all added rows visible to searches.
func (v *vm) flush() { v.s.DebugFlush() }

// bounds are the oldest and newest time in Unix milliseconds that can be stored now.
type bounds struct{ min, max int64 }

func (v *vm) bounds() bounds {
	now := time.Now()
	// One minute of slack: the engine reads its own coarse clock.
	return bounds{max(minTime, now.Add(-v.retention+time.Minute).UnixMilli()), now.Add(futureLimit - time.Minute).UnixMilli()}
}

// rows is a batch on its way into the engine.
type rows struct {
	rows   []vmstorage.MetricRow
	ends   []int  // end of each row's series name in buf
	buf    []byte // series names, one after the other
	labels []prompb.Label
}

var rowsPool = sync.Pool{New: func() any { return &rows{} }}

func getRows() *rows { return rowsPool.Get().(*rows) }

func putRows(r *rows) {
	r.reset()
	rowsPool.Put(r)
}

func (r *rows) reset() {
	clear(r.rows)
	clear(r.labels)
	r.rows, r.ends, r.buf, r.labels = r.rows[:0], r.ends[:0], r.buf[:0], r.labels[:0]
}

func (r *rows) len() int { return len(r.rows) }

func (r *rows) addLabels(ls []storage.Label, at int64, value float64) {
	r.buf, r.labels = appendSeriesName(r.buf, ls, r.labels)
	r.end(at, value)
}

// addName adds a row whose series name is made of two parts of appendSeriesName.
func (r *rows) addName(target []byte, name string, at int64, value float64) {
	r.buf = append(append(r.buf, target...), name...)
	r.end(at, value)
}

func (r *rows) end(at int64, value float64) {
	r.ends = append(r.ends, len(r.buf))
	r.rows = append(r.rows, vmstorage.MetricRow{Timestamp: at, Value: value})
}

// appendSeriesName appends labels as the engine wants them on insert, in any order. The parts of one name may be joined.
func appendSeriesName(dst []byte, ls []storage.Label, scratch []prompb.Label) ([]byte, []prompb.Label) {
	scratch = scratch[:0]
	for _, l := range ls {
		scratch = append(scratch, prompb.Label{Name: l.Name, Value: l.Value}) // a copy: the engine blanks "__name__" in it
	}
	return vmstorage.MarshalMetricNameRaw(dst, scratch), scratch
}

// readOnly tells that the disk is nearly full.
func (v *vm) readOnly() bool { return v.s.IsReadOnly() }

// add stores a batch. Values must not be ordinary NaN and times must lie within bounds: the engine drops such rows.
func (v *vm) add(r *rows) error {
	if len(r.rows) == 0 {
		return nil
	}
	if v.readOnly() {
		return ErrReadOnly
	}
	start := 0
	for i, end := range r.ends {
		r.rows[i].MetricNameRaw = r.buf[start:end:end]
		start = end
	}
	v.inserts <- struct{}{}
	v.s.AddRows(r.rows, keepAllPrecision)
	<-v.inserts
	v.added.Add(uint64(len(r.rows)))
	return nil
}

// filters selects series in the engine's index.
type filters struct{ engine *vmstorage.TagFilters }

func newFilters(terms []term) (filters, error) {
	f := filters{vmstorage.NewTagFilters()}
	for _, t := range terms {
		var key []byte // nil means the metric name
		if t.label != labels.MetricName {
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
	ctx context.Context
	s   vmstorage.Search
	n   int
	err error
}

// search finds the series that match within [mint, maxt]. The caller closes it, also after an error.
func (v *vm) search(ctx context.Context, f filters, mint, maxt int64, limit int) (*search, error) {
	s := &search{ctx: ctx}
	n := s.s.Init(nil, v.s, f.list(), timeRange(mint, maxt), limit*engineLimitFactor, deadline(ctx))
	if err := s.s.Error(); err != nil {
		return s, searchError(ctx, err, limit)
	}
	if n > limit {
		return s, &TooManySeriesError{limit}
	}
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

func (s *search) close() { s.s.MustClose() }

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

// seriesNames returns the names of the series that match, in the engine's form. Its time range counts in whole days.
func (v *vm) seriesNames(ctx context.Context, f filters, mint, maxt int64, limit int) ([]string, error) {
	names, err := v.s.SearchMetricNames(nil, f.list(), timeRange(mint, maxt), limit*engineLimitFactor, deadline(ctx))
	if err != nil {
		return nil, searchError(ctx, err, limit)
	}
	if len(names) > limit {
		return nil, &TooManySeriesError{limit}
	}
	return names, nil
}

// labelNames and labelValues return what the index knows within the days of [mint, maxt], unsorted.
func (v *vm) labelNames(ctx context.Context, f filters, mint, maxt int64, limit int) ([]string, error) {
	names, err := v.s.SearchLabelNames(nil, f.list(), timeRange(mint, maxt), limit, limit*engineLimitFactor, deadline(ctx))
	if err != nil {
		return nil, searchError(ctx, err, limit)
	}
	return names, nil
}

func (v *vm) labelValues(ctx context.Context, name string, f filters, mint, maxt int64, limit int) ([]string, error) {
	values, err := v.s.SearchLabelValues(nil, name, f.list(), timeRange(mint, maxt), limit, limit*engineLimitFactor, deadline(ctx))
	if err != nil {
		return nil, searchError(ctx, err, limit)
	}
	return values, nil
}

// deleteSeries hides all series that match, for all time, and returns their number.
func (v *vm) deleteSeries(f filters, limit int) (int, error) {
	n, err := v.s.DeleteSeries(nil, f.list(), limit)
	if err != nil {
		return 0, fmt.Errorf("delete series: %w", err)
	}
	return n, nil
}

// decoder turns series names of the engine into labels; its buffers are reused.
type decoder struct {
	name    vmstorage.MetricName
	builder labels.ScratchBuilder
}

func (d *decoder) labels(name []byte) (labels.Labels, error) {
	if err := d.name.Unmarshal(name); err != nil {
		return labels.EmptyLabels(), fmt.Errorf("decode series name: %w", err)
	}
	d.builder.Reset()
	d.builder.Add(labels.MetricName, string(d.name.MetricGroup))
	for i := range d.name.Tags {
		d.builder.Add(string(d.name.Tags[i].Key), string(d.name.Tags[i].Value))
	}
	d.builder.Sort()
	return d.builder.Labels(), nil
}

// vmStats are the engine's own counters.
type vmStats struct {
	activeSeries, newSeries, tooOld, tooNew uint64
	storedRows                              uint64
}

func (v *vm) stats() vmStats {
	var m vmstorage.Metrics
	v.s.UpdateMetrics(&m)
	return vmStats{
		activeSeries: m.HourMetricIDCacheSize,
		newSeries:    m.NewTimeseriesCreated,
		tooOld:       m.TooSmallTimestampRows,
		tooNew:       m.TooBigTimestampRows,
		storedRows:   m.TableMetrics.TotalRowsCount(),
	}
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
