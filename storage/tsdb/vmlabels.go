package tsdb

import (
	"context"
	"fmt"
	"time"

	vmstorage "github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/prometheus/prometheus/model/labels"
)

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

// cardinality counts what the index of one day holds.
func (v *vm) cardinality(ctx context.Context, day time.Time, most int) (Cardinality, error) {
	const allLabels = 2000 // more names than any fleet has: their counts add up to the number of pairs
	date := uint64(day.UnixMilli() / (24 * time.Hour).Milliseconds())
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
