package alerts

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	promstorage "github.com/prometheus/prometheus/storage"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// appendable lets rules write what they record, and their ALERTS, into the database.
type appendable struct{ db *tsdb.DB }

func (a appendable) Appender(context.Context) promstorage.Appender { return &appender{db: a.db} }

// appender collects the samples of one rule until Commit.
type appender struct {
	db      *tsdb.DB
	samples []storage.Sample
}

var errFloatsOnly = errors.New("the database stores plain numbers only")

func (a *appender) Append(_ promstorage.SeriesRef, ls labels.Labels, t int64, v float64) (promstorage.SeriesRef, error) {
	out := make([]storage.Label, 0, ls.Len())
	ls.Range(func(l labels.Label) { out = append(out, storage.Label{Name: l.Name, Value: l.Value}) })
	a.samples = append(a.samples, storage.Sample{Labels: out, Time: t, Value: v})
	return 0, nil
}

func (a *appender) Commit() error {
	if len(a.samples) == 0 {
		return nil
	}
	return a.db.Append(a.samples)
}

func (a *appender) Rollback() error {
	a.samples = nil
	return nil
}

func (a *appender) SetOptions(*promstorage.AppendOptions) {}

func (a *appender) AppendExemplar(promstorage.SeriesRef, labels.Labels, exemplar.Exemplar) (promstorage.SeriesRef, error) {
	return 0, nil
}

func (a *appender) AppendHistogram(promstorage.SeriesRef, labels.Labels, int64, *histogram.Histogram, *histogram.FloatHistogram) (promstorage.SeriesRef, error) {
	return 0, errFloatsOnly
}

func (a *appender) AppendHistogramSTZeroSample(promstorage.SeriesRef, labels.Labels, int64, int64, *histogram.Histogram, *histogram.FloatHistogram) (promstorage.SeriesRef, error) {
	return 0, errFloatsOnly
}

func (a *appender) AppendSTZeroSample(promstorage.SeriesRef, labels.Labels, int64, int64) (promstorage.SeriesRef, error) {
	return 0, nil
}

func (a *appender) UpdateMetadata(promstorage.SeriesRef, labels.Labels, metadata.Metadata) (promstorage.SeriesRef, error) {
	return 0, nil
}
