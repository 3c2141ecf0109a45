package alerts

import (
	"context"
	"encoding/json"
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

	"monitoring/panel/notify"
	"monitoring/storage"
)

// alertmanager starts Debian's, which calls webhook, and returns its address.
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
	text := fmt.Sprintf("route: {receiver: r, group_by: [alertname], group_wait: 0s, group_interval: 1s}\nreceivers:\n- name: r\n  webhook_configs: [{url: %q}]\n", webhook)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "prometheus-alertmanager", "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+addr, "--cluster.listen-address=")
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

// What fires here fires in a real Alertmanager, with the server's name, and ends there; what is silenced here does not.
func TestForwardToAlertmanager(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var groups []notify.Group
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var g notify.Group
		body, _ := io.ReadAll(req.Body)
		if err := json.Unmarshal(body, &g); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		groups = append(groups, g)
	}))
	t.Cleanup(hook.Close)
	address := alertmanager(t, hook.URL)
	r := newRig(t, 3, noLinks)
	if err := r.notify.Update(t.Context(), func(v *storage.NotifySettings) { v.AlertmanagerURL = address }); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CreateSilence(t.Context(), storage.Silence{ServerIDs: r.ids[2:], Reason: "x", EndsAt: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.notify.Run(ctx) }()
	received := func(status string, servers ...string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			names := map[string]bool{}
			for _, g := range groups {
				for _, a := range g.Alerts {
					if a.Status == status {
						names[a.Annotations["server_name"]] = true
					}
				}
			}
			for _, name := range servers {
				if !names[name] {
					return false
				}
			}
			if names["srv-3"] {
				t.Error("a silenced alert was forwarded")
			}
			return true
		}
	}
	r.now = time.Now().Truncate(time.Second).Add(-2 * oneStep) // it fires now: Alertmanager has a clock, too
	r.down(3, 0, 1, 2)
	eventually(t, "both alerts are there", received(notify.Firing, "srv-1", "srv-2"))
	end := r.now.Add(-oneStep).Add(2 * time.Second)
	eventually(t, "it has fired for two seconds", func() bool { return time.Now().After(end) })
	r.now = end
	r.down(1, 1, 2)
	eventually(t, "one of them has ended", received(notify.Resolved, "srv-1"))
	mu.Lock()
	first := groups[0].Alerts[0]
	mu.Unlock()
	if first.Labels["alertname"] != "offline" || first.Labels["severity"] != "critical" || !strings.HasPrefix(first.Annotations["summary"], "Server is down") {
		t.Errorf("forwarded: %+v", first)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
