package metrics

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"monitoring/agent/api"
)

// agent serves the paths of an agent.
func agent(t *testing.T, handlers map[string]http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range handlers {
		mux.HandleFunc(path, h)
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func answer(v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(v)
	}
}

func TestCurrent(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.refused(t, "/api/proxy/1/metrics", 503, "no_data", "")
	b.last[1] = api.Metrics{ServerName: "node-1", CPU: api.CPU{UsagePercent: 12.5}}
	if got := must[api.Metrics](t, b, "/api/proxy/1/metrics"); got.ServerName != "node-1" || got.CPU.UsagePercent != 12.5 {
		t.Errorf("%+v", got)
	}
	b.refused(t, "/api/proxy/2/metrics", 503, "no_data", "")
}

func TestLive(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.last[1] = api.Metrics{ServerName: "old"}
	b.fleet.agents[1] = agent(t, map[string]http.HandlerFunc{
		api.PathMetrics:   answer(api.Metrics{ServerName: "now"}),
		api.PathProcesses: answer(api.Processes{Count: 1, Processes: []api.Process{{PID: 7, Name: "xray"}}}),
	})
	if got := must[api.Metrics](t, b, "/api/proxy/1/metrics/live"); got.ServerName != "now" {
		t.Errorf("answer of %q", got.ServerName)
	}
	if got := must[api.Processes](t, b, "/api/proxy/1/processes"); got.Count != 1 || got.Processes[0].PID != 7 {
		t.Errorf("%+v", got)
	}
}

// What an agent does wrong becomes 502 or 504, never an answer that a browser would take for its own.
func TestLiveFailures(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	status := func(code int) string {
		return agent(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }})
	}
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	f := func(agentURL string, wantStatus int, wantCode string) {
		t.Helper()
		b := start(t)
		b.svc.agentTimeout = 200 * time.Millisecond
		b.fleet.agents[1] = agentURL
		b.refused(t, "/api/proxy/1/metrics/live", wantStatus, wantCode, "")
		b.refused(t, "/api/proxy/1/processes", wantStatus, wantCode, "")
	}
	f("http://"+closed.Addr().String(), 502, "agent_unreachable")
	f(status(500), 502, "agent_unreachable")
	f(status(401), 502, "agent_unreachable")
	f(status(403), 502, "agent_unreachable")
	f(status(429), 502, "agent_unreachable")
	f(agent(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }}), 502, "agent_unreachable")
	f(agent(t, map[string]http.HandlerFunc{"/": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}}), 504, "agent_timeout")
}

func TestDisabledServerIsNotAsked(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.fleet.agents[3] = agent(t, map[string]http.HandlerFunc{"/": func(http.ResponseWriter, *http.Request) {
		t.Error("the agent of a disabled server was asked")
	}})
	b.refused(t, "/api/proxy/3/metrics/live", 503, "monitoring_disabled", "")
	b.refused(t, "/api/proxy/3/processes", 503, "monitoring_disabled", "")
}
