package tsdb

import (
	"math"
	"strings"

	"github.com/prometheus/prometheus/model/value"

	"monitoring/storage"
)

// What the rollups hold. A window (end-resolution, end] of one series is at most five rows at its end, each a series with
// the label __agg__: gauges have avg and, where they differ from it, min and max; counters have inc. The number of samples
// is the same for nearly all series of a target, so the target has it once (__agg__="samples") and a series has a row of
// its own only where its number is another one.
type aggregation int8

const (
	aggAvg aggregation = iota
	aggMin
	aggMax
	aggInc // increase inside the window, with the step from the last sample before it
	aggCount
	aggregations
)

var aggregationNames = [aggregations]string{"avg", "min", "max", "inc", "count"}

const (
	// targetSamples is the aggregate of the series that says how many samples the series of a target had.
	targetSamples = "samples"
	// targetMetric names that series. It exists for every target anyway, so the index learns no new name.
	targetMetric = "up"
)

func aggregationOf(name string) (aggregation, bool) {
	for a, n := range aggregationNames {
		if n == name {
			return aggregation(a), true
		}
	}
	return 0, false
}

// targetKey tells targets apart.
func targetKey(job, instance, server string) string {
	if job == "" && instance == "" && server == "" {
		return ""
	}
	return job + "\xff" + instance + "\xff" + server
}

// targetLabels are the labels that targetKey was made of.
func targetLabels(key string) []storage.Label {
	parts := strings.Split(key, "\xff")
	return []storage.Label{{Name: "job", Value: parts[0]}, {Name: "instance", Value: parts[1]}, {Name: "server", Value: parts[2]}}
}

// aggregate is what one series did in one window.
type aggregate struct {
	counter       bool
	count         float64
	sum, min, max float64
	inc           float64
	first         float64 // sample, where samples are known
}

// addGauge takes n samples, of which mean, least and greatest are known.
func (a *aggregate) addGauge(n, mean, least, greatest float64) {
	if a.count == 0 {
		a.min, a.max = least, greatest
	}
	a.count += n
	a.sum += n * mean
	a.min, a.max = min(a.min, least), max(a.max, greatest)
}

// mean is rounded to what the window can tell, which makes it a third as large on disk: the error is below 1/20000 of the
// mean and of the spread.
func (a *aggregate) mean() float64 {
	if a.min == a.max {
		return a.min
	}
	mean := a.sum / a.count
	return min(max(roundTo(mean, min(a.max-a.min, math.Abs(mean))/1e4), a.min), a.max)
}

// increase is free of the noise that the difference of two large fractions has; whole numbers stay as they are.
func (a *aggregate) increase() float64 {
	if a.inc == math.Trunc(a.inc) {
		return a.inc
	}
	return roundTo(a.inc, a.inc/1e8)
}

// roundTo rounds to a multiple of the greatest power of ten that is not above unit.
func roundTo(v, unit float64) float64 {
	e := math.Floor(math.Log10(unit))
	if math.IsNaN(e) || math.Abs(e) > 300 {
		return v
	}
	if e < 0 {
		p := math.Pow(10, -e)
		return math.Round(v*p) / p
	}
	p := math.Pow(10, e)
	return math.Round(v/p) * p
}

// step is how much a counter grew from one sample to the next; a smaller value means that it began anew.
func step(before, now float64) float64 {
	if now < before {
		return now
	}
	return now - before
}

// addSamples takes the samples of one series that lie after start; earlier ones say where a counter stood. It reports
// whether there was one.
func (a *aggregate) addSamples(ts []int64, vs []float64, start int64) (continued bool) {
	before := 0.0
	for i, v := range vs {
		switch {
		case value.IsStaleNaN(v):
			continue
		case ts[i] <= start:
			continued = true
		default:
			if a.count == 0 {
				a.first = v
			}
			if continued || a.count > 0 {
				a.inc += step(before, v)
			}
			a.addGauge(1, v, v, v)
		}
		before = v
	}
	return continued
}

// isCounter decides how a metric is rolled up: by the TYPE that was scraped, else by its name.
func isCounter(metric, kind string) bool {
	switch kind {
	case "counter":
		return true
	case "gauge", "histogram", "summary": // the latter two name the family; under its bare name a summary has quantiles
		return false
	}
	for _, suffix := range []string{"_total", "_count", "_sum", "_bucket"} {
		if strings.HasSuffix(metric, suffix) {
			return true
		}
	}
	return false
}

// patterns are metric names; one that ends in * stands for all that begin so.
type patterns []string

func (p patterns) match(metric string) bool {
	for _, pattern := range p {
		prefix, wild := strings.CutSuffix(pattern, "*")
		if metric == pattern || wild && strings.HasPrefix(metric, prefix) {
			return true
		}
	}
	return false
}
