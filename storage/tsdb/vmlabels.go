package tsdb

import (
	"context"
	"fmt"

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
