package alerts

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"monitoring/storage"
)

const userRule = `groups:
- name: mine
  rules:
  - alert: MineIsHigh
    expr: mine > 5
    labels: {severity: info, team: web}
    annotations: {summary: Mine is high, description: "It is {{ $value }}."}
`

// write puts a file into the operator's directory.
func (r *rig) write(name, text string) {
	r.t.Helper()
	dir := filepath.Join(r.dir, "rules")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// A broken file is reported with line and reason, and stops no other.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	r.write("good.yml", userRule)
	f := func(text string, line int, reason string) {
		t.Helper()
		r.write("bad.yml", text)
		r.load()
		broken := r.loader.Broken()
		if len(broken) != 1 || broken[0].File != "rules/bad.yml" || broken[0].Line != line || !strings.Contains(broken[0].Reason, reason) {
			t.Errorf("broken files: %+v, want line %d, %s", broken, line, reason)
		}
		r.group("mine")
		r.group("host")
		r.group(settingsGroup)
	}
	f("groups:\n- name: bad\n  rules:\n  - alert: A\n    expr: sum(\n", 5, "parse error")
	f("groups:\n- name: bad\n  rules: [\n", 3, "yaml")
	f("groups:\n- name: bad\n  rules:\n  - alert: A\n    expr: up\n    fro: 5m\n", 6, "field fro not found")
	f("groups:\n- name: bad\n  rules:\n  - alert: A\n    expr: up\n    annotations: {a: '{{ $x }}'}\n", 4, "undefined variable")
	f("groups:\n- name: g\n  rules: []\n- name: g\n  rules: []\n", 4, "repeated")
	f("\x00\x01", 0, "control characters")
	f(strings.Repeat("# padding\n", maxRuleFile/9), 0, "no plain file")
	if err := os.Remove(filepath.Join(r.dir, "rules", "bad.yml")); err != nil {
		t.Fatal(err)
	}
	r.load()
	if got := r.loader.Broken(); len(got) != 0 {
		t.Errorf("after it was removed: %+v", got)
	}
}

// What a file said before it broke stays in force; a removed file takes its alerts along.
func TestUsersFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, noLinks)
	r.write("mine.yaml", userRule)
	r.write("mine.test.yml", "not rules")
	r.load()
	evaluate := func() {
		r.feed("mine", func(int) float64 { return 7 })
		r.poll(all)
		r.evaluate(t.Context(), r.group("mine"), r.now)
		r.check()
	}
	evaluate()
	if got := r.firing()[0]; !slices.Equal(got, []string{"MineIsHigh"}) {
		t.Errorf("firing: %v", got)
	}
	same(t, r.messages(), []string{"🟢 <b>Mine is high</b>\nsrv-1: It is 7"})
	r.write("mine.yaml", "groups: [")
	r.load()
	evaluate()
	if got := r.firing()[0]; len(got) != 1 || len(r.loader.Broken()) != 1 {
		t.Errorf("after it broke: %v, %v", got, r.loader.Broken())
	}
	if err := os.Remove(filepath.Join(r.dir, "rules", "mine.yaml")); err != nil {
		t.Fatal(err)
	}
	r.load()
	if got := r.firing(); len(got) != 0 || len(r.messages()) != 1 {
		t.Errorf("after it was removed: %v, %q", got, r.messages())
	}
}

func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0, nil)
	change := func(what string, do func()) {
		t.Helper()
		if r.loader.changed() {
			t.Errorf("before %s: a change", what)
		}
		do()
		if !r.loader.changed() {
			t.Errorf("%s was not seen", what)
		}
		r.load()
	}
	change("a new file", func() { r.write("a.yml", userRule) })
	change("a longer file", func() { r.write("a.yml", userRule+"\n") })
	change("a second file", func() { r.write("b.yml", "groups: []\n") })
	change("a removed file", func() {
		if err := os.Remove(filepath.Join(r.dir, "rules", "b.yml")); err != nil {
			t.Fatal(err)
		}
	})
}

// The manager itself takes up changes while it runs, and ends with its context.
func TestReloadWhileRunning(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	has := func(name string) bool {
		return slices.ContainsFunc(r.Groups().Groups, func(g RuleGroup) bool { return g.Name == name })
	}
	eventually(t, "the groups are there", func() bool { return has("host") && has(settingsGroup) })
	r.write("mine.yml", userRule)
	eventually(t, "the new file is seen", func() bool { return has("mine") })
	v := clone(r.Settings())
	v.Enabled = false
	if err := r.Update(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if has(settingsGroup) || !has("mine") || !has("host") {
		t.Errorf("groups: %+v", r.Groups())
	}
	v.Enabled, v.CheckInterval = true, 10
	if err := r.Update(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Groups().Groups {
		if g.Name == settingsGroup && (g.IntervalSeconds != 10 || g.Source != "settings") {
			t.Errorf("group: %+v", g)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The generated file is what is evaluated, and any Prometheus reads it.
func TestGeneratedFile(t *testing.T) {
	t.Parallel()
	f := func(v storage.AlertSettings, wantAlerts int) {
		t.Helper()
		l := newLoader(t.TempDir())
		v.Enabled = true
		l.read(v)
		alerts := 0
		for key := range l.Alerts() {
			if strings.HasPrefix(key, settingsFile) {
				alerts++
			}
		}
		if alerts != wantAlerts || len(l.Broken()) != 0 {
			t.Errorf("%d alerts, want %d; broken %v\n%s", alerts, wantAlerts, l.Broken(), generate(v))
		}
	}
	v := storage.DefaultAlertSettings()
	f(v, 1+2+2+2+2+1+1+1)
	allOn(&v)
	f(v, 1+2+2+2+2+6+1+1)
	f(storage.AlertSettings{CheckInterval: 60}, 0)
}
