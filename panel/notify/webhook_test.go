package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/storage"
)

// receiver keeps the bodies that are posted to it.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	status int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies = append(r.bodies, string(body))
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, " out of order\n")
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.bodies...)
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-deadline:
			t.Fatalf("timeout: %s", what)
		case <-tick.C:
		}
	}
}

var (
	startsAt = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	twoDown  = []Alert{
		{Status: Firing, Labels: map[string]string{"alertname": "AgentDown", "server": "1", "severity": "critical"},
			Annotations: map[string]string{"summary": "Agent <1> down"}, StartsAt: startsAt, GeneratorURL: "https://panel.example.net/x/"},
		{Status: Resolved, Labels: map[string]string{"alertname": "AgentDown", "server": "2", "severity": "critical"},
			Annotations: map[string]string{"summary": "Agent <2> down"}, StartsAt: startsAt, EndsAt: startsAt.Add(time.Hour), GeneratorURL: "https://panel.example.net/x/"},
	}
)

func TestGroup(t *testing.T) {
	t.Parallel()
	g := NewGroup("AgentDown", map[string]string{"alertname": "AgentDown"}, twoDown)
	if g.Status != Firing || g.Version != "4" || g.TruncatedAlerts != 0 {
		t.Errorf("group: %+v", g)
	}
	if diff := cmp.Diff(map[string]string{"alertname": "AgentDown", "severity": "critical"}, g.CommonLabels); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{}, g.CommonAnnotations); diff != "" {
		t.Error(diff)
	}
	if g := NewGroup("k", nil, twoDown[1:]); g.Status != Resolved || g.CommonLabels["server"] != "2" || g.GroupLabels == nil {
		t.Errorf("resolved group: %+v", g)
	}
	many := make([]Alert, maxGroup+7)
	if g := NewGroup("k", nil, many); len(g.Alerts) != maxGroup || g.TruncatedAlerts != 7 {
		t.Errorf("%d alerts, %d truncated", len(g.Alerts), g.TruncatedAlerts)
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	s, _, b := start(t)
	r := newReceiver(t)
	update(t, s, func(v *storage.NotifySettings) { v.WebhookURL = storage.Secret(r.URL) })
	n := Notification{Key: "a", Text: Text{Severity: Critical, Title: "a"}, Group: NewGroup("a", nil, twoDown)}
	if err := s.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	send(t, s, "only for people")
	r.mu.Lock()
	r.status = http.StatusServiceUnavailable
	r.mu.Unlock()
	if pause := once(t, s, Webhook); pause != firstBackoff {
		t.Errorf("pause %s", pause)
	}
	if got := lastError(t, s, Webhook); got != "the receiver answered 503: out of order" {
		t.Errorf("reason %q", got)
	}
	if once(t, s, Telegram); len(b.received()) != 2 { // a stuck webhook holds up nobody else
		t.Errorf("Telegram got %q", b.received())
	}
	r.mu.Lock()
	r.status = http.StatusNoContent
	r.mu.Unlock()
	update(t, s, func(*storage.NotifySettings) {})
	once(t, s, Webhook)
	bodies := r.received()
	if len(bodies) != 2 || bodies[0] != bodies[1] {
		t.Fatalf("%d bodies: %q", len(bodies), bodies)
	}
	var got Group
	if err := json.Unmarshal([]byte(bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(n.Group, &got); diff != "" {
		t.Errorf("-sent +received:\n%s", diff)
	}
}

// alertmanager starts Debian's and returns its address. It posts to webhook.
func alertmanager(t *testing.T, webhook string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "am.yml")
	text := fmt.Sprintf("route:\n  receiver: r\n  group_by: [alertname]\n  group_wait: 0s\n  group_interval: 1s\nreceivers:\n- name: r\n  webhook_configs:\n  - url: %s\n", webhook)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "prometheus-alertmanager", "--config.file="+config, "--storage.path="+dir,
		"--web.listen-address="+addr, "--cluster.listen-address=")
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatalf("start alertmanager (Debian package prometheus-alertmanager): %v", err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	eventually(t, "alertmanager is ready", func() bool {
		resp, err := http.Get("http://" + addr + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + addr
}

// The real Alertmanager takes our alerts, resolves them when told, and sends on what our webhook form looks like.
func TestForwardToARealAlertmanager(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	address := alertmanager(t, r.URL)
	s, _, _ := start(t)
	update(t, s, func(v *storage.NotifySettings) { v.AlertmanagerURL = address + "/" })
	now := time.Now().UTC().Truncate(time.Millisecond)
	alert := twoDown[0]
	alert.StartsAt, alert.EndsAt = now, now.Add(10*time.Minute)
	s.Forward([]Alert{alert})
	if err := s.forward.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	group := func(n int) Group {
		eventually(t, "alertmanager calls its webhook", func() bool { return len(r.received()) >= n })
		var g Group
		dec := json.NewDecoder(strings.NewReader(r.received()[n-1]))
		dec.DisallowUnknownFields() // our struct knows every field of the real body
		if err := dec.Decode(&g); err != nil {
			t.Fatal(err)
		}
		return g
	}
	first := group(1)
	want := NewGroup(first.GroupKey, map[string]string{"alertname": "AgentDown"}, []Alert{{Status: Firing, Labels: alert.Labels,
		Annotations: alert.Annotations, StartsAt: now, GeneratorURL: alert.GeneratorURL}})
	want.Receiver, want.ExternalURL = first.Receiver, first.ExternalURL
	if diff := cmp.Diff(want, &first); diff != "" { // the fingerprint, too
		t.Errorf("our form and Alertmanager's, -ours +theirs:\n%s", diff)
	}
	alert.EndsAt = time.Now().UTC()
	s.Forward([]Alert{alert})
	if err := s.forward.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := group(2); g.Status != Resolved || len(g.Alerts) != 1 || g.Alerts[0].Status != Resolved {
		t.Errorf("after the end: %+v", g)
	}
}

// What an Alertmanager did not take is offered again, in its newest state.
func TestForwardTriesAgain(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t)
	s.Forward(twoDown) // nobody is set up to take them
	r := newReceiver(t)
	r.status = http.StatusInternalServerError
	update(t, s, func(v *storage.NotifySettings) { v.AlertmanagerURL = r.URL })
	s.Forward(twoDown[:1])
	var refused *SendError
	if err := s.forward.RunOnce(t.Context()); !errors.As(err, &refused) {
		t.Errorf("error %v", err)
	}
	if waiting, last := s.forward.state(); waiting != 1 || last != "the receiver answered 500: out of order" {
		t.Errorf("%d waiting, %q", waiting, last)
	}
	newer := twoDown[0]
	newer.EndsAt = startsAt.Add(time.Minute)
	s.Forward([]Alert{newer})
	r.mu.Lock()
	r.status = http.StatusOK
	r.mu.Unlock()
	if err := s.forward.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	bodies := r.received()
	if waiting, last := s.forward.state(); waiting != 0 || last != "" || len(bodies) != 2 || !strings.Contains(bodies[1], "10:01:00") {
		t.Errorf("%d waiting, %q, sent %q", waiting, last, bodies)
	}
}

func TestForwardIsBounded(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t)
	update(t, s, func(v *storage.NotifySettings) { v.AlertmanagerURL = "http://127.0.0.1:9" })
	alerts := make([]Alert, maxForward+5)
	for i := range alerts {
		alerts[i].Labels = map[string]string{"n": fmt.Sprint(i)}
	}
	s.Forward(alerts)
	if waiting, _ := s.forward.state(); waiting != maxForward {
		t.Errorf("%d waiting", waiting)
	}
}
