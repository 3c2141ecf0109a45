package tsdb_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"
	"pgregory.net/rapid"

	"monitoring/storage"
)

// The generated hour crosses midnight at a month's end: two day indexes and two partitions of the storage engine.
var hourStart = time.Date(2023, 11, 30, 23, 30, 0, 0, time.UTC)

const (
	scrapeStep = 15 * time.Second
	scrapes    = 240
)

var stale = math.Float64frombits(value.StaleNaN)

// fleetSamples makes counters with resets, gauges with gaps, histograms, vanished and late series.
func fleetSamples() []storage.Sample {
	r := rand.New(rand.NewPCG(1, 2))
	var out []storage.Sample
	add := func(series string, i int, v float64) {
		out = append(out, sample(series, hourStart.Add(time.Duration(i)*scrapeStep).UnixMilli(), v))
	}
	for server := range 4 {
		base := fmt.Sprintf(`job="node",server="%d"`, server)
		for cpu := range 2 {
			total := 0.0
			for i := range scrapes {
				if r.IntN(60) == 0 {
					total = 0 // restart
				}
				total += float64(r.IntN(1500)) / 100
				add(fmt.Sprintf(`cpu_seconds_total{cpu="%d",%s}`, cpu, base), i, math.Round(total*100)/100)
			}
		}
		for i := range scrapes {
			if i > 80 && i < 130 && server == 1 {
				continue // gap longer than the lookback
			}
			add(fmt.Sprintf(`load1{%s}`, base), i, float64(r.IntN(800))/100+float64(server)/1000) // no ties: topk may take either
		}
		for i := 100 * (server % 2); i < scrapes-60*(server/2); i++ {
			add(fmt.Sprintf(`temperature_celsius{sensor="s%d",%s}`, server, base), i, float64(r.IntN(900)-200)/10)
		}
		if server >= 2 {
			add(fmt.Sprintf(`temperature_celsius{sensor="s%d",%s}`, server, base), scrapes-60, stale)
		}
		for i := range scrapes {
			count := 0
			for _, le := range []string{"0.1", "1", "10", "+Inf"} {
				count += i * (server + 1)
				add(fmt.Sprintf(`latency_seconds_bucket{le="%s",%s}`, le, base), i, float64(count+i*i/10))
			}
		}
	}
	return out
}

func TestQueriesEqualPrometheus(t *testing.T) {
	t.Parallel()
	p := newPair(t, fleetSamples())
	end := hourStart.Add(scrapes * scrapeStep)
	f := func(expr string) {
		t.Helper()
		for _, at := range []time.Time{hourStart, hourStart.Add(29 * time.Minute), hourStart.Add(45*time.Minute + time.Millisecond), end, end.Add(7 * time.Minute)} {
			if d := p.check(t, query{expr: expr, from: at}); d != "" {
				t.Error(d)
			}
		}
		for _, step := range []time.Duration{7 * time.Second, time.Minute, 10 * time.Minute} {
			if d := p.check(t, query{expr, hourStart.Add(-3 * time.Minute), end.Add(6 * time.Minute), step}); d != "" {
				t.Error(d)
			}
		}
	}
	f(`load1`)
	f(`{__name__=~"load.|cpu_.*"}`)
	f(`rate(cpu_seconds_total[5m])`)
	f(`irate(cpu_seconds_total[1m])`)
	f(`increase(cpu_seconds_total[10m]) > 100`)
	f(`resets(cpu_seconds_total[30m])`)
	f(`changes(temperature_celsius[10m])`)
	f(`delta(temperature_celsius[10m])`)
	f(`deriv(load1[10m])`)
	f(`predict_linear(load1[10m], 600)`)
	f(`avg_over_time(load1[3m])`)
	f(`min_over_time(load1[3m])`)
	f(`max_over_time(temperature_celsius[3m])`)
	f(`sum_over_time(load1[3m])`)
	f(`count_over_time(temperature_celsius[3m])`)
	f(`last_over_time(temperature_celsius[3m])`)
	f(`present_over_time(temperature_celsius[3m])`)
	f(`absent_over_time(temperature_celsius{server="2"}[3m])`)
	f(`quantile_over_time(0.9, load1[5m])`)
	f(`stddev_over_time(load1[5m])`)
	f(`sum by (server) (rate(cpu_seconds_total[5m]))`)
	f(`sum without (cpu, job) (cpu_seconds_total)`)
	f(`topk(2, load1)`)
	f(`count_values("v", temperature_celsius > bool 0)`)
	f(`histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))`)
	f(`histogram_quantile(0.5, latency_seconds_bucket)`)
	f(`load1 offset 10m`)
	f(`load1 offset -10m`)
	f(`load1 @ 1701387900`)
	f(`rate(cpu_seconds_total[5m] @ end())`)
	f(`rate(cpu_seconds_total[5m] @ start() offset -5m)`)
	f(`max_over_time(rate(cpu_seconds_total[1m])[10m:30s])`)
	f(`sum_over_time(load1[10m:1m] offset 2m)`)
	f(`max_over_time(load1[10m:])`)
	f(`absent(load1{server="9"})`)
	f(`absent(temperature_celsius{sensor="s3"})`)
	f(`load1 / on (server) group_left (sensor) temperature_celsius`)
	f(`load1 and on (server) temperature_celsius > 20`)
	f(`load1 unless temperature_celsius`)
	f(`label_replace(load1, "x", "$1", "server", "(.*)")`)
	f(`timestamp(load1)`)
	f(`scalar(sum(load1)) + 1`)
	f(`time()`)
	f(`vector(1) or load1`)
	f(`sort_desc(load1)`)
	f(`clamp_max(load1, 2)`)
	f(`load1 ^ 0.5 - 1`)
	f(`group by (job) ({job="node"})`)
	f(`rate(load1[10s])`)
	f(`sum(rate(cpu_seconds_total))`)
	f(`nothing_here`)
}

