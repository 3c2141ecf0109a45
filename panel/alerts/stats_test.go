package alerts

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStats(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	if err := os.MkdirAll(filepath.Join(r.dir, "rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	// Two results that the rule gives the same labels: the condition fails at each evaluation.
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(r.dir, "rules", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("mine.yml", "groups: [{name: mine, rules: [{alert: Twice, expr: 'label_replace(vector(1), \"a\", \"1\", \"\", \"\") + on() (vector(1) or label_replace(vector(1), \"a\", \"1\", \"\", \"\"))'}]}]\n")
	write("broken.yml", "groups: 7\n")
	r.load()
	names := func(now time.Time) []string {
		var out []string
		for _, f := range r.stats(slices.Collect(maps.Values(r.groups)), now).Failures {
			if f.Reason == "" {
				t.Errorf("%s failed without a reason", f.Name)
			}
			out = append(out, f.Name)
		}
		return out
	}
	f := func(what string, want ...string) {
		t.Helper()
		if got := names(time.Now()); !slices.Equal(got, want) {
			t.Errorf("%s: failures %q, want %q", what, got, want)
		}
	}
	f("before the first evaluation", "broken.yml")
	for _, g := range r.groups {
		r.evaluate(t.Context(), g, r.now)
	}
	f("after it", "broken.yml", "mine: Twice")
	r.failed(t.Context(), "settle", errors.New("no database"))
	f("a step failed", "broken.yml", "mine: Twice", "settle")
	r.check()
	f("and went well again", "broken.yml", "mine: Twice")

	late := func(after time.Duration) (time.Duration, string) {
		st := r.stats(slices.Collect(maps.Values(r.groups)), time.Now().Add(after))
		return st.Late, st.LateName
	}
	if d, _ := late(0); d != 0 {
		t.Errorf("late by %s just after an evaluation", d)
	}
	if d, name := late(time.Hour); d < 50*time.Minute || d > time.Hour+time.Minute || name == "" {
		t.Errorf("an hour later it is late by %s (%s)", d, name)
	}
}

// TestHeartbeatKnowsOfStuckRules: a panel that watches nothing must not say that all is well.
func TestHeartbeatKnowsOfStuckRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	if err := r.Reload(); err != nil { // the manager has the groups, and does not run
		t.Fatal(err)
	}
	if err := r.Alive(); err != nil {
		t.Errorf("just after the rules were loaded: %v", err)
	}
	r.loaded = time.Now().Add(-time.Hour)
	if err := r.Alive(); err == nil || !strings.Contains(err.Error(), "have not been evaluated") {
		t.Errorf("an hour without an evaluation: %v", err)
	}
}
