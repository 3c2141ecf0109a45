package promapi

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// federateLookback is how old the newest sample of a series may be, as in an instant query.
const federateLookback = 5 * time.Minute

// sampleNow is the newest sample of one series.
type sampleNow struct {
	labels labels.Labels
	ms     int64
	value  float64
}

// federate answers the newest samples of the matching series in an exposition format, for a Prometheus that scrapes us.
// Its errors are plain text, as Prometheus' are.
func (s *Service) federate(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		http.Error(w, fmt.Sprintf("error parsing form values: %v", err), http.StatusBadRequest)
		return nil
	}
	sets, err := s.parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil
	}
	samples, err := s.newest(r.Context(), sets)
	if err != nil {
		s.failPlain(w, r, err)
		return nil
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...)
	w.Header().Set("Content-Type", string(format))
	enc := expfmt.NewEncoder(w, format)
	for family := range families(samples) {
		if err := enc.Encode(family); err != nil {
			return nil // the client has gone
		}
	}
	return nil
}

// failPlain answers an error as text.
func (s *Service) failPlain(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	if k := kindOf(err); k != execution { // Prometheus' own status there is 500
		status = statusOf[k]
	}
	if status == http.StatusInternalServerError {
		s.log.Error("answer Prometheus API", "path", r.URL.Path, "err", err)
	}
	http.Error(w, err.Error(), status)
}

// newest returns the newest sample of every series that matches a selector, each series once, sorted by name and labels.
func (s *Service) newest(ctx context.Context, sets [][]*labels.Matcher) ([]sampleNow, error) {
	now := time.Now()
	var out []sampleNow
	err := s.db.Read(ctx, now.Add(-federateLookback), now, func(ctx context.Context, q promstorage.Querier) error {
		var it chunkenc.Iterator
		for _, set := range sets {
			found := q.Select(ctx, false, nil, set...)
			for found.Next() {
				series := found.At()
				it = series.Iterator(it)
				last := sampleNow{labels: series.Labels()}
				for it.Next() == chunkenc.ValFloat {
					last.ms, last.value = it.At()
				}
				if err := it.Err(); err != nil {
					return err
				}
				if last.ms > 0 && !value.IsStaleNaN(last.value) {
					out = append(out, last)
				}
			}
			if err := found.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b sampleNow) int {
		if byName := strings.Compare(a.labels.Get(model.MetricNameLabel), b.labels.Get(model.MetricNameLabel)); byName != 0 {
			return byName
		}
		return labels.Compare(a.labels, b.labels)
	})
	return slices.CompactFunc(out, func(a, b sampleNow) bool { return labels.Equal(a.labels, b.labels) }), err
}

// families groups samples that are sorted by name. A sample without an instance gets an empty one, so that the scraper's
// own label does not take its place.
func families(samples []sampleNow) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		var family *dto.MetricFamily
		for _, s := range samples {
			name := s.labels.Get(model.MetricNameLabel)
			if name == "" {
				continue
			}
			if family != nil && family.GetName() != name {
				if !yield(family) {
					return
				}
				family = nil
			}
			if family == nil {
				family = &dto.MetricFamily{Name: &name, Type: dto.MetricType_UNTYPED.Enum()}
			}
			family.Metric = append(family.Metric, &dto.Metric{
				Label: pairs(s.labels), TimestampMs: &s.ms, Untyped: &dto.Untyped{Value: &s.value},
			})
		}
		if family != nil {
			yield(family)
		}
	}
}

func pairs(set labels.Labels) []*dto.LabelPair {
	var out []*dto.LabelPair
	set.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			out = append(out, &dto.LabelPair{Name: new(l.Name), Value: new(l.Value)})
		}
	})
	if set.Get("instance") == "" {
		out = append(out, &dto.LabelPair{Name: new("instance"), Value: new("")})
	}
	return out
}