var randomFunctions = []string{"rate", "increase", "irate", "idelta", "delta", "changes", "resets", "avg_over_time", "min_over_time", "max_over_time", "sum_over_time",
	"count_over_time", "last_over_time", "present_over_time", "absent_over_time"}

// TestRandomQueriesEqualPrometheus asks both for expressions made of random selectors, functions, modifiers and aggregations.
func TestRandomQueriesEqualPrometheus(t *testing.T) {
	t.Parallel()
	p := newPair(t, fleetSamples())
	rapid.Check(t, func(r *rapid.T) {
		q := query{expr: randomExpr(r), from: hourStart.Add(time.Duration(rapid.IntRange(-600, 4500).Draw(r, "from")) * time.Second)}
		if rapid.Bool().Draw(r, "range") {
			q.to = q.from.Add(time.Duration(rapid.IntRange(0, 3000).Draw(r, "length")) * time.Second)
			q.step = time.Duration(rapid.IntRange(1, 600).Draw(r, "step")) * time.Second
		}
		if d := p.check(t, q); d != "" {
			r.Fatal(d)
		}
	})
}

func randomExpr(r *rapid.T) string {
	selector := rapid.SampledFrom([]string{`load1`, `cpu_seconds_total`, `temperature_celsius`, `latency_seconds_bucket`, `{job="node"}`}).Draw(r, "metric")
	if m := rapid.SampledFrom([]string{``, `server="1"`, `server!="1"`, `server=~"1|2"`, `server=~"[23]"`, `server!~"0.*"`, `cpu=""`, `sensor!=""`, `le=~".+"`, `server=~"9"`}).Draw(r, "matcher"); m != "" {
		selector = strings.Replace(selector+"{"+m+"}", `"}{`, `",`, 1)
	}
	length := fmt.Sprintf("%ds", rapid.IntRange(1, 1200).Draw(r, "length"))
	modifier := rapid.SampledFrom([]string{``, ` offset 3m`, ` offset -2m`, ` @ 1701388000`, ` @ end()`, ` @ start() offset 1m`}).Draw(r, "modifier")
	var expr string
	switch rapid.IntRange(0, 3).Draw(r, "kind") {
	case 0:
		expr = selector + modifier
	case 1:
		expr = fmt.Sprintf("%s(%s[%s]%s)", rapid.SampledFrom(randomFunctions).Draw(r, "function"), selector, length, modifier)
	case 2:
		expr = fmt.Sprintf("%s(%s[%s:%ds]%s)", rapid.SampledFrom(randomFunctions).Draw(r, "function"), selector, length, rapid.IntRange(1, 90).Draw(r, "substep"), modifier)
	case 3:
		expr = fmt.Sprintf("max_over_time(rate(%s[%s])[5m:40s]%s)", selector, length, modifier)
	}
	switch rapid.SampledFrom([]string{``, ``, `sum by (server)`, `avg`, `count by (__name__)`, `max without (cpu)`, `absent`, `histogram_quantile`}).Draw(r, "aggregation") {
	case `sum by (server)`:
		return "sum by (server) (" + expr + ")"
	case `avg`:
		return "avg(" + expr + ")"
	case `count by (__name__)`:
		return "count by (__name__) (" + expr + ")"
	case `max without (cpu)`:
		return "max without (cpu) (" + expr + ")"
	case `absent`:
		return "absent(" + expr + ")"
	case `histogram_quantile`:
		return "histogram_quantile(0.7, " + expr + ")"
	}
	return expr
}
