package tsdb

import (
	"sync"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/prompb"
	vmstorage "github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"

	"monitoring/storage"
)

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
	v.mu.RLock()
	defer v.mu.RUnlock()
	v.inserts <- struct{}{}
	v.s.AddRows(r.rows, keepAllPrecision)
	<-v.inserts
	v.added.Add(uint64(len(r.rows)))
	return nil
}
