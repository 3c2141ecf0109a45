package haproxy

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/words"
)

// agents are those of server 1 (answers by handlers, in plain HTTP) and of server 3, which is offline.
type agents struct {
	mux *http.ServeMux
	url string
	ro  atomic.Bool // the owner allows to look only
}

func (a *agents) Control(id int64, need fleet.Need) (*api.Client, error) {
	if id != 1 && id != 3 {
		return nil, storage.ErrNotFound
	}
	if a.ro.Load() && need.Write {
		return nil, rest.Fail(http.StatusConflict, api.CodeRestricted, "restricted by the node's owner")
	}
	return api.NewClient(a.url, http.DefaultClient), nil
}

func (a *agents) Active() []storage.Server { return []storage.Server{{ID: 1}, {ID: 3}} }

func (a *agents) Status(id int64) string {
	if id == 3 {
		return fleet.StatusOffline
	}
	return fleet.StatusOnline
}

// bench is the feature's handlers before an agent whose answers a test writes.
type bench struct {
	*agents
	svc   *Service
	url   string
	noted atomic.Value // what the audit log was told last
}

func start(t *testing.T) *bench {
	t.Helper()
	a := &agents{mux: http.NewServeMux()}
	agent := httptest.NewServer(a.mux)
	t.Cleanup(agent.Close)
	a.url = agent.URL
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b := &bench{agents: a, svc: New(Options{Fleet: a, Log: log, Interval: func() time.Duration { return time.Minute }})}
	mux := rest.NewMux(func(_ rest.Role, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				target, detail := rest.Noted(r.Context())
				b.noted.Store(target + ": " + detail)
			}()
			next.ServeHTTP(w, r)
		})
	}, log)
	mux.Mount("/api/proxy/{id}/haproxy/certs", rest.Access{Read: rest.FleetRead, Write: rest.FleetWrite}, b.svc.CertRoutes)
	mux.Mount("/api/proxy/{id}/haproxy", rest.Access{Read: rest.FleetRead, Write: rest.FleetWrite}, b.svc.Routes)
	mux.Mount("/api/proxy/{id}/haproxy", rest.Only(rest.FleetWrite), b.svc.ConfigRoutes)
	b.url = resttest.Listen(t, mux)
	return b
}

// answers makes the agent answer a path with a value.
func (b *bench) answers(pattern string, v any) {
	b.mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) })
}

// call sends one request and checks the status and a part of the answer.
func (b *bench) call(t *testing.T, method, path, body string, wantStatus int, want string) {
	t.Helper()
	resttest.Want(t, method, b.url+path, body, wantStatus, want)
}

