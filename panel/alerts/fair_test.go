package alerts

import (
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"

	"monitoring/storage"
)

// TestOneServerDoesNotSilenceTheOthers: labels that a rule sets make two series of a hostile node one and the same alert,
// which rules.Manager calls an error of the rule.
func TestOneServerDoesNotSilenceTheOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	hostile, honest := r.ids[0], r.ids[1]
	var samples []storage.Sample
	for _, forged := range []string{"alertname", "severity"} {
		for _, value := range []string{"a", "b"} {
			samples = append(samples, sampleOf(r, "agent_cpu_usage_ratio", hostile, 0.99, forged, value),
				sampleOf(r, "panel_alert_value", hostile, 99, forged, value, "metric", "cpu"),
				sampleOf(r, "panel_alert_samples", hostile, 99, forged, value, "metric", "cpu"),
				sampleOf(r, "node_load5", hostile, 99, forged, value))
		}
	}
	samples = append(samples, sampleOf(r, "agent_cpu_usage_ratio", honest, 0.99), sampleOf(r, "node_load5", honest, 99),
		sampleOf(r, "node_cpu_seconds_total", honest, 1, "mode", "idle", "cpu", "0"),
		sampleOf(r, "node_cpu_seconds_total", hostile, 1, "mode", "idle", "cpu", "0"))
	if err := r.db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := r.db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.evaluate(t.Context(), r.group(settingsGroup), r.now)
	r.evaluate(t.Context(), r.group("host"), r.now)
	for _, g := range r.groups {
		for _, rule := range g.Rules() {
			if err := rule.LastError(); err != nil {
				t.Errorf("rule %s: %v", rule.Name(), err)
			}
		}
	}
	for _, name := range []string{"CPUBusy", "LoadHigh"} {
		var about []int64
		for _, a := range r.Active(r.now) {
			if a.Alertname == name {
				about = append(about, a.ServerIDs...)
			}
		}
		if !slices.Contains(about, honest) {
			t.Errorf("%s is about servers %v, want %d among them", name, about, honest)
		}
	}
}

func sampleOf(r *rig, name string, server int64, value float64, more ...string) storage.Sample {
	ls := []storage.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "node"}, {Name: "server", Value: fmt.Sprint(server)}, {Name: "instance", Value: "x"}}
	for i := 0; i < len(more); i += 2 {
		ls = append(ls, storage.Label{Name: more[i], Value: more[i+1]})
	}
	return storage.Sample{Labels: ls, Time: r.now.UnixMilli(), Value: value}
}

// TestAlertsOfOneServerAreBounded: thousands of full file systems on one node are no reason to lose sight of the others.
func TestAlertsOfOneServerAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	var samples []storage.Sample
	for i := range 5 * maxPerServer {
		samples = append(samples, sampleOf(r, "haproxy_config_valid", r.ids[0], 0, "mountpoint", fmt.Sprintf("/%d", i)))
	}
	samples = append(samples, sampleOf(r, "haproxy_config_valid", r.ids[1], 0))
	if err := r.db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := r.db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	var before []string
	for range 3 {
		r.evaluate(t.Context(), r.group("haproxy"), r.now)
		count, names := map[int64]int{}, []string{}
		for _, a := range r.Active(r.now) {
			count[a.ServerIDs[0]]++
			names = append(names, a.Fingerprint)
		}
		if count[r.ids[0]] != maxPerServer || count[r.ids[1]] != 1 {
			t.Errorf("alerts by server: %v, want %d and 1", count, maxPerServer)
		}
		slices.Sort(names)
		if before != nil && !slices.Equal(before, names) {
			t.Error("the alerts that are kept are others each time")
		}
		before = names
	}
}

func TestTwins(t *testing.T) {
	t.Parallel()
	f := func(set labels.Labels, want int, found ...labels.Labels) {
		t.Helper()
		var vector promql.Vector
		for _, ls := range found {
			vector = append(vector, promql.Sample{Metric: ls})
		}
		if got := withoutTwins(vector, rules.RuleDetail{Labels: set}); len(got) != want {
			t.Errorf("rule with labels %s: %d of %v are kept, want %d", set, len(got), found, want)
		}
	}
	ls := labels.FromStrings
	severity := ls("severity", "warning")
	f(severity, 2, ls("server", "1"), ls("server", "2"))
	f(severity, 1, ls("server", "1", "severity", "a"), ls("server", "1", "severity", "b"))
	f(severity, 1, ls("server", "1"), ls("server", "1", "alertname", "b"))
	f(severity, 1, ls("__name__", "a", "server", "1"), ls("__name__", "b", "server", "1"))
	f(severity, 2, ls("server", "1", "team", "a"), ls("server", "1", "team", "b"))
	f(ls("team", "x"), 1, ls("server", "1", "team", "a"), ls("server", "1", "team", "b"))
	f(ls("team", "{{ $labels.owner }}"), 2, ls("server", "1", "team", "a"), ls("server", "1", "team", "b"))
	f(labels.EmptyLabels(), 0)
}
