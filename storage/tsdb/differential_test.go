package tsdb_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
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

// labelled is one series per strange value of a label.
func labelledSamples() []storage.Sample {
	at := hourStart.UnixMilli()
	out := []storage.Sample{sample("m", at, 1), sample("other", at, 2), sample(`{"m:rule.x"}`, at, 3)}
	for _, v := range []string{"a", "b", "ab", "aa", "A", "a.b", "a\nb", "\n", "^a", "a$", "a|b", "(a)", "ä", " a", "a ", `\`, `"`, "\x00", "\x01a", "a\x02b", ".*", ".+", "true", "10", "1e1", strings.Repeat("long", 500)} {
		s := sample("m", at, 4)
		s.Labels = append(s.Labels, storage.Label{Name: "x", Value: v})
		out = append(out, s)
		s.Labels = append(slices.Clone(s.Labels), storage.Label{Name: "y", Value: "1"})
		out = append(out, s)
	}
	return out
}

func TestMatchersEqualPrometheus(t *testing.T) {
	t.Parallel()
	p := newPair(t, labelledSamples())
	f := func(selector string) {
		t.Helper()
		checkSelector(t, p, selector)
	}
	f(`m`)
	f(`m{x=""}`)
	f(`m{x!=""}`)
	f(`m{x="a"}`)
	f(`m{x!="a"}`)
	f(`m{x=~""}`)
	f(`m{x!~""}`)
	f(`m{x=~".*"}`)
	f(`m{x!~".*"}`)
	f(`m{x=~".+"}`)
	f(`m{x!~".+"}`)
	f(`m{x=~"|a"}`)
	f(`m{x!~"|a"}`)
	f(`m{x=~"a|b|"}`)
	f(`m{x=~"a?"}`)
	f(`m{x!~"a?"}`)
	f(`m{x=~"a"}`)
	f(`m{x=~"^a$"}`)
	f(`m{x=~"^a"}`)
	f(`m{x=~"a$"}`)
	f(`m{x=~"\\^a"}`)
	f(`m{x=~"a\\$"}`)
	f(`m{x=~"a."}`)
	f(`m{x=~"a.b"}`)
	f(`m{x=~"a\\.b"}`)
	f(`m{x=~"a.*"}`)
	f(`m{x!~"a.*"}`)
	f(`m{x=~"a.+b"}`)
	f(`m{x=~".*b"}`)
	f(`m{x=~".*a.*"}`)
	f(`m{x=~".+a.+"}`)
	f(`m{x=~"(?i)a"}`)
	f(`m{x=~"(?i)a|b"}`)
	f(`m{x=~"(?i:a)b"}`)
	f(`m{x=~"[ab]"}`)
	f(`m{x=~"[ab]+"}`)
	f(`m{x=~"[^a]"}`)
	f(`m{x=~"a{2}"}`)
	f(`m{x=~"(a|b)(a|b)"}`)
	f(`m{x=~"a\\|b"}`)
	f(`m{x=~"\\(a\\)"}`)
	f(`m{x=~"ä|A"}`)
	f(`m{x=~"\\s?a\\s?"}`)
	f(`m{x=~"\\ba\\b"}`)
	f(`m{x=~"\n"}`)
	f(`m{x=~"."}`)
	f(`m{x=~"(?-s:.)"}`)
	f(`m{x=~"\\."}`)
	f(`m{x=~"\\.\\*"}`)
	f(`m{x=".*"}`)
	f(`m{x=~"\x00"}`)
	f(`m{x="\x01a"}`)
	f(`m{x=~"\x01."}`)
	f(`m{x=~"a\x02b|\\\\"}`)
	f(`m{x="\\"}`)
	f(`m{x="\""}`)
	f(`m{x=~"1(e|0).?"}`)
	f(`m{x=~"(long)+"}`)
	f(`m{x=~"a", x!~"a"}`)
	f(`m{x!="a", x!="b", y=""}`)
	f(`m{x=~"a|b|ab", y!=""}`)
	f(`m{y!="1"}`)
	f(`m{z=""}`)
	f(`m{z!=""}`)
	f(`m{z=~".*", x="a"}`)
	f(`{x="a"}`)
	f(`{x=~"a.*"}`)
	f(`{__name__="m"}`)
	f(`{__name__!="m", x="a"}`)
	f(`{__name__=~"m|other"}`)
	f(`{__name__=~"m.*"}`)
	f(`{__name__=~".*r"}`)
	f(`{__name__=~".+"}`)
	f(`{__name__=~"m:.+"}`)
	f(`{__name__=~"m:rule\\.x"}`)
	f(`{__name__=~".+\\.x"}`)
	f(`{__name__=~"^m$"}`)
	f(`{__name__!="", __name__!="m"}`)
	f(`{__name__!~"m", __name__!~"|x"}`)
	f(`{__name__=~"(?i)M"}`)
	f(`{__name__="m", __name__=~"m|n"}`)
	f(`{__name__="m", __name__="other"}`)
}

