package dashboards

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func shipped(t *testing.T) Pages {
	t.Helper()
	pages, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) == 0 {
		t.Fatal("no page is shipped")
	}
	return pages
}

// eachQuery calls f for every query of every shipped page, filled in and parsed.
func eachQuery(t *testing.T, f func(where string, expr parser.Expr)) {
	t.Helper()
	promql := parser.NewParser(parser.Options{})
	for _, page := range shipped(t) {
		for _, chart := range page.Charts {
			for _, series := range chart.Series {
				for _, query := range series.Exprs() {
					where := page.Page + "/" + chart.ID + "/" + series.Name
					expr, err := promql.ParseExpr(Expand(query, 7, time.Minute))
					if err != nil {
						t.Errorf("%s: %v", where, err)
						continue
					}
					f(where, expr)
				}
			}
		}
	}
}

// A selector without the server would mix machines; one without a range would bridge gaps by the 5 min lookback.
func TestQueriesNameTheServerAndReadRanges(t *testing.T) {
	t.Parallel()
	eachQuery(t, func(where string, expr parser.Expr) {
		parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
			selector, ok := node.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			named := false
			for _, m := range selector.LabelMatchers {
				named = named || m.Name == "server" && m.Type == labels.MatchEqual && m.Value == "7"
			}
			if !named {
				t.Errorf("%s: %s does not name the server", where, selector)
			}
			matrix, ok := path[len(path)-1].(*parser.MatrixSelector)
			if !ok || matrix.Range != time.Minute {
				t.Errorf("%s: %s is not read over one step", where, selector)
			}
			return nil
		})
	})
}

// exported are the metric names that the agent's own tests hold to be on its page.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	name := regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*`)
	names := make(map[string]bool)
	for _, file := range []string{"page.golden", "node_exporter_full.txt"} {
		text, err := os.ReadFile(filepath.Join("..", "agent", "collector", "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			names[name.FindString(line)] = true
		}
	}
	return names
}

func TestQueriesNameMetricsOfTheAgent(t *testing.T) {
	t.Parallel()
	known := exported(t)
	eachQuery(t, func(where string, expr parser.Expr) {
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			if s, ok := node.(*parser.VectorSelector); ok && !known[s.Name] {
				t.Errorf("%s: no collector exports %s", where, s.Name)
			}
			return nil
		})
	})
}

// Min and max belong to the line of the mean, so they are the same kind of reading as it.
func TestBandsUseTheirOwnFunction(t *testing.T) {
	t.Parallel()
	f := func(chart, query, function string) {
		t.Helper()
		if query != "" && !strings.Contains(query, function+"(") {
			t.Errorf("%s: %q does not use %s", chart, query, function)
		}
	}
	for _, page := range shipped(t) {
		for _, c := range page.Charts {
			for _, s := range c.Series {
				f(c.ID, s.Mean, "avg_over_time")
				f(c.ID, s.Min, "min_over_time")
				f(c.ID, s.Max, "max_over_time")
			}
		}
	}
}

func TestServerPage(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(shipped(t)["server"], "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "server.golden.json")
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("what the UI is told has changed; run with -update if that is meant:\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"page":"p","charts":[{"id":"a","title":{"en":"A","ru":"А"},"unit":"percent","kind":"line","series":[{"name":"s","title":{"en":"s","ru":"с"},"mean":"avg_over_time(x{$server}[$step])"}]}]}`
	if _, err := Parse([]byte(good)); err != nil {
		t.Fatalf("the starting point is refused: %v", err)
	}
	f := func(old, new, wantErr string) {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the starting point", old)
		}
		_, err := Parse([]byte(strings.Replace(good, old, new, 1)))
		if err == nil || !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s -> %s: error %v, want one with %q", old, new, err, wantErr)
		}
	}
	f(`{"page"`, `["page"`, "read page")
	f(`"unit":`, `"colour":"red","unit":`, `unknown field "colour"`)
	f(`"p"`, `"P 1"`, "small letters")
	f(`"id":"a"`, `"id":"A b"`, "id must match")
	f(`"ru":"А"`, `"ru":""`, "title needs en and ru")
	f(`"percent"`, `"furlongs"`, `unit "furlongs"`)
	f(`"line"`, `"pie"`, `kind "pie"`)
	f(`"line"`, `"line","mirror":true`, "mirror needs")
	f(`"line"`, `"heat"`, "legend must name")
	f(`"line"`, `"line","limits":{"warn":90,"crit":80}`, "warn must be below crit")
	f(`"line"`, `"line","max_fixed":0`, "max_fixed must be positive")
	f(`"name":"s"`, `"name":""`, "name must match")
	f(`"en":"s"`, `"en":""`, "title needs en and ru")
	f(`"mean"`, `"max"`, "mean is missing")
	f(`[$step]`, `[5m]`, "must use $server and [$step]")
	f(`$server`, ``, "must use $server and [$step]")
	f(`"series":[`, `"series":[],"series_":[`, "unknown field")
	series := good[strings.Index(good, `{"name"`):strings.LastIndex(good, `]}]}`)]
	f(series, ``, "needs 1 to 3 series")
	f(series, series+","+series, "there are two")
	chart := good[strings.Index(good, `{"id"`):strings.LastIndex(good, `]}`)]
	f(chart, chart+","+chart, `chart "a": there are two`)
}

func TestLoadWantsThePageNamedLikeItsFile(t *testing.T) {
	t.Parallel()
	dir := fstest.MapFS{"one.json": {Data: []byte(`{"page":"two","charts":[]}`)}}
	if _, err := load(dir); err == nil || !strings.Contains(err.Error(), "named like its file") {
		t.Errorf("error %v", err)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	f := func(expr string, server int64, step time.Duration, want string) {
		t.Helper()
		if got := Expand(expr, server, step); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(`avg_over_time(x{$server}[$step])`, 12, 10*time.Second, `avg_over_time(x{server="12"}[10000ms])`)
	f(`a{$server,b="c"} / d{$server}`, 3, time.Hour, `a{server="3",b="c"} / d{server="3"}`)
}

func TestLegendOf(t *testing.T) {
	t.Parallel()
	f := func(legend, want string) {
		t.Helper()
		values := map[string]string{"device": "eth0", "path": "{{device}}"}
		if got := (Series{Legend: legend}).LegendOf(func(l string) string { return values[l] }); got != want {
			t.Errorf("%q: got %q, want %q", legend, got, want)
		}
	}
	f("", "")
	f("{{device}}", "eth0")
	f("{{ device }} in", "eth0 in")
	f("{{nothing}}", "")
	f("{{path}}", "{{device}}") // a label's value is not a template
}
