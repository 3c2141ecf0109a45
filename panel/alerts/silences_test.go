package alerts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/panel/fleet"
	"monitoring/storage"
)

func TestSilences(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, noLinks)
	silence := func(v storage.Silence) storage.Silence {
		t.Helper()
		v.Reason, v.EndsAt = "maintenance", time.Now().Add(10*time.Hour)
		made, err := r.CreateSilence(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	maintenance := silence(storage.Silence{ServerIDs: r.ids[:1]})
	silence(storage.Silence{Matchers: []storage.Matcher{{Name: "alertname", Value: "off.*", IsRegex: true, IsEqual: true},
		{Name: "server", Value: fmt.Sprint(r.ids[1]), IsEqual: true}}})
	r.down(4, 0, 1, 2)
	if got := r.messages(); len(got) != 1 || !strings.Contains(got[0], "srv-3") || strings.Contains(got[0], "srv-1") || strings.Contains(got[0], "srv-2") {
		t.Errorf("messages: %q", got)
	}
	for _, a := range r.Active(r.now) {
		if a.ServerIDs[0] == r.ids[0] && !slices.Equal(a.SilencedBy, []int64{maintenance.ID}) {
			t.Errorf("silenced by %v", a.SilencedBy)
		}
	}
	r.open() // silences survive a restart
	r.down(1, 0, 1, 2)
	if err := r.DeleteSilence(t.Context(), maintenance.ID); err != nil {
		t.Fatal(err)
	}
	r.down(1, 0, 1, 2)
	if got := r.messages(); len(got) != 2 || !strings.Contains(got[1], "srv-1") {
		t.Errorf("after the silence: %q", got)
	}
	r.down(1) // whose beginning was not told ends without a word
	if got := r.messages(); len(got) != 3 || strings.Contains(got[2], "srv-2") {
		t.Errorf("after the return: %q", got)
	}
}

func TestBadSilences(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	f := func(field string, v storage.Silence) {
		t.Helper()
		_, err := r.CreateSilence(t.Context(), v)
		if fe, ok := errors.AsType[*storage.FieldError](err); !ok || fe.Field != field {
			t.Errorf("error %v, want one about %s", err, field)
		}
	}
	soon := time.Now().Add(time.Hour)
	f("server_ids", storage.Silence{Reason: "x", EndsAt: soon})
	f("server_ids", storage.Silence{ServerIDs: []int64{99}, Reason: "x", EndsAt: soon})
	f("reason", storage.Silence{ServerIDs: r.ids, EndsAt: soon})
	f("ends_at", storage.Silence{ServerIDs: r.ids, Reason: "x", EndsAt: time.Now().Add(-time.Second)})
	f("ends_at", storage.Silence{ServerIDs: r.ids, Reason: "x", EndsAt: time.Now().AddDate(2, 0, 0)})
	f("matchers", storage.Silence{Matchers: []storage.Matcher{{Name: "a", Value: "(", IsRegex: true}}, Reason: "x", EndsAt: soon})
	f("matchers", storage.Silence{Matchers: []storage.Matcher{{Value: "a"}}, Reason: "x", EndsAt: soon})
}

// A server that is disabled, excluded or deleted is skipped, and what was known of it is dropped without a word.
func TestDroppedServers(t *testing.T) {
	t.Parallel()
	f := func(what string, drop, bring func(r *rig)) {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 2, noLinks)
			r.down(5, 0, 1)
			drop(r)
			r.down(3, 0, 1)
			if got := r.firing(); len(got[0]) != 0 || len(got[1]) != 1 {
				t.Errorf("after it was dropped: %v", got)
			}
			if bring != nil {
				bring(r)
				r.down(2, 0, 1)
				if got := r.firing(); len(got[0]) != 0 {
					t.Errorf("it did not begin anew: %v", got)
				}
				r.down(1, 0, 1)
				if got := r.firing(); len(got[0]) != 1 {
					t.Errorf("three checks later: %v", got)
				}
			}
			if got := r.messages(); len(got) != 1 {
				t.Errorf("messages: %q", got)
			}
		})
	}
	active := func(r *rig, on bool) {
		if err := r.fleet.Update(r.t.Context(), r.ids[0], fleet.UpdateServerRequest{IsActive: &on}); err != nil {
			r.t.Fatal(err)
		}
	}
	f("disabled", func(r *rig) { active(r, false) }, func(r *rig) { active(r, true) })
	f("deleted", func(r *rig) {
		if err := r.fleet.Delete(r.t.Context(), r.ids[0]); err != nil {
			r.t.Fatal(err)
		}
	}, nil)
	f("excluded", func(r *rig) { r.set(func(v *storage.AlertSettings) { v.ExcludedServerIDs = r.ids[:1] }) },
		func(r *rig) { r.set(func(v *storage.AlertSettings) { v.ExcludedServerIDs = nil }) })
	f("excluded from the trigger", func(r *rig) { r.set(func(v *storage.AlertSettings) { v.OfflineExcludedServerIDs = r.ids[:1] }) },
		func(r *rig) { r.set(func(v *storage.AlertSettings) { v.OfflineExcludedServerIDs = nil }) })
}

// A server that does not answer resolves nothing: nobody knows.
func TestSilenceOfAServerResolvesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, func(v *storage.AlertSettings) { v.TelegramLinks, v.CPUSpikePercent = false, 1000 })
	play := func(checks int, answers bool, cpu float64) {
		for range checks {
			r.poll(func(int) bool { return answers })
			feeds["cpu"](r, func(int) float64 { return cpu })
			r.check()
		}
	}
	play(11, true, 95)
	play(4, false, none)
	if got := r.firing()[0]; !slices.Contains(got, "cpu_critical") || !slices.Contains(got, "offline") {
		t.Errorf("while it is down: %v", got)
	}
	play(2, true, 20)
	if got := r.firing()[0]; len(got) != 0 {
		t.Errorf("after it came back: %v", got)
	}
	if got := r.messages(); len(got) != 4 {
		t.Errorf("messages: %q", got)
	}
}
