package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/panel/fleet"
	"monitoring/panel/notify"
	"monitoring/storage"
)

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// records returns the history, oldest first, as "type server told".
func (r *rig) records() []string {
	r.t.Helper()
	h, err := r.history(r.t.Context(), storage.AlertHistoryFilter{Limit: 500})
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, i := range slices.Backward(h.Items) {
		out = append(out, fmt.Sprintf("%s %s %v", i.AlertType, i.ServerName, i.Notified))
	}
	return out
}

// down runs checks during which the named servers do not answer.
func (r *rig) down(checks int, silent ...int) {
	for range checks {
		r.poll(func(i int) bool { return !slices.Contains(silent, i) })
		r.check()
	}
}

func noLinks(v *storage.AlertSettings) { v.TelegramLinks = false }

// An alert after exactly three failed checks, once, and the recovery.
func TestOfflineAndRecovery(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, noLinks)
	r.down(3)
	r.down(2, 0)
	if got := r.firing(); len(got) != 0 {
		t.Errorf("after two failed checks: %v", got)
	}
	r.check() // nobody was polled: it says nothing
	if got := r.firing(); len(got) != 0 {
		t.Errorf("a check without a poll counts: %v", got)
	}
	r.down(1, 0)
	if got := r.firing(); len(got) != 1 || !slices.Equal(got[0], []string{"offline"}) {
		t.Errorf("after three failed checks: %v", got)
	}
	r.down(6, 0)
	r.down(2)
	same(t, r.messages(), []string{
		"🔴 <b>Server is down</b>\nsrv-1: No answer in 3 checks in a row",
		"🟢 <b>Back online</b>\nsrv-1: lasted 7 min",
	})
	same(t, r.records(), []string{"offline srv-1 true", "recovery srv-1 true"})
	h, err := r.history(t.Context(), storage.AlertHistoryFilter{Limit: 10, AlertType: "offline", ServerID: r.ids[0]})
	if err != nil || h.Total != 1 || h.Items[0].Details != `{"threshold":3,"fail_count":3}` || h.Items[0].EndedAt == nil || h.Items[0].Severity != "critical" {
		t.Errorf("history: %+v, %v", h, err)
	}
}

func TestRecoveryCanBeQuiet(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, func(v *storage.AlertSettings) { v.OfflineRecoveryNotify = false })
	r.down(3, 0)
	r.down(2)
	same(t, r.records(), []string{"offline srv-1 true"})
	if got := r.messages(); len(got) != 1 {
		t.Errorf("messages: %q", got)
	}
}

// Fifty servers that go down together are one message, in the operator's language, with names as text.
func TestFiftyDownAreOneMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t, 50, noLinks)
	name := `<b>&"7"`
	if err := r.fleet.Update(t.Context(), r.ids[6], fleet.UpdateServerRequest{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if err := r.notify.Update(t.Context(), func(v *storage.NotifySettings) { v.Language = "ru" }); err != nil {
		t.Fatal(err)
	}
	everyone := make([]int, 50)
	for i := range everyone {
		everyone[i] = i
	}
	r.down(3, everyone...)
	r.down(1)
	got := r.messages()
	if len(got) != 2 || !strings.HasPrefix(got[0], "🔴 <b>Сервер не в сети (50)</b>\n&lt;b&gt;&amp;&#34;7&#34;: Нет ответа, проверок подряд: 3\nsrv-1: ") ||
		strings.Count(got[0], "\n") != 50 || !strings.HasPrefix(got[1], "🟢 <b>Снова в сети (50)</b>\n") || strings.Count(got[1], "\n") != 50 {
		t.Errorf("messages: %q", got)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	r.down(3, 0)
	if got := r.messages(); !strings.HasSuffix(got[0], fmt.Sprintf("\nhttps://panel.test/secret/servers/%d", r.ids[0])) {
		t.Errorf("message: %q", got)
	}
	r.set(noLinks)
	r.down(1)
	if got := r.messages(); strings.Contains(got[1], "secret") {
		t.Errorf("message: %q", got)
	}
}

// The cooldown governs messages, not firing.
func TestCooldown(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, func(v *storage.AlertSettings) { v.TelegramLinks, v.AlertCooldown = false, 1200 })
	r.down(3, 0) // told at check 2
	r.down(1)
	r.down(5, 0) // fires at check 6, too soon
	if got := r.firing(); len(got) != 1 {
		t.Errorf("the cooldown kept it from firing: %v", got)
	}
	same(t, r.records(), []string{"offline srv-1 true", "recovery srv-1 true", "offline srv-1 false"})
	r.down(1)     // it comes and goes without a word
	r.down(20, 0) // fires at check 12; told when the cooldown is over, at check 22, since it stays
	same(t, r.records(), []string{"offline srv-1 true", "recovery srv-1 true", "offline srv-1 false", "recovery srv-1 false", "offline srv-1 true"})
	if got := r.messages(); len(got) != 3 {
		t.Errorf("%d messages: %q", len(got), got)
	}
}

// A trigger that goes on holding is told again after each cooldown; a server that stays down is not.
func TestRepetition(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, func(v *storage.AlertSettings) { v.TelegramLinks, v.AlertCooldown, v.CPUSpikePercent = false, 600, 1000 })
	for range 32 {
		r.poll(func(i int) bool { return i == 0 })
		feeds["cpu"](r, func(i int) float64 { return []float64{97, none}[i] })
		r.check()
	}
	var got []string
	for _, m := range r.messages() {
		title, _, _ := strings.Cut(m, "\n")
		got = append(got, title)
	}
	same(t, got, []string{"🔴 <b>Server is down</b>", "🔴 <b>CPU is critical</b>", "🔴 <b>Still: CPU is critical</b>", "🔴 <b>Still: CPU is critical</b>"})
}

