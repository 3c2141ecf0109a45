package haproxy

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// agents are those of servers 1 (answers by handlers), by plain HTTP.
type agents struct {
	mux *http.ServeMux
	url string
	ro  bool // the owner allows to look only
}

func (a *agents) Control(id int64, need fleet.Need) (*api.Client, error) {
	if id != 1 {
		return nil, storage.ErrNotFound
	}
	if a.ro && need.Write {
		return nil, rest.Fail(http.StatusConflict, api.CodeRestricted, "restricted")
	}
	return api.NewClient(a.url, http.DefaultClient), nil
}

// bench is the feature's handlers before an agent whose answers a test writes.
type bench struct {
	*agents
	svc *Service
	url string
}

func start(t *testing.T) *bench {
	t.Helper()
	a := &agents{mux: http.NewServeMux()}
	agent := httptest.NewServer(a.mux)
	t.Cleanup(agent.Close)
	a.url = agent.URL
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b := &bench{agents: a, svc: New(Options{Fleet: a, Log: log})}
	mux := rest.NewMux(func(_ rest.Role, next http.Handler) http.Handler { return next }, log)
	mux.Mount("/api/proxy/{id}/haproxy", rest.Access{Read: rest.FleetRead, Write: rest.FleetWrite}, b.svc.Routes)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

// answers makes the agent answer a path with a value.
func (b *bench) answers(pattern string, v any) {
	b.mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) })
}

// call sends one request and checks the status and a part of the answer.
func (b *bench) call(t *testing.T, method, path, body string, wantStatus int, want string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != wantStatus || !strings.Contains(string(got), want) {
		t.Errorf("%s %s: %d %s, %v; want %d with %s", method, path, resp.StatusCode, got, err, wantStatus, want)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.answers("GET /v1/haproxy/status", api.HAProxyStatus{Installed: true, ConfigPath: "/etc/haproxy/haproxy.cfg"})
	b.call(t, "GET", "/api/proxy/1/haproxy/status", "", 200, `"config_path":"/etc/haproxy/haproxy.cfg"`)
	b.call(t, "GET", "/api/proxy/2/haproxy/status", "", 404, "not_found")
	b.call(t, "GET", "/api/proxy/x/haproxy/status", "", 404, "not_found")
}
