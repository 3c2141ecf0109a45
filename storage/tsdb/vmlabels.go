package tsdb

import (
	"context"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/bytesutil"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/prompb"
	vmstorage "github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// seriesNames returns the names of the series that match, in the engine's form. Its time range counts in whole days.
func (v *vm) seriesNames(ctx context.Context, f filters, mint, maxt int64, limit int) ([]string, error) {
	v.refresh()
	v.mu.RLock()
	defer v.mu.RUnlock()
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
	v.refresh()
	v.mu.RLock()
	defer v.mu.RUnlock()
	names, err := v.s.SearchLabelNames(nil, f.list(), timeRange(mint, maxt), limit, limit*engineLimitFactor, deadline(ctx))
	if err != nil {
		return nil, searchError(ctx, err, limit)
	}
	return names, nil
}

func (v *vm) labelValues(ctx context.Context, name string, f filters, mint, maxt int64, limit int) ([]string, error) {
	v.refresh()
	v.mu.RLock()
	defer v.mu.RUnlock()
	values, err := v.s.SearchLabelValues(nil, name, f.list(), timeRange(mint, maxt), limit, limit*engineLimitFactor, deadline(ctx))
	if err != nil {
		return nil, searchError(ctx, err, limit)
	}
	return values, nil
}

// deleteSeries hides all series that match, for all time.
func (v *vm) deleteSeries(f filters, limit int) error {
	v.refresh()
	v.mu.RLock()
	defer v.mu.RUnlock()
	if _, err := v.s.DeleteSeries(nil, f.list(), limit); err != nil {
		return fmt.Errorf("delete series: %w", err)
	}
	return nil
}

// cardinality counts what the index of one day holds.
func (v *vm) cardinality(ctx context.Context, day time.Time, most int) (Cardinality, error) {
	const allLabels = 2000 // more names than any fleet has: their counts add up to the number of pairs
	v.refresh()
	date := uint64(day.UnixMilli() / (24 * time.Hour).Milliseconds())
	v.mu.RLock()
	defer v.mu.RUnlock()
	status, err := v.s.GetTSDBStatus(nil, nil, date, "", max(most, allLabels), maxSeries*engineLimitFactor, deadline(ctx))
	if err != nil {
		return Cardinality{}, searchError(ctx, err, maxSeries)
	}
	out := Cardinality{Series: status.TotalSeries}
	for _, e := range status.LabelValueCountByLabelName {
		out.LabelPairs += e.Count
	}
	counts := func(list []vmstorage.TopHeapEntry) []Count {
		list = list[:min(most, len(list))]
		top := make([]Count, len(list))
		for i, e := range list {
			top[i] = Count{e.Name, e.Count}
		}
		return top
	}
	out.SeriesByMetric = counts(status.SeriesCountByMetricName)
	out.ValuesByLabel = counts(status.LabelValueCountByLabelName)
	out.SeriesByPair = counts(status.SeriesCountByLabelValuePair)
	return out, nil
}

// decoder turns series names of the engine into labels; its buffers are reused.
type decoder struct {
	name    vmstorage.MetricName
	builder labels.ScratchBuilder
}

func (d *decoder) labels(name []byte) (seriesLabels, error) {
	if err := d.name.Unmarshal(name); err != nil {
		return seriesLabels{}, fmt.Errorf("decode series name: %w", err)
	}
	var s seriesLabels
	d.builder.Reset()
	d.builder.Add(model.MetricNameLabel, string(d.name.MetricGroup))
	for i := range d.name.Tags {
		key, value := d.name.Tags[i].Key, d.name.Tags[i].Value
		if string(key) == aggregateLabel {
			s.aggregate = string(value)
			continue
		}
		d.builder.Add(string(key), string(value))
	}
	d.builder.Sort()
	s.labels = d.builder.Labels()
	return s, nil
}

// A rollupNamer makes names for insert of the names that a search found; its buffers are reused.
type rollupNamer struct {
	name   vmstorage.MetricName
	base   []byte
	labels []prompb.Label
}

// read takes a name that a search found apart.
func (n *rollupNamer) read(name []byte) (aggregate string, err error) {
	if err := n.name.Unmarshal(name); err != nil {
		return "", fmt.Errorf("decode series name: %w", err)
	}
	aggregate = string(n.name.GetTagValue(aggregateLabel))
	n.name.RemoveTag(aggregateLabel)
	return aggregate, nil
}

// metric and series are the metric's name and the whole name, without the aggregate; valid until the next read.
func (n *rollupNamer) metric() []byte { return n.name.MetricGroup }

func (n *rollupNamer) series() []byte {
	n.base = n.name.Marshal(n.base[:0])
	return n.base
}

func (n *rollupNamer) target() string {
	tag := func(name string) string { return string(n.name.GetTagValue(name)) }
	return targetKey(tag("job"), tag("instance"), tag("server"))
}

// insertName appends the name as the engine wants it on insert. A label may follow.
func (n *rollupNamer) insertName(dst []byte) []byte {
	n.labels = append(n.labels[:0], prompb.Label{Name: nameLabel, Value: bytesutil.ToUnsafeString(n.name.MetricGroup)})
	for i := range n.name.Tags {
		t := &n.name.Tags[i]
		n.labels = append(n.labels, prompb.Label{Name: bytesutil.ToUnsafeString(t.Key), Value: bytesutil.ToUnsafeString(t.Value)})
	}
	return vmstorage.MarshalMetricNameRaw(dst, n.labels)
}