// What a trigger tells, the shipped rule over the same thing does not tell again.
func TestShippedRulesAndTriggers(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, func(v *storage.AlertSettings) { v.TelegramLinks = false })
	r.set(func(v *storage.AlertSettings) { v.OfflineExcludedServerIDs = r.ids[1:] })
	for range 5 {
		r.poll(func(int) bool { return false })
		r.feed("up", func(int) float64 { return 0 })
		r.evaluate(t.Context(), r.group("host"), r.now)
		r.check()
	}
	got := r.messages()
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(b, a) }) // at the same moment, in any order
	if len(got) != 2 || !strings.HasPrefix(got[0], "🔴 <b>The server does not answer</b>\nThe panel cannot read srv-2: ") || !strings.Contains(got[1], "srv-1: No answer") {
		t.Errorf("messages: %q", got)
	}
	covered := 0
	for _, a := range r.Active(r.now) {
		if a.Alertname == "AgentDown" {
			if a.CoveredBy == storage.TriggerOffline {
				covered++
			}
			if a.Chart == nil || a.Chart.Chart != "cpu" || a.Expression == "" || a.SummaryRu != "Сервер не отвечает" || a.Group != "host" {
				t.Errorf("active: %+v", a)
			}
		}
	}
	if covered != 1 {
		t.Errorf("%d covered", covered)
	}
}

// Switched off, nobody is told, and the triggers are not evaluated; the shipped rules are there to see.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	r.down(4, 0)
	r.set(func(v *storage.AlertSettings) { v.Enabled = false })
	if got := r.firing(); len(got) != 0 {
		t.Errorf("firing: %v", got)
	}
	for range 5 {
		r.feed("up", func(int) float64 { return 0 })
		r.evaluate(t.Context(), r.group("host"), r.now)
		if _, err := r.Deliver(t.Context(), r.now.Add(groupWait)); err != nil {
			t.Fatal(err)
		}
		r.now = r.now.Add(oneStep)
	}
	if got := r.firing()[0]; !slices.Equal(got, []string{"AgentDown"}) {
		t.Errorf("firing: %v", got)
	}
	if got := r.messages(); len(got) != 1 {
		t.Errorf("messages: %q", got)
	}
}

// What begins within the group wait goes into one message; nothing is told before it is over.
func TestGroupWait(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, noLinks)
	for range 3 {
		r.poll(func(int) bool { return false })
		r.evaluate(t.Context(), r.group(settingsGroup), r.now)
		r.now = r.now.Add(oneStep)
	}
	fired := r.now.Add(-oneStep)
	next, err := r.Deliver(t.Context(), fired.Add(groupWait-time.Second))
	if err != nil || !next.Equal(fired.Add(groupWait)) || len(r.messages()) != 0 {
		t.Errorf("next at %s, %v, messages %q", next, err, r.messages())
	}
	next, err = r.Deliver(t.Context(), fired.Add(groupWait))
	if err != nil || !next.IsZero() || len(r.messages()) != 1 {
		t.Errorf("next at %s, %v, messages %q", next, err, r.messages())
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(number(1_410_000_000/8, "B/s", "en"), "1.41 Gbit/s")
	f(number(474e6/8, "B/s", "ru"), "474 Мбит/с")
	f(number(93.04, "%", "en"), "93 %")
	f(number(231, "", "en"), "231")
	f(words("ru").duration(3*time.Hour+7*time.Minute+20*time.Second), "3 ч 7 мин")
	f(words("en").duration(96*24*time.Hour), "96 d")
	f(words("en").duration(time.Second), "1 min")
}

// The webhook gets the same news in Alertmanager's form, with the server's name and, unless asked, without the secret path.
func TestWebhookForm(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	r.down(3, 0)
	var fired *storage.Alert
	for _, a := range r.state {
		fired = a
	}
	n := r.notification(begun, []*storage.Alert{fired}, r.now)
	if n.Group.Version != "4" || n.Group.Status != notify.Firing || n.Group.GroupLabels["alertname"] != "offline" || len(n.Group.Alerts) != 1 ||
		n.Group.Alerts[0].Annotations["server_name"] != "srv-1" || n.Group.Alerts[0].GeneratorURL != "" || !n.Group.Alerts[0].StartsAt.Equal(fired.ActiveAt) {
		t.Errorf("group: %+v", n.Group)
	}
	r.set(func(v *storage.AlertSettings) { v.WebhookLinks = true })
	if n := r.notification(begun, []*storage.Alert{fired}, r.now); !strings.Contains(n.Group.Alerts[0].GeneratorURL, "/secret/") {
		t.Errorf("group: %+v", n.Group)
	}
}

// The whole of it on its own clock: from the first failed check to the message within the group wait and two seconds.
func TestOnItsOwnClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, func(v *storage.AlertSettings) { v.CheckInterval, v.OfflineFailThreshold = 10, 1 })
	r.poll(func(int) bool { return false })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- r.Run(ctx) }()
	go func() { done <- r.notify.Run(ctx) }()
	eventually(t, "the message arrives", func() bool { return len(r.bot.received()) == 1 })
	s := r.Status()
	if s.LastCheck == nil || s.NextCheckIn > 10 || len(s.ActiveConditions) != 1 {
		t.Errorf("status: %+v", s)
	}
	h, err := r.history(t.Context(), storage.AlertHistoryFilter{Limit: 1})
	if err != nil || len(h.Items) != 1 || !h.Items[0].Notified {
		t.Fatalf("history: %+v, %v", h, err)
	}
	if took := r.bot.at[0].Sub(h.Items[0].CreatedAt); took < groupWait-time.Second || took > 30*time.Second {
		t.Errorf("the message took %s", took)
	}
	cancel()
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
}
