package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The exit codes and the verdicts are promtool's.
func TestRulesCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.yml":   "groups:\n- name: g\n  rules:\n  - record: doubled\n    expr: 2 * m\n  - alert: High\n    expr: doubled > 10\n",
		"broken.yml": "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(\n",
		"field.yml":  "groups:\n- name: g\n  rules:\n  - alert: A\n    exrp: up\n",
		"twice.yml":  "groups:\n- name: g\n  rules:\n  - {record: a, expr: up}\n  - {record: a, expr: up, labels: {}}\n",
		"pass.yml":   "rule_files: [good.yml]\ntests:\n- interval: 1m\n  input_series: [{series: m, values: '6x5'}]\n  alert_rule_test: [{eval_time: 2m, alertname: High, exp_alerts: [{}]}]\n",
		"fail.yml":   "rule_files: [good.yml]\ntests:\n- interval: 1m\n  input_series: [{series: m, values: '6x5'}]\n  alert_rule_test: [{eval_time: 2m, alertname: High}]\n",
		"orphan.yml": "rule_files: [broken.yml]\ntests:\n- interval: 1m\n  alert_rule_test: [{eval_time: 2m, alertname: A}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := func(ok bool, verb string, names ...string) {
		t.Helper()
		var paths []string
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		var stdout, stderr bytes.Buffer
		err := run(context.Background(), program{args: append([]string{"rules", verb}, paths...), stdout: &stdout, stderr: &stderr})
		if (err == nil) != ok {
			t.Errorf("%s %v: %v\n%s%s", verb, names, err, &stdout, &stderr)
		}
		theirs := exec.CommandContext(t.Context(), "promtool", append([]string{verb, "rules"}, paths...)...)
		out, terr := theirs.Output()
		if (terr == nil) != ok {
			t.Errorf("%s %v: promtool says %v\n%s", verb, names, terr, out)
		}
		a, b := strings.Fields(stdout.String()), strings.Fields(string(out))
		if strings.Join(a, " ") != strings.Join(b, " ") {
			t.Errorf("%s %v: we print\n%s\npromtool prints\n%s", verb, names, &stdout, out)
		}
		if !ok && !strings.Contains(stderr.String(), "FAILED:") {
			t.Errorf("%s %v: stderr %s", verb, names, &stderr)
		}
	}
	f(true, "check", "good.yml")
	f(false, "check", "broken.yml")
	f(false, "check", "field.yml")
	f(false, "check", "good.yml", "broken.yml", "good.yml")
	f(true, "check", "twice.yml")
	f(true, "test", "pass.yml")
	f(false, "test", "fail.yml")
	f(false, "test", "pass.yml", "fail.yml")
	f(false, "test", "orphan.yml")
	var stderr bytes.Buffer
	if err := run(context.Background(), program{args: []string{"rules", "check", filepath.Join(dir, "none.yml")}, stdout: &stderr, stderr: &stderr}); err == nil || !strings.Contains(stderr.String(), "no such file") {
		t.Errorf("a file that is not there: %v\n%s", err, &stderr)
	}
	for _, args := range [][]string{{"rules"}, {"rules", "check"}, {"rules", "lint", "x"}} {
		if err := run(context.Background(), program{args: args}); err == nil || !strings.Contains(err.Error(), "panel rules check FILE") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
