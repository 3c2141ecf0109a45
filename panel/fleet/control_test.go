package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// reach is a Controller of one agent that speaks plain HTTP.
type reach struct{ client *api.Client }

func (r reach) Control(int64, Need) (*api.Client, error) { return r.client, nil }

var look = Need{Capability: "haproxy", Domain: api.DomainHAProxy}

func status(ctx context.Context, c *api.Client) (api.HAProxyStatus, error) {
	return c.HAProxyStatus(ctx)
}

// What an agent answers, and what the panel's client is told.
func TestAskMapsErrors(t *testing.T) {
	t.Parallel()
	f := func(agentStatus int, body string, wantStatus int, wantCode, wantDetail, wantLog string) {
		t.Helper()
		agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(agentStatus)
			_, _ = io.WriteString(w, body)
		}))
		defer agent.Close()
		_, err := Ask(t.Context(), reach{api.NewClient(agent.URL, agent.Client())}, 1, look, time.Minute, status)
		var got *rest.Error
		if !errors.As(err, &got) || got.Status != wantStatus || got.Code != wantCode || got.Detail != wantDetail || got.Log != wantLog {
			t.Errorf("%d %s: %+v, %v", agentStatus, body, got, err)
		}
	}
	f(400, `{"detail":"port is no port","code":"invalid","field":"port"}`, 400, "invalid", "port is no port", "")
	f(404, `{"detail":"no such rule","code":"not_found"}`, 404, "not_found", "no such rule", "")
	f(404, `{"detail":"this agent does not know GET /v1/haproxy/status"}`, 409, "agent_outdated", "the agent of this server does not know haproxy: update the agent", "")
	f(422, `{"detail":"refused","code":"refused","log":"[ALERT] \u001b[31mred"}`, 422, "refused", "refused", "[ALERT] [31mred")
	f(403, `{"detail":"no","code":"restricted"}`, 409, "restricted", "restricted by the node's owner: the agent's AGENT_ALLOW does not open haproxy", "")
	f(503, `{"detail":"busy","code":"busy"}`, 503, "busy", "busy", "")
	f(401, `{"detail":"log in","code":"invalid"}`, 400, "invalid", "log in", "") // never a 401: it would log the browser out
	f(429, `{}`, 502, "agent_failed", "the agent reports an error: agent answered HTTP 429", "")
	f(500, `{"detail":"disk full","code":"failed","log":"x"}`, 502, "agent_failed", "the agent reports an error: agent answered HTTP 500: disk full", "x")
	f(422, `{"code":"refused"}`, 422, "refused", "the agent refused", "")
}

func TestAskAnAgentThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	agent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer agent.Close()
	defer close(release)
	f := func(url string, timeout time.Duration, wantStatus int, wantCode string) {
		t.Helper()
		_, err := Ask(t.Context(), reach{api.NewClient(url, http.DefaultClient)}, 1, look, timeout, status)
		var got *rest.Error
		if !errors.As(err, &got) || got.Status != wantStatus || got.Code != wantCode {
			t.Errorf("%+v, %v; want %d %s", got, err, wantStatus, wantCode)
		}
	}
	f(agent.URL, -wayTime+100*time.Millisecond, 504, "agent_timeout")
	f("http://127.0.0.1:1", time.Minute, 502, "agent_unreachable")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Ask(ctx, reach{api.NewClient(agent.URL, http.DefaultClient)}, 1, look, time.Minute, status); !errors.Is(err, context.Canceled) {
		t.Errorf("a browser that left: %v", err)
	}
}

// The panel knows from what the agent said of itself, and asks nothing that is useless.
func TestControl(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, _ := b.join(t, "alpha")
	f := func(v api.Version, need Need, wantCode string) {
		t.Helper()
		b.setAbout(b.node(srv.ID), v)
		client, err := b.Control(srv.ID, need)
		var got *rest.Error
		switch {
		case wantCode == "" && (err != nil || client == nil):
			t.Errorf("%+v, %+v: %v", v, need, err)
		case wantCode != "" && (!errors.As(err, &got) || got.Code != wantCode):
			t.Errorf("%+v, %+v: %v, want %s", v, need, err, wantCode)
		}
	}
	change := Need{"haproxy", api.DomainHAProxy, true}
	ro, rw := map[string]string{"haproxy": "ro", "metrics": "ro"}, map[string]string{"haproxy": "rw", "metrics": "ro"}
	if _, err := b.Control(srv.ID, change); err != nil {
		t.Errorf("nothing is known of the agent yet: %v", err)
	}
	f(api.Version{Version: "1", Allow: map[string]string{"metrics": "ro"}}, look, "restricted")
	f(api.Version{Version: "1", Allow: ro, Capabilities: []string{"haproxy"}}, look, "")
	f(api.Version{Version: "1", Allow: ro, Capabilities: []string{"haproxy"}}, change, "restricted")
	f(api.Version{Version: "1", Allow: rw, Capabilities: []string{"metrics", "haproxy"}}, change, "")
	f(api.Version{Version: "1", Allow: rw, Capabilities: []string{"metrics", "haproxy2"}}, change, "agent_outdated")
	if d := get[ServerDetail](t, b, "GET", fmt.Sprintf("/api/servers/%d", srv.ID), ""); d.Allow["haproxy"] != "rw" || len(d.Allow) != 2 {
		t.Errorf("the record says %v", d.Allow)
	}
	if _, err := b.Control(srv.ID+1000, look); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("no such server: %v", err)
	}
	get[rest.Success](t, b, "PUT", fmt.Sprintf("/api/servers/%d", srv.ID), `{"is_active":false}`)
	f(api.Version{Version: "1", Allow: rw, Capabilities: []string{"haproxy"}}, look, "monitoring_disabled")
}

// Eight changes that hang leave polling alone: they have connections of their own.
func TestControlDoesNotStarvePolling(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, agent := b.join(t, "alpha")
	control, err := b.Control(srv.ID, look)
	if err != nil {
		t.Fatal(err)
	}
	agent.hang.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	const hung = 12 // more than one pool holds
	done := make(chan error, hung)
	for range hung {
		go func() {
			_, err := control.Processes(ctx)
			done <- err
		}()
	}
	for end := time.Now().Add(time.Minute); agent.hanging.Load() < 8; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("only %d changes arrived", agent.hanging.Load())
		}
	}
	limited, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	client, err := b.Client(srv.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Health(limited); err != nil {
		t.Errorf("a poll while changes hang: %v", err)
	}
	cancel()
	for range hung {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("a hanging change ended with %v", err)
		}
	}
}
