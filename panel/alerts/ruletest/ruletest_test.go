package ruletest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const rule = `groups:
- name: g
  rules:
  - record: doubled
    expr: 2 * m
  - alert: High
    expr: doubled > 10
    for: 2m
    annotations: {summary: 'it is {{ $value }}'}
`

// write puts a rule file and its tests into a directory and returns the tests' path.
func write(t *testing.T, tests string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"r.yml": rule, "broken.yml": "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(\n", "t.yml": tests} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "t.yml")
}

func run(t *testing.T, path string) error {
	t.Helper()
	f, err := Load(path)
	if err != nil {
		return err
	}
	paths, err := f.Rules()
	if err != nil {
		return err
	}
	return f.Run(t.Context(), paths)
}

// Our verdict, and that of the real promtool.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	const head = "rule_files: [r.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series: [{series: 'm{a=\"1\"}', values: '1x3 6x10'}]\n"
	const firing = "  - {eval_time: 6m, alertname: High, exp_alerts: [{exp_labels: {a: 1}, exp_annotations: {summary: it is 12}}]}\n"
	f := func(tests, wantError string) {
		t.Helper()
		path := write(t, tests)
		err := run(t, path)
		if (err == nil) != (wantError == "") || err != nil && !strings.Contains(err.Error(), wantError) {
			t.Errorf("error %v, want %q", err, wantError)
		}
		if out, promtool := exec.CommandContext(t.Context(), "promtool", "test", "rules", path).CombinedOutput(); (promtool == nil) != (err == nil) {
			t.Errorf("promtool says %v, we say %v\n%s", promtool, err, out)
		}
	}
	f(head+"  alert_rule_test:\n"+firing, "")
	f(head+"  alert_rule_test:\n  - {eval_time: 5m, alertname: High}\n"+firing, "")
	f(head+"  alert_rule_test:\n  - {eval_time: 6m, alertname: High}\n", "High at 6m0s")
	f(head+"  alert_rule_test:\n"+strings.Replace(firing, "12", "13", 1), "it is 13")
	f(head+"  alert_rule_test:\n"+strings.Replace(firing, "a: 1", "a: 2", 1), `a="2"`)
	f(head+"  promql_expr_test:\n  - {expr: doubled, eval_time: 3m, exp_samples: [{labels: 'doubled{a=\"1\"}', value: 2}]}\n", "")
	f(head+"  promql_expr_test:\n  - {expr: doubled, eval_time: 3m, exp_samples: [{labels: 'doubled{a=\"1\"}', value: 3}]}\n", "expected\n")
	f(head+"  promql_expr_test:\n  - {expr: ALERTS, eval_time: 4m, exp_samples: [{labels: 'ALERTS{a=\"1\", alertname=\"High\", alertstate=\"pending\"}', value: 1}]}\n", "")
	f(head+"  promql_expr_test:\n  - {expr: 'sum(', eval_time: 3m}\n", "parse error")
	f(strings.Replace(head, "r.yml", "broken.yml", 1)+"  alert_rule_test:\n"+firing, "broken.yml")
	f(strings.Replace(head, "1x3 6x10", "1xx", 1)+"  alert_rule_test:\n"+firing, "input_series")
	f(strings.Replace(head, "interval: 1m\n  input", "intervall: 1m\n  input", 1), "intervall")
}

// What promtool lets pass, or does not end.
func TestMistakes(t *testing.T) {
	t.Parallel()
	f := func(tests, wantError string) {
		t.Helper()
		if err := run(t, write(t, tests)); err == nil || !strings.Contains(err.Error(), wantError) {
			t.Errorf("error %v, want %q", err, wantError)
		}
	}
	f("rule_files: [none.yml]\ntests: []\n", "no file is called")
	f("rule_files: [r.yml]\ntests:\n- {input_series: []}\n", "interval")
	f("rule_files: [r.yml]\ntests:\n- {interval: 1m, alert_rule_test: [{eval_time: 1000d, alertname: High}]}\n", "evaluations away")
}
