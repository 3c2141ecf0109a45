package tsdb

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/value"

	"monitoring/storage"
)

const (
	nameLabel = model.MetricNameLabel
	// aggregateLabel tells the rollups of one series apart; nobody else may use it.
	aggregateLabel = "__agg__"
	// maxSeriesBytes bounds all names and values of one series together: the engine's index holds at most 64 KiB per entry.
	maxSeriesBytes = 16 << 10
)

// staleMarker is the NaN that ends a series.
var staleMarker = math.Float64frombits(value.StaleNaN)

func isOrdinaryNaN(v float64) bool { return math.IsNaN(v) && !value.IsStaleNaN(v) }

// checkSample reports why a sample cannot be stored, as a *SampleError.
func checkSample(s *storage.Sample, b bounds) error {
	bad := func(reason string) error { return &SampleError{seriesText(s.Labels), s.Time, reason} }
	if s.Time < b.min {
		return bad("older than the retention, give a later time")
	}
	if s.Time > b.max {
		return bad("more than two days in the future, check the clock")
	}
	if reason := checkLabels(s.Labels); reason != "" {
		return bad(reason)
	}
	return nil
}

// checkLabels returns what is wrong with a series' labels, "" when nothing is.
func checkLabels(ls []storage.Label) string {
	size, named := 0, false
	for i, l := range ls {
		switch {
		case l.Name == "":
			return "a label has no name"
		case l.Name == aggregateLabel:
			return "the label " + aggregateLabel + " is reserved for rollups"
		case !utf8.ValidString(l.Name) || !utf8.ValidString(l.Value):
			return fmt.Sprintf("label %q is not valid UTF-8", l.Name)
		}
		for _, other := range ls[:i] {
			if other.Name == l.Name {
				return fmt.Sprintf("label %q is given twice", l.Name)
			}
		}
		named = named || l.Name == nameLabel && l.Value != ""
		size += len(l.Name) + len(l.Value)
	}
	if !named {
		return "give the metric name in the label __name__"
	}
	if size > maxSeriesBytes {
		return fmt.Sprintf("the labels take %d bytes, at most %d are allowed", size, maxSeriesBytes)
	}
	return ""
}

// seriesText writes labels as PromQL does, cut to a length that fits a log line.
func seriesText(ls []storage.Label) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, l := range ls {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(l.Name + "=" + strconv.Quote(l.Value))
	}
	b.WriteByte('}')
	const limit = 300
	if s := b.String(); len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "") + "..."
	}
	return b.String()
}
