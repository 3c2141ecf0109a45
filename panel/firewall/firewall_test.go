package firewall

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
)

// bench is the feature before an agent whose answers a test writes.
type bench struct {
	url, agent string

	mu       sync.Mutex
	changes  []api.FirewallChange
	confirms int
	reverts  []string
	changed  int                                // how often others were told
	shut     bool                               // for new connections
	confirm  func(n int, w http.ResponseWriter) // the n-th attempt, from 1
	seconds  int
}

func (b *bench) Control(id int64, _ fleet.Need) (*api.Client, error) {
	if id != 1 {
		return nil, storage.ErrNotFound
	}
	return api.NewClient(b.agent, http.DefaultClient), nil
}

func (b *bench) Fresh(id int64, need fleet.Need) (*api.Client, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		return api.NewClient("http://127.0.0.1:1", http.DefaultClient), nil
	}
	return b.Control(id, need)
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{seconds: 30, confirm: func(_ int, w http.ResponseWriter) { _, _ = io.WriteString(w, "{}") }}
	agent := http.NewServeMux()
	agent.HandleFunc("POST /v1/firewall/changes", func(w http.ResponseWriter, r *http.Request) {
		var c api.FirewallChange
		_ = json.NewDecoder(r.Body).Decode(&c)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.changes = append(b.changes, c)
		_ = json.NewEncoder(w).Encode(api.FirewallPending{ID: "x", ConfirmSeconds: b.seconds, Output: "Rule added"})
	})
	agent.HandleFunc("POST /v1/firewall/confirm", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.confirms++
		b.confirm(b.confirms, w)
	})
	agent.HandleFunc("GET /v1/firewall", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"installed":true}`) })
	agent.HandleFunc("POST /v1/firewall/revert", func(w http.ResponseWriter, r *http.Request) {
		var c api.FirewallConfirm
		_ = json.NewDecoder(r.Body).Decode(&c)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.reverts = append(b.reverts, c.ID)
		_, _ = io.WriteString(w, "{}")
	})
	agentServer := httptest.NewServer(agent)
	t.Cleanup(agentServer.Close)
	b.agent = agentServer.URL
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	feature := New(Options{Fleet: b, Log: log, Changed: func(int64) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.changed++
	}})
	mux := resttest.Open(t)
	mux.Mount("/{id}", rest.Only(rest.Session), feature.Routes)
	mux.Mount("/fleet", rest.Only(rest.Session), feature.FleetRoutes)
	b.url = resttest.Listen(t, mux)
	return b
}

func (b *bench) call(t *testing.T, method, path, body string, status int, want string) {
	t.Helper()
	resttest.Want(t, method, b.url+path, body, status, want)
}

// TestRequests: each endpoint of the predecessor becomes the right change.
func TestRequests(t *testing.T) {
	t.Parallel()
	b := start(t)
	f := func(method, path, body string, want api.FirewallChange) {
		t.Helper()
		b.changes = nil
		b.call(t, method, "/1"+path, body, 200, `"success":true`)
		if len(b.changes) != 1 || b.changes[0] != want {
			t.Errorf("%s %s %s: %+v, want %+v", method, path, body, b.changes, want)
		}
	}
	f("POST", "/allow", `{"port":443,"protocol":"tcp"}`, api.FirewallChange{Op: "add", Action: "allow", Ports: "443", Protocol: "tcp"})
	f("POST", "/allow", `{"port":53,"protocol":"any"}`, api.FirewallChange{Op: "add", Action: "allow", Ports: "53", Protocol: "any"})
	f("POST", "/deny", `{"port":443}`, api.FirewallChange{Op: "delete_port", Action: "allow", Ports: "443", Protocol: "tcp"})
	f("POST", "/rule", `{"port":25,"protocol":"udp","action":"deny","from_ip":" 10.0.0.0/8 ","direction":"out"}`,
		api.FirewallChange{Op: "add", Action: "deny", Direction: "out", Ports: "25", Protocol: "udp", From: "10.0.0.0/8"})
	f("POST", "/rule", `{"ports":"1:2","action":"limit","from_ip":"Anywhere","comment":"x"}`,
		api.FirewallChange{Op: "add", Action: "limit", Ports: "1:2", Protocol: "tcp", Comment: "x"})
	f("DELETE", "/rule/7?expect=22/tcp+ALLOW+Anywhere", "", api.FirewallChange{Op: "delete", Number: 7, Expect: "22/tcp ALLOW Anywhere"})
	f("DELETE", "/80?protocol=udp", "", api.FirewallChange{Op: "delete_port", Ports: "80", Protocol: "udp"})
	f("DELETE", "/6000:6007", "", api.FirewallChange{Op: "delete_port", Ports: "6000:6007", Protocol: "tcp"})
	f("POST", "/enable", "", api.FirewallChange{Op: "enable"})
	f("POST", "/disable", "", api.FirewallChange{Op: "disable"})

	b.call(t, "POST", "/1/allow", `{"port":0}`, 400, `"field":"port"`)
	b.call(t, "POST", "/1/rule", `{"action":"allow"}`, 400, `"field":"port"`)
	b.call(t, "DELETE", "/1/rule/x", "", 404, "not_found")
	b.call(t, "POST", "/2/enable", "", 404, "not_found")
}

// TestConfirmation: an agent that cannot be reached is asked again, one that says no is not.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.confirm = func(n int, w http.ResponseWriter) {
		if n < 3 {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		_, _ = io.WriteString(w, "{}")
	}
	b.call(t, "POST", "/1/enable", "", 200, `"success":true`)
	if b.confirms != 3 {
		t.Errorf("%d attempts", b.confirms)
	}
	b = start(t)
	b.confirm = func(_ int, w http.ResponseWriter) {
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(api.Failure{Code: api.CodeNotFound, Detail: "taken back already"})
	}
	b.call(t, "POST", "/1/enable", "", 502, "taken back already")
	if b.confirms != 1 {
		t.Errorf("%d attempts", b.confirms)
	}
	b = start(t)
	b.seconds = 1
	b.confirm = func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) }
	b.call(t, "POST", "/1/enable", "", 502, `"code":"reverted"`)
}