// TestRandomMatchersEqualPrometheus builds regular expressions from pieces that the storage engine rewrites.
func TestRandomMatchersEqualPrometheus(t *testing.T) {
	t.Parallel()
	p := newPair(t, labelledSamples())
	pieces := []string{"a", "b", "A", ".", ".*", ".+", "|", "(", ")", "(?:", "(?i)", "(?i:", "?", "*", "+", "^", "$", `\.`, `\$`, `\n`, "[ab]", "[^b]", "{2}", `\b`, "long", "ä", "(?s:.)", "(?m)", `\x00`, `\pL`}
	parses := parser.NewParser(parser.Options{})
	rapid.Check(t, func(r *rapid.T) {
		var list []string
		for range rapid.IntRange(1, 3).Draw(r, "matchers") {
			re := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6).Draw(r, "regexp"), "")
			op := rapid.SampledFrom([]string{"=~", "!~", "=", "!="}).Draw(r, "operator")
			list = append(list, rapid.SampledFrom([]string{"x", "y", "__name__"}).Draw(r, "label")+op+fmt.Sprintf("%q", re))
		}
		selector := "{" + strings.Join(list, ",") + "}"
		if rapid.Bool().Draw(r, "named") {
			selector = `{__name__="m",` + selector[1:]
		}
		if _, err := parses.ParseExpr(selector); err != nil {
			r.Skip()
		}
		checkSelector(r, p, selector)
	})
}

type failer interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
}

// checkSelector compares an instant query, the series, the label names and the values of x.
func checkSelector(t failer, p *pair, selector string) {
	t.Helper()
	ctx := contextOf(t)
	got, err := p.ours.Series(ctx, []string{selector}, hourStart, hourStart, 0)
	if err != nil {
		t.Fatal(selector, err)
	}
	ms, err := parser.NewParser(parser.Options{}).ParseMetricSelector(selector)
	if err != nil {
		t.Fatal(selector, err)
	}
	at := hourStart.UnixMilli()
	q, err := p.theirs.Querier(at, at)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	var want [][]storage.Label
	for set := q.Select(ctx, true, nil, ms...); set.Next(); {
		var one []storage.Label
		set.At().Labels().Range(func(l labels.Label) { one = append(one, storage.Label{Name: l.Name, Value: l.Value}) })
		want = append(want, one)
	}
	if len(got)+len(want) > 0 {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: series (- prometheus, + ours)\n%s", selector, d)
		}
	}
	if found := selected(t, p, ms); found != len(want) {
		t.Errorf("%s: Select finds %d series, prometheus %d", selector, found, len(want))
	}
	names, _, err := q.LabelNames(ctx, nil, ms...)
	compareStrings(t, selector+" label names", names, err)(p.ours.LabelNames(ctx, []string{selector}, hourStart, hourStart, 0))
	values, _, err := q.LabelValues(ctx, "x", nil, ms...)
	compareStrings(t, selector+" label values", values, err)(p.ours.LabelValues(ctx, "x", []string{selector}, hourStart, hourStart, 0))
}

func selected(t failer, p *pair, ms []*labels.Matcher) int {
	q, err := p.ours.Queryable().Querier(hourStart.UnixMilli(), hourStart.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	n := 0
	set := q.Select(contextOf(t), true, nil, ms...)
	prev := labels.EmptyLabels()
	for set.Next() {
		ls := set.At().Labels()
		if n > 0 && labels.Compare(prev, ls) >= 0 {
			t.Errorf("%v: %s follows %s", ms, ls, prev)
		}
		if it := set.At().Iterator(nil); it.Next() == 0 || it.AtT() != hourStart.UnixMilli() {
			t.Errorf("%v: %s has no sample", ms, ls)
		}
		prev = ls
		n++
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return n
}

func compareStrings(t failer, what string, want []string, err error) func([]string, error) {
	if err != nil {
		t.Fatal(what, err)
	}
	return func(got []string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(what, err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, prometheus has %q", what, got, want)
		}
	}
}