// expects makes the agent check the request and answer it.
func (b *bench) expects(t *testing.T, pattern, wantQuery, wantBody string, answer any) {
	b.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.RawQuery != wantQuery || string(body) != wantBody {
			t.Errorf("%s: query %q, body %s, %v; want %q, %s", pattern, r.URL.RawQuery, body, err, wantQuery, wantBody)
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// Every question arrives at the agent as it was asked, and its answer at the client.
func TestQuestionsArePassedOn(t *testing.T) {
	t.Parallel()
	b := start(t)
	const base = "/api/proxy/1/haproxy"
	b.answers("GET /v1/haproxy/status", api.HAProxyStatus{Installed: true, ConfigPath: "/etc/haproxy/haproxy.cfg"})
	b.call(t, "GET", base+"/status", "", 200, `"config_path":"/etc/haproxy/haproxy.cfg"`)
	b.answers("GET /v1/haproxy/stats", api.HAProxyStats{Version: "2.6"})
	b.call(t, "GET", base+"/stats", "", 200, `"version":"2.6"`)
	b.answers("GET /v1/haproxy/rules", api.HAProxyRules{Count: 1, Rules: []api.HAProxyRule{{Name: "a"}}})
	b.call(t, "GET", base+"/rules", "", 200, `"count":1`)
	b.answers("GET /v1/haproxy/rules/a-1", api.HAProxyRule{Name: "a-1"})
	b.call(t, "GET", base+"/rules/a-1", "", 200, `"name":"a-1"`)
	b.answers("GET /v1/haproxy/validate", api.Validation{Valid: true})
	b.call(t, "POST", base+"/validate", "", 200, `"valid":true`)
	b.answers("GET /v1/haproxy/config", api.HAProxyConfig{Content: "global\n"})
	b.call(t, "GET", base+"/config", "", 200, `"content":"global\n"`)
	b.expects(t, "GET /v1/haproxy/logs", "tail=7", "", api.Logs{Logs: "line"})
	b.call(t, "GET", base+"/logs?tail=7", "", 200, `"logs":"line"`)
	b.call(t, "GET", base+"/logs?tail=0", "", 400, `"field":"tail"`)
}

func TestChangesArePassedOn(t *testing.T) {
	t.Parallel()
	b := start(t)
	const base = "/api/proxy/1/haproxy"
	changed := api.HAProxyChanged{Changed: api.Changed{Success: true, Message: "done"}, Reloaded: true}
	rule := `{"name":"a","rule_type":"tcp","listen_port":443,"target_ip":"192.0.2.1","target_port":8443,"target_ssl":false,"send_proxy":true}`
	b.expects(t, "POST /v1/haproxy/rules", "dry_run=true&if_config=abc", rule, changed)
	b.call(t, "POST", base+"/rules?if_config=abc&dry_run=true", rule, 200, `"reloaded":true`)
	b.expects(t, "PUT /v1/haproxy/rules/a", "", `{"listen_port":444}`, changed)
	b.call(t, "PUT", base+"/rules/a", `{"listen_port":444}`, 200, `"message":"done"`)
	b.expects(t, "DELETE /v1/haproxy/rules/a", "", "", changed)
	b.call(t, "DELETE", base+"/rules/a", "", 200, `"success":true`)
	for _, action := range []string{"install", "start", "stop", "restart", "reload"} {
		b.expects(t, "POST /v1/haproxy/"+action, "", "", api.Changed{Success: true, Message: action})
		b.call(t, "POST", base+"/"+action, "", 200, action)
	}
	b.expects(t, "PUT /v1/haproxy/config", "", `{"config_content":"global\n","reload_after":false}`, changed)
	b.call(t, "POST", base+"/config/apply", `{"config_content":"global\n","reload_after":false}`, 200, `"success":true`)
	b.expects(t, "POST /v1/haproxy/config/regenerate", "preserve_rules=false", "", changed)
	b.call(t, "POST", base+"/config/regenerate?preserve_rules=false", "", 200, `"success":true`)
	b.expects(t, "POST /v1/haproxy/servers/b/srv1", "", `{"state":"maint"}`, api.Changed{Success: true})
	b.call(t, "POST", base+"/servers/b/srv1", `{"state":"maint"}`, 200, `"success":true`)

	b.call(t, "POST", base+"/rules", strings.Replace(rule, "443", "70000", 1), 400, `"field":"listen_port"`)
	b.call(t, "POST", base+"/config/apply", `{"config_content":""}`, 400, `"field":"config_content"`)
	b.call(t, "PUT", base+"/rules/a", `{"name":"b"}`, 400, "unknown_field")
	b.ro.Store(true)
	b.call(t, "POST", base+"/reload", "", 409, `"code":"restricted"`)
	b.call(t, "POST", "/api/proxy/2/haproxy/reload", "", 404, "not_found")
}

// The audit log names what is changed, and tells what was only tried.
func TestNotes(t *testing.T) {
	t.Parallel()
	b := start(t)
	for _, path := range []string{"POST /v1/haproxy/rules", "PUT /v1/haproxy/rules/a", "DELETE /v1/haproxy/rules/a", "PUT /v1/haproxy/config", "POST /v1/haproxy/config/regenerate"} {
		b.answers(path, api.HAProxyChanged{})
	}
	f := func(method, path, body, want string) {
		t.Helper()
		b.call(t, method, "/api/proxy/1/haproxy"+path, body, 200, "success")
		for end := time.Now().Add(time.Minute); b.noted.Load() != want; time.Sleep(time.Millisecond) { // it is noted after the answer
			if time.Now().After(end) {
				t.Fatalf("%s %s: %q, want %q", method, path, b.noted.Load(), want)
			}
		}
	}
	rule := `{"name":"a","rule_type":"tcp","listen_port":443,"target_ip":"192.0.2.1","target_port":8443}`
	f("POST", "/rules", rule, "a: tcp :443 → 192.0.2.1:8443")
	f("POST", "/rules?dry_run=true", rule, "a: tcp :443 → 192.0.2.1:8443, only checked")
	f("PUT", "/rules/a", `{"listen_port":444}`, "a: ")
	f("PUT", "/rules/a?dry_run=true", `{"listen_port":444}`, "a: only checked")
	f("DELETE", "/rules/a", "", "a: ")
	f("DELETE", "/rules/a?dry_run=true", "", "a: only checked")
	f("POST", "/config/apply?dry_run=true", `{"config_content":"global\n"}`, "configuration: 7 bytes, only checked")
	f("POST", "/config/regenerate", "", "configuration: regenerate, preserve rules: true")
}

// What HAProxy itself says reaches the operator.
func TestRefusal(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.mux.HandleFunc("POST /v1/haproxy/reload", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(422)
		_ = json.NewEncoder(w).Encode(api.Failure{Code: api.CodeRefused, Detail: "not valid", Log: "[ALERT] line 3"})
	})
	b.call(t, "POST", "/api/proxy/1/haproxy/reload", "", 422, `{"detail":"not valid","code":"refused","error_log":"[ALERT] line 3"}`)
}

// The page opens from memory: at once, with the age, also when the agent hangs; a change makes the server due.
func TestCache(t *testing.T) {
	t.Parallel()
	b := start(t)
	const path = "/api/proxy/1/haproxy/cached"
	b.call(t, "GET", path, "", 503, `"code":"no_data"`)
	b.call(t, "GET", "/api/proxy/2/haproxy/cached", "", 404, "not_found")
	var asked atomic.Int64
	hang, release := atomic.Bool{}, make(chan struct{})
	defer close(release)
	b.mux.HandleFunc("GET /v1/haproxy", func(w http.ResponseWriter, r *http.Request) {
		if hang.Load() {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		_ = json.NewEncoder(w).Encode(api.HAProxyState{Status: api.HAProxyStatus{Running: true}, Rules: api.HAProxyRules{Count: int(asked.Add(1)), Rules: []api.HAProxyRule{}}})
	})
	b.answers("POST /v1/haproxy/reload", api.Changed{Success: true})
	b.answers("GET /v1/certs", api.Certs{Count: 4, Certificates: []api.Cert{}})
	b.mux.HandleFunc("GET /v1/firewall/status", func(w http.ResponseWriter, _ *http.Request) { // its owner has closed it
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(api.Failure{Code: api.CodeRestricted, Detail: "closed"})
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.svc.Run(ctx) }()
	holds := func(count int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if c, ok := b.svc.cache.get(1); ok && c.Rules.Count == count {
				if c.Certs == nil || c.Certs.Count != 4 || c.Firewall != nil || c.LastError != "" {
					t.Errorf("round %d: %+v", count, c)
				}
				return
			}
			if time.Now().After(end) {
				t.Fatalf("the cache does not get round %d", count)
			}
		}
	}
	holds(1)
	b.call(t, "GET", path, "", 200, `"running":true`)
	b.call(t, "GET", "/api/proxy/3/haproxy/cached", "", 503, "no_data") // offline, not asked
	b.call(t, "POST", "/api/proxy/1/haproxy/reload", "", 200, "success")
	holds(2) // long before the minute is over
	hang.Store(true)
	b.call(t, "POST", "/api/proxy/1/haproxy/reload", "", 200, "success")
	began := time.Now()
	b.call(t, "GET", path, "", 200, `"count":2`)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the cache took %s while the agent hangs", took)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What the owner of a node has closed is null in the answer, and not an empty list.
func TestClosedPartsAreNull(t *testing.T) {
	t.Parallel()
	b := start(t)
	closed := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(api.Failure{Code: api.CodeRestricted, Detail: "closed"})
	}
	b.mux.HandleFunc("GET /v1/haproxy", closed)
	b.mux.HandleFunc("GET /v1/certs", closed)
	b.answers("GET /v1/firewall", api.FirewallStatus{Active: true})
	b.mux.HandleFunc("GET /v1/firewall/rules", closed)
	b.svc.cache.due(map[int64]bool{1: true}, time.Minute, time.Now())
	b.svc.collect(t.Context(), 1)
	c, ok := b.svc.cache.get(1)
	if !ok || c.Status != nil || c.Rules != nil || c.Certs != nil || c.LastError != "" || c.Firewall == nil || !c.Firewall.Status.Active || c.Firewall.Rules != nil {
		t.Errorf("%+v", c)
	}
}

// Why a round failed, and what an agent finds wrong, can be said in another language; words that do not fit are dropped.
func TestWordsOfTheCache(t *testing.T) {
	t.Parallel()
	b := start(t)
	fits, alien := words.Say("the end marker is missing"), words.Say("all is well")
	b.answers("GET /v1/haproxy", api.HAProxyState{Rules: api.HAProxyRules{Problem: fits.English, ProblemWords: &fits}})
	b.answers("GET /v1/certs", api.Certs{Certificates: []api.Cert{{Problem: "it is damaged", ProblemWords: &alien}}})
	b.answers("GET /v1/firewall", api.FirewallStatus{Error: fits.English, ErrorWords: &fits})
	var ruled atomic.Bool
	b.mux.HandleFunc("GET /v1/firewall/rules", func(w http.ResponseWriter, _ *http.Request) {
		if ruled.Load() {
			_ = json.NewEncoder(w).Encode(api.FirewallRules{})
			return
		}
		w.WriteHeader(422)
		_ = json.NewEncoder(w).Encode(api.Failure{Code: api.CodeRefused, Detail: fits.English, Words: &fits})
	})
	round := func() CachedResponse {
		t.Helper()
		b.svc.cache.due(map[int64]bool{1: true}, 0, time.Now())
		b.svc.collect(t.Context(), 1)
		b.svc.cache.mu.Lock()
		defer b.svc.cache.mu.Unlock()
		return b.svc.cache.entries[1].response
	}
	if c := round(); c.LastError != fits.English || c.LastErrorWords == nil || c.LastErrorWords.Code != fits.Code {
		t.Errorf("a failed round: %+v", c)
	}
	ruled.Store(true)
	c := round()
	if c.LastError != "" || c.LastErrorWords != nil {
		t.Errorf("a good round: %+v", c)
	}
	if w := c.Rules.ProblemWords; w == nil || w.Code != fits.Code {
		t.Errorf("rules: %+v", w)
	}
	if w := c.Firewall.Status.ErrorWords; w == nil || w.Code != fits.Code {
		t.Errorf("firewall: %+v", w)
	}
	if got := c.Certs.Certificates[0]; got.Problem != "it is damaged" || got.ProblemWords != nil {
		t.Errorf("certificate: %+v", got)
	}
}

func TestCacheForgetsAndKeeps(t *testing.T) {
	t.Parallel()
	c, now := newCache(), time.Now()
	one := map[int64]bool{1: true}
	f := func(active map[int64]bool, at time.Time, want int) {
		t.Helper()
		if got := c.due(active, time.Minute, at); len(got) != want {
			t.Errorf("%d due, want %d", len(got), want)
		}
	}
	f(one, now, 1)
	f(one, now.Add(time.Hour), 0) // still running
	c.put(1, CachedResponse{}, nil, now)
	f(one, now.Add(59*time.Second), 0)
	f(one, now.Add(60*time.Second), 1)
	c.put(1, CachedResponse{}, errOffline, now.Add(61*time.Second))
	if got, ok := c.get(1); !ok || got.LastError != "the server is offline" || got.LastErrorWords == nil || got.LastErrorWords.Code != "the_server_is_offline" || !got.CachedAt.Equal(now) {
		t.Errorf("after a failed round: %+v", got)
	}
	f(one, now.Add(65*time.Second), 0)
	f(one, now.Add(66*time.Second), 1) // again soon
	c.put(1, CachedResponse{}, nil, now)
	c.expire(1)
	f(one, now.Add(67*time.Second), 1)
	f(nil, now, 0)
	c.put(1, CachedResponse{}, nil, now)
	if _, ok := c.get(1); ok {
		t.Error("a server that is gone is remembered")
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	b := start(t)
	const base = "/api/proxy/1/haproxy/certs"
	b.answers("GET /v1/certs", api.Certs{Count: 3, Certificates: []api.Cert{
		{Domain: "b.test", Source: api.SourceCertbot, DaysLeft: 1}, {Domain: "b.test", Source: api.SourceAgent, DaysLeft: 2}, {Domain: "a.test", DaysLeft: 3}}})
	b.call(t, "GET", base+"/all", "", 200, `"count":3`)
	b.call(t, "GET", base, "", 200, `{"certificates":["a.test","b.test"],"count":2}`)
	b.call(t, "GET", base+"/b.test", "", 200, `"source":"agent"`)
	b.call(t, "GET", base+"/c.test", "", 404, `"code":"not_found"`)
	b.expects(t, "POST /v1/certs/issue", "", `{"domain":"a.test","method":"standalone"}`, api.CertChanged{Success: true, Domain: "a.test"})
	b.call(t, "POST", base+"/generate", `{"domain":"a.test","method":"standalone"}`, 200, `"domain":"a.test"`)
	b.call(t, "POST", base+"/generate", `{"domain":"../a","method":"standalone"}`, 400, `"field":"domain"`)
	b.expects(t, "POST /v1/certs/upload", "", `{"domain":"a.test","cert_content":"C","key_content":"K"}`, api.CertChanged{Success: true})
	b.call(t, "POST", base+"/upload", `{"domain":"a.test","cert_content":"C","key_content":"K"}`, 200, `"success":true`)
	b.expects(t, "POST /v1/certs/renew", "", "", api.CertChanged{Success: true, RenewedDomains: []string{"a.test"}})
	b.call(t, "POST", base+"/renew", "", 200, `"renewed_domains":["a.test"]`)
	b.expects(t, "POST /v1/certs/domains/a.test/renew", "", "", api.CertChanged{Success: true, Domain: "a.test"})
	b.call(t, "POST", base+"/a.test/renew", "", 200, `"domain":"a.test"`)
	b.expects(t, "DELETE /v1/certs/domains/a.test", "", "", api.Changed{Success: true})
	b.call(t, "DELETE", base+"/a.test", "", 200, `"success":true`)
	b.answers("GET /v1/certs/renewal", api.CertRenewal{Enabled: true})
	b.call(t, "GET", base+"/cron/status", "", 200, `"enabled":true`)
	for _, action := range []string{"enable", "disable"} {
		b.expects(t, "POST /v1/certs/renewal/"+action, "", "", api.CertRenewal{Schedule: action})
		b.call(t, "POST", base+"/cron/"+action, "", 200, action)
	}
	b.ro.Store(true)
	b.call(t, "POST", base+"/renew", "", 409, `"code":"restricted"`)
}
