package rules

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"monitoring/panel/alerts/ruletest"
)

var promql = parser.NewParser(parser.Options{})

func parse(t *testing.T, name string, data []byte) *rulefmt.RuleGroups {
	t.Helper()
	groups, errs := rulefmt.Parse(data, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatalf("%s: %v", name, errs)
	}
	return groups
}

func tests(t *testing.T, name string) *ruletest.File {
	t.Helper()
	f, err := ruletest.Load(strings.TrimSuffix(name, ".yml") + testSuffix)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every rule has its texts in both languages, a severity, and tests that see it fire and see it quiet.
func TestEveryRuleIsCompleteAndTested(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for name, data := range Files() {
		fires, quiet := map[string]bool{}, map[string]bool{}
		for _, test := range tests(t, name).Tests {
			last := map[string]bool{}
			for _, c := range test.AlertRuleTests {
				fires[c.Alertname] = fires[c.Alertname] || len(c.ExpAlerts) > 0
				last[c.Alertname] = len(c.ExpAlerts) == 0
			}
			for alert, resolved := range last {
				quiet[alert] = quiet[alert] || resolved && fires[alert]
			}
			for _, c := range test.AlertRuleTests {
				for _, a := range c.ExpAlerts {
					if len(c.ExpAlerts) != 1 || len(a.Annotations) == 0 {
						t.Errorf("%s: %s: one firing series with its texts, beside quiet ones", name, test.Name)
					}
				}
			}
		}
		for _, group := range parse(t, name, data).Groups {
			for _, r := range group.Rules {
				if r.Alert == "" {
					continue
				}
				if seen[r.Alert] {
					t.Errorf("two rules are called %s", r.Alert)
				}
				seen[r.Alert] = true
				if !fires[r.Alert] || !quiet[r.Alert] {
					t.Errorf("%s: %s needs a test in which it fires and then resolves", name, r.Alert)
				}
				if got := slices.Sorted(maps.Keys(r.Annotations)); !slices.Equal(got, []string{"description", "description_ru", "summary", "summary_ru"}) {
					t.Errorf("%s: %s has the annotations %v", name, r.Alert, got)
				}
				if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
					t.Errorf("%s: %s has the severity %q", name, r.Alert, r.Labels["severity"])
				}
			}
		}
	}
	if len(seen) < 25 {
		t.Errorf("only %d rules", len(seen))
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	for name := range Files() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := tests(t, name)
			paths, err := f.Rules()
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Run(t.Context(), paths); err != nil {
				t.Error(err)
			}
		})
	}
}

// The tests see a threshold that is moved by a tenth, up or down.
func TestThresholdsAreTested(t *testing.T) {
	t.Parallel()
	for name, data := range Files() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for alert, exprs := range mutants(t, parse(t, name, data)) {
				f := tests(t, name)
				f.Tests = slices.DeleteFunc(f.Tests, func(test ruletest.Test) bool { return !strings.HasPrefix(test.Name, alert+" ") })
				for _, expr := range exprs {
					if err := f.Run(t.Context(), []string{mutated(t, name, data, alert, expr)}); err == nil {
						t.Errorf("%s: the tests pass with %s", alert, expr)
					}
				}
			}
		})
	}
}

// mutants returns the expressions of each alert with one threshold moved. A threshold is a number other than 0 on the
// right of an ordering.
func mutants(t *testing.T, groups *rulefmt.RuleGroups) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, group := range groups.Groups {
		for _, r := range group.Rules {
			if r.Alert == "" {
				continue
			}
			expr, err := promql.ParseExpr(r.Expr)
			if err != nil {
				t.Fatal(err)
			}
			parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
				b, ok := node.(*parser.BinaryExpr)
				if !ok || !slices.Contains([]parser.ItemType{parser.GTR, parser.LSS, parser.GTE, parser.LTE}, b.Op) {
					return nil
				}
				if n, ok := b.RHS.(*parser.NumberLiteral); ok && n.Val != 0 {
					was := n.Val
					for _, factor := range []float64{0.9, 1.1} {
						n.Val = was * factor
						out[r.Alert] = append(out[r.Alert], expr.String())
					}
					n.Val = was
				}
				return nil
			})
		}
	}
	return out
}

// mutated writes the rule file with another expression for one alert.
func mutated(t *testing.T, name string, data []byte, alert, expr string) string {
	t.Helper()
	groups := parse(t, name, data)
	for _, group := range groups.Groups {
		for i := range group.Rules {
			if group.Rules[i].Alert == alert {
				group.Rules[i].Expr = expr
			}
		}
	}
	text, err := yaml.Marshal(groups)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%s.yml", alert))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A rule over a metric that no agent exports would keep quiet for ever.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	exported := map[string]bool{"up": true}
	for _, file := range []string{"page.golden", "node_exporter_full.txt", "haproxy/page.golden", "../../control/testdata/metrics.golden"} { // ours, and those of node_exporter that a test sees
		page, err := os.ReadFile("../agent/collector/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(page)) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			name, _, _ = strings.Cut(name, "{")
			exported[name] = true
		}
	}
	for name, data := range Files() {
		groups := parse(t, name, data).Groups
		for _, group := range groups {
			for _, r := range group.Rules {
				exported[r.Record] = true
			}
		}
		for _, group := range groups {
			for _, r := range group.Rules {
				expr, err := promql.ParseExpr(r.Expr)
				if err != nil {
					t.Fatal(err)
				}
				parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
					own := func(n string) bool { return strings.HasPrefix(n, "panel_") || strings.HasPrefix(n, "prometheus_") }
					if v, ok := node.(*parser.VectorSelector); ok && !exported[v.Name] && !own(v.Name) {
						t.Errorf("%s: no agent exports %s", name, v.Name)
					}
					return nil
				})
			}
		}
	}
}
