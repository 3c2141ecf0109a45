package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/storage/storagetest"
)

// tour calls routes and remembers which ones, so that the golden list can be checked against them.
type tour struct {
	*testPanel
	seen map[string]bool
}

// get, post, put and del take a route pattern and the values of its parameters. They demand success.
func (c *tour) get(t *testing.T, out any, pattern string, args ...any) {
	c.do(t, "GET", pattern, nil, out, args)
}
func (c *tour) post(t *testing.T, body, out any, pattern string, args ...any) {
	c.do(t, "POST", pattern, body, out, args)
}
func (c *tour) put(t *testing.T, body, out any, pattern string, args ...any) {
	c.do(t, "PUT", pattern, body, out, args)
}
func (c *tour) del(t *testing.T, pattern string, args ...any) {
	c.do(t, "DELETE", pattern, nil, nil, args)
}

// restricted calls a route that the node's owner has closed.
func (c *tour) restricted(t *testing.T, method string, body any, pattern string, args ...any) {
	t.Helper()
	path := c.visit(method, pattern, args)
	var e struct{ Code string }
	if status, b := c.call(t, method, path, body); status != http.StatusConflict || json.Unmarshal(b, &e) != nil || e.Code != "restricted" {
		t.Errorf("%s %s: %d %s, want it restricted", method, path, status, b)
	}
}

func (c *tour) do(t *testing.T, method, pattern string, body, out any, args []any) {
	t.Helper()
	c.must(t, method, c.visit(method, pattern, args), body, out)
}

// visit remembers a route and returns its path.
func (c *tour) visit(method, pattern string, args []any) string {
	route, query, _ := strings.Cut(pattern, "?")
	c.seen[method+" "+route] = true
	parts := strings.Split(route, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i], args = fmt.Sprint(args[0]), args[1:]
		}
	}
	path := strings.Join(parts, "/")
	if query != "" {
		path += "?" + query
	}
	return path
}

type installAnswer struct {
	Server  struct{ ID int64 }
	Install struct{ Command, Token string }
}

// TestEveryRoute drives a real panel with a real agent through every route of the golden list.
func TestEveryRoute(t *testing.T) {
	t.Parallel()
	c := &tour{startPanelIn(t, t.TempDir(), withEngine(t, map[string]string{"POSTGRES_DSN": storagetest.PostgresDSN(t)})), map[string]bool{}}
	putAgentBinaries(t, c.dir)
	c.signIn(t)
	id := c.addServer(t)
	c.servers(t, id)
	c.history(t, id)
	c.control(t, id)
	c.prometheus(t)
	c.sql(t)
	c.stream(t)
	c.operator(t)
	c.folders(t, id)
	c.billing(t)
	c.alerts(t, id)
	c.events(t, id) // stops the scrapes for a moment, so it comes late
	c.remove(t, id)

	golden, err := os.ReadFile("testdata/routes.golden")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		method, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		path, _, _ := strings.Cut(rest, " ")
		if !c.seen[method+" "+path] {
			t.Errorf("no test calls %s %s", method, path)
		}
		delete(c.seen, method+" "+path)
	}
	for _, route := range slices.Sorted(maps.Keys(c.seen)) {
		t.Errorf("%s is not in the golden list", route)
	}
}

func (c *tour) signIn(t *testing.T) {
	var check struct{ Authenticated bool }
	c.get(t, &check, "/api/auth/check")
	if check.Authenticated {
		t.Error("a stranger counts as authenticated")
	}
	c.post(t, map[string]string{"uid": c.uid}, nil, "/api/auth/validate-uid")
	var answer struct{ Token string }
	c.post(t, map[string]string{"password": "  " + testPassword + "\n"}, &answer, "/api/auth/login")
	c.token = answer.Token
	c.get(t, &check, "/api/auth/check")
	if !check.Authenticated {
		t.Error("after a login the session does not count")
	}
	c.get(t, nil, "/api/auth/ban-status")
}

// addServer joins a real agent and waits for its first scrape.
func (c *tour) addServer(t *testing.T) int64 {
	var added installAnswer
	port := freePort(t)
	c.post(t, map[string]string{"name": "alpha", "url": fmt.Sprintf("https://127.0.0.1:%d", port), "preset": "monitor"}, &added, "/api/servers")
	id := added.Server.ID
	code := joinCode(t, added.Install.Command)
	for _, route := range []string{"GET /api/join/{code}/install.sh", "GET /api/join/{code}/token", "GET /api/join/{code}/agent-{arch}"} {
		c.seen[route] = true
		file := strings.ReplaceAll(route[strings.LastIndex(route, "/")+1:], "{arch}", runtime.GOARCH)
		if status, body := c.call(t, "GET", "/api/join/"+code+"/"+file, nil); status != 200 || len(body) == 0 {
			t.Errorf("%s: status %d, %d bytes", file, status, len(body))
		}
	}
	var again installAnswer
	c.post(t, nil, &again, "/api/servers/{id}/install", id)
	startAgent(t, again.Install.Token, port)
	eventually(t, "the agent joins", wait, func() bool {
		var s struct{ Joined bool }
		c.get(t, &s, "/api/servers/{id}/join-status", id)
		return s.Joined
	})
	var last []byte
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last word about the agent: %s", last)
		}
	})
	eventually(t, "the first document arrives", wait, func() bool {
		_, last = c.call(t, "GET", fmt.Sprintf("/api/servers/%d", id), nil)
		status, _ := c.call(t, "GET", fmt.Sprintf("/api/proxy/%d/metrics", id), nil)
		return status == http.StatusOK
	})
	return id
}

func joinCode(t *testing.T, command string) string {
	t.Helper()
	_, rest, ok := strings.Cut(command, "/api/join/")
	code, _, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		t.Fatalf("install command: %s", command)
	}
	return code
}

func (c *tour) servers(t *testing.T, id int64) {
	var tested struct {
		Success    bool
		ServerName string `json:"server_name"`
		Version    string
	}
	c.post(t, nil, &tested, "/api/servers/{id}/test", id)
	if host, _ := os.Hostname(); !tested.Success || tested.ServerName != host {
		t.Errorf("test: %+v", tested)
	}
	var bulk struct {
		Results []struct{ Success bool }
	}
	c.post(t, map[string]any{"preset": "monitor", "servers": []map[string]string{
		{"name": "beta", "url": "127.0.0.1:9"}, {"name": "", "url": "127.0.0.1:10"}}}, &bulk, "/api/servers/bulk")
	if len(bulk.Results) != 2 || !bulk.Results[0].Success || bulk.Results[1].Success {
		t.Errorf("bulk: %+v", bulk)
	}
	c.put(t, map[string]string{"name": "alpha-1"}, nil, "/api/servers/{id}", id)
	var one struct {
		Name   string
		APIKey string `json:"api_key"`
	}
	c.get(t, &one, "/api/servers/{id}", id)
	if one.Name != "alpha-1" || one.APIKey != "***" {
		t.Errorf("server: %+v", one)
	}
	var list struct {
		Count   int
		Servers []struct {
			ID      int64
			Status  string
			Metrics *struct {
				CPU struct {
					Cores int `json:"cores_logical"`
				}
			}
		}
	}
	c.get(t, &list, "/api/servers?include_metrics=true")
	for _, s := range list.Servers {
		if s.ID == id && (s.Status != "online" || s.Metrics == nil || s.Metrics.CPU.Cores != runtime.NumCPU()) {
			t.Errorf("the joined server in the list: %+v", s)
		}
	}
	ids := []int64{}
	for _, s := range slices.Backward(list.Servers) {
		ids = append(ids, s.ID)
	}
	c.post(t, map[string]any{"server_ids": ids}, nil, "/api/servers/reorder")
	c.get(t, &list, "/api/servers")
	if list.Servers[0].ID != ids[0] {
		t.Errorf("order after reorder: %+v", list.Servers)
	}
}

func (c *tour) history(t *testing.T, id int64) {
	c.get(t, nil, "/api/proxy/{id}/metrics", id)
	c.get(t, nil, "/api/proxy/{id}/metrics/live", id)
	var processes struct{ Count int }
	c.get(t, &processes, "/api/proxy/{id}/processes", id)
	if processes.Count == 0 {
		t.Error("no processes")
	}
	eventually(t, "a point arrives in the history", wait, func() bool {
		var h struct{ Data []map[string]any }
		c.get(t, &h, "/api/proxy/{id}/metrics/history?period=1h", id)
		return slices.ContainsFunc(h.Data, func(p map[string]any) bool { // the first may be from before the agent knew a rate
			return p["cpu_usage"] != nil && p["memory_percent"] != nil
		})
	})
	var page struct{ Charts []struct{ ID string } }
	c.get(t, &page, "/api/dashboards/{page}", "server")
	for _, chart := range page.Charts {
		var data struct{ Timestamps []int64 }
		c.get(t, &data, "/api/proxy/{id}/metrics/chart/{chart}?period=1h", id, chart.ID)
		if len(data.Timestamps) == 0 {
			t.Errorf("chart %s has no time axis", chart.ID)
		}
	}
	c.get(t, nil, "/api/fleet/sparklines")
}

// events has the monitoring of a server stopped and started, which its events tell.
func (c *tour) events(t *testing.T, id int64) {
	for _, on := range []bool{false, true} {
		c.put(t, map[string]bool{"is_active": on}, nil, "/api/servers/{id}", id)
	}
	var answer struct {
		Events []struct {
			Kind, Actor string
			Title       struct{ Text string }
		}
	}
	c.get(t, &answer, "/api/proxy/{id}/events?period=1h", id)
	var changes []string
	for _, e := range answer.Events {
		if e.Kind == "change" {
			changes = append(changes, e.Title.Text+" by "+e.Actor)
		}
	}
	if want := []string{"monitoring disabled by admin", "monitoring enabled by admin"}; !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
}

// control drives what is passed on to the agent. The agent is of this machine, so its owner allows to look and no more.
func (c *tour) control(t *testing.T, id int64) {
	c.haproxy(t, id)
	c.firewall(t, id)
	c.commands(t, id)
	c.bulk(t, id)
	c.traffic(t, id)
}

// bulk reaches a server whose owner allows looking only: every change is answered, with the reason why it was not made.
func (c *tour) bulk(t *testing.T, id int64) {
	type result struct {
		ServerID int64 `json:"server_id"`
		State    string
		Code     string
	}
	change := func(method, path string, fields map[string]any) {
		t.Helper()
		body := map[string]any{"server_ids": []int64{id}}
		maps.Copy(body, fields)
		var got []result
		c.do(t, method, "/api/bulk"+path, body, &got, nil)
		if len(got) != 1 || got[0] != (result{id, "skipped", "restricted"}) {
			t.Errorf("%s %s: %+v", method, path, got)
		}
	}
	rule := map[string]any{"listen_port": 443, "target_ip": "192.0.2.1", "target_port": 8443}
	for _, action := range []string{"start", "stop", "restart"} {
		change("POST", "/haproxy/"+action, nil)
	}
	change("DELETE", "/haproxy/rules", rule)
	rule["name"] = "web"
	change("POST", "/haproxy/rules", rule)
	change("POST", "/haproxy/config", map[string]any{"config_content": "global\n"})
	for _, path := range []string{"/traffic/ports", "/firewall/rules"} {
		change("POST", path, map[string]any{"port": 443})
		change("DELETE", path, map[string]any{"port": 443})
	}
	change("POST", "/terminal/execute", map[string]any{"command": "true"})
	var jobs struct{ Jobs []struct{ ID string } }
	c.get(t, &jobs, "/api/bulk/jobs")
	if len(jobs.Jobs) != 11 {
		t.Fatalf("%d jobs", len(jobs.Jobs))
	}
	c.get(t, nil, "/api/bulk/jobs/{id}", jobs.Jobs[0].ID)
	c.post(t, nil, nil, "/api/bulk/jobs/{id}/cancel", jobs.Jobs[0].ID)
	if status, b := c.call(t, "GET", c.visit("GET", "/api/bulk/jobs/{id}/events", []any{jobs.Jobs[0].ID}), nil); status != http.StatusOK || !strings.Contains(string(b), "event: news") {
		t.Errorf("events: %d %s", status, b)
	}
	if status, b := c.call(t, "POST", c.visit("POST", "/api/bulk/jobs/{id}/later", []any{jobs.Jobs[0].ID}), nil); status != http.StatusConflict && status != http.StatusUnprocessableEntity {
		t.Errorf("later: %d %s", status, b) // nobody was offline
	}
	var again struct{ Job struct{ ID string } }
	status, b := c.call(t, "POST", c.visit("POST", "/api/bulk/jobs/{id}/again", []any{jobs.Jobs[0].ID}), nil)
	if status != http.StatusAccepted || json.Unmarshal(b, &again) != nil || again.Job.ID == "" || again.Job.ID == jobs.Jobs[0].ID {
		t.Errorf("again: %d %s", status, b)
	}

	var kept struct{ Operations []struct{ ID int64 } }
	c.post(t, map[string]any{"server_ids": []int64{id}, "kind": "traffic_port_add", "payload": map[string]int{"port": 443}}, &kept, "/api/operations")
	c.get(t, nil, "/api/operations")
	op := kept.Operations[0].ID
	if status, b := c.call(t, "POST", c.visit("POST", "/api/operations/{id}/deliver", []any{op}), nil); status != http.StatusConflict {
		t.Errorf("an operation without a conflict: %d %s", status, b)
	}
	if status, b := c.call(t, "DELETE", c.visit("DELETE", "/api/operations/{id}", []any{op}), nil); status != http.StatusOK && status != http.StatusConflict {
		t.Errorf("cancel: %d %s", status, b) // it may have been tried already, and refused by the owner
	}
}

// commands are closed by the node's owner; TestTerminalOfARealNode runs some.
func (c *tour) commands(t *testing.T, id int64) {
	for _, route := range []string{"execute", "execute-stream"} {
		c.restricted(t, "POST", map[string]any{"command": "true"}, "/api/proxy/{id}/system/"+route, id)
	}
	c.restricted(t, "POST", map[string]any{"cols": 80, "rows": 24}, "/api/proxy/{id}/terminal", id)
	if status, b := c.call(t, "GET", c.visit("GET", "/api/terminal/{ticket}", []any{"made-up"}), nil); status != http.StatusNotFound {
		t.Errorf("a made-up ticket: %d %s", status, b)
	}
	c.restricted(t, "POST", map[string]any{"action": "reboot", "confirm": "reboot"}, "/api/proxy/{id}/power", id)
	c.restricted(t, "POST", map[string]any{"signal": "TERM", "started": 7}, "/api/proxy/{id}/power/processes/{pid}/signal", id, 99)
}

// traffic asks for what has been counted of a server that is minutes old.
func (c *tour) traffic(t *testing.T, id int64) {
	const base = "/api/proxy/{id}/traffic"
	var hourly struct {
		Data []struct{ Hour string }
	}
	c.get(t, &hourly, base+"/hourly?hours=3", id)
	if len(hourly.Data) != 3 || !strings.HasSuffix(hourly.Data[2].Hour, ":00") {
		t.Errorf("hourly: %+v", hourly)
	}
	for _, path := range []string{"/daily?days=2", "/monthly", "/summary", "/interfaces", "/ports", "/cached", "/ports/tracked"} {
		c.get(t, nil, base+path, id)
	}
	c.restricted(t, "POST", map[string]int{"port": 443}, base+"/ports/add", id)
	c.restricted(t, "POST", map[string]int{"port": 443}, base+"/ports/remove", id)
}

// firewall looks at this machine's own, which may have none and may not let us see it. TestFirewallOfARealNode changes one.
func (c *tour) firewall(t *testing.T, id int64) {
	const base = "/api/proxy/{id}/haproxy/firewall"
	c.get(t, nil, base+"/status", id)
	if status, b := c.call(t, "GET", c.visit("GET", base+"/rules", []any{id}), nil); status != http.StatusOK && status != http.StatusBadGateway {
		t.Errorf("rules: %d %s", status, b)
	}
	port := map[string]any{"port": 443, "protocol": "tcp"}
	c.restricted(t, "POST", port, base+"/allow", id)
	c.restricted(t, "POST", port, base+"/deny", id)
	c.restricted(t, "POST", map[string]any{"port": 443, "protocol": "tcp", "action": "allow"}, base+"/rule", id)
	c.restricted(t, "DELETE", nil, base+"/rule/{number}", id, 1)
	c.restricted(t, "DELETE", nil, base+"/{port}?protocol=tcp", id, 443)
	c.restricted(t, "POST", nil, base+"/enable", id)
	c.restricted(t, "POST", nil, base+"/disable", id)
	c.answered(t, "POST", base+"/changes/{change}/keep", []int{404}, id, "none")
	c.answered(t, "POST", base+"/changes/{change}/revert", []int{404}, id, "none")
	c.get(t, nil, "/api/firewall/changes")
}

func (c *tour) prometheus(t *testing.T) {
	var answer struct {
		Status string
		Data   json.RawMessage
	}
	base := "/prometheus/api/v1/"
	for _, q := range []string{"query?query=up", "query_range?query=up&start=" + unixTime(-600) + "&end=" + unixTime(0) + "&step=10",
		"series?match[]=up", "labels", "metadata", "status/buildinfo", "status/tsdb", "alerts",
		"format_query?query=up", "query_exemplars?query=up"} {
		c.get(t, &answer, base+q)
		if answer.Status != "success" {
			t.Errorf("%s: %s", q, answer.Status)
		}
	}
	eventually(t, "the panel has scraped the node and itself", wait, func() bool {
		c.get(t, &answer, base+"label/{name}/values", "job")
		return strings.Contains(string(answer.Data), `"node"`) && strings.Contains(string(answer.Data), `"panel"`)
	})
	c.get(t, &answer, base+"rules")
	if !strings.Contains(string(answer.Data), `"type":"alerting"`) {
		t.Errorf("rules: %s", answer.Data)
	}
	c.get(t, &answer, base+"targets")
	if !strings.Contains(string(answer.Data), `"health":"up"`) {
		t.Errorf("targets: %s", answer.Data)
	}
	for _, route := range []string{"query", "query_range", "series", "labels", "format_query", "query_exemplars"} { // by form, as Grafana does
		c.seen["POST "+base+route] = true
		form := "query=up&match[]=up&start=" + unixTime(-600) + "&end=" + unixTime(0) + "&step=10"
		req, err := http.NewRequestWithContext(t.Context(), "POST", c.base+"/"+c.uid+base+route, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Bearer "+c.token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != 200 {
			t.Errorf("POST %s: status %d", route, resp.StatusCode)
		}
	}
	c.seen["GET /prometheus/federate"] = true
	if status, body := c.call(t, "GET", "/prometheus/federate?match[]=up", nil); status != 200 || !strings.Contains(string(body), `up{instance="127.0.0.1:`) {
		t.Errorf("federation: status %d, %s", status, body)
	}
	c.seen["POST /prometheus/api/v1/read"] = true
	if status, body := c.call(t, "POST", "/prometheus/api/v1/read", nil); status != 400 { // promapi has tests with proper questions
		t.Errorf("remote read of nothing: status %d, %s", status, body)
	}
	c.seen["GET /metrics"] = true
	if status, body := c.call(t, "GET", "/metrics", nil); status != 200 || !strings.Contains(string(body), "panel_scrape_runs_total") {
		t.Errorf("own metrics: status %d", status)
	}
}

func unixTime(offset int64) string { return fmt.Sprint(time.Now().Unix() + offset) }

// stream reads the event stream until live values of the agent arrive.
func (c *tour) stream(t *testing.T) {
	c.seen["GET /api/events"] = true
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", c.base+"/"+c.uid+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if lines.Text() == "event: live" {
			return
		}
	}
	t.Error("the event stream brought no live values")
}

// sql asks the visits as a SQL client does.
func (c *tour) sql(t *testing.T) {
	eventually(t, "the engine starts", wait, func() bool {
		status, _ := c.call(t, "GET", "/clickhouse/ping", nil)
		return status == http.StatusOK
	})
	c.seen["GET /clickhouse/ping"], c.seen["GET /clickhouse"], c.seen["POST /clickhouse"] = true, true, true
	if status, body := c.call(t, "GET", "/clickhouse?query="+url.QueryEscape("SELECT count() FROM visits"), nil); status != 200 || string(body) != "0\n" {
		t.Errorf("GET: %d %s", status, body)
	}
	if status, body := c.call(t, "POST", "/clickhouse?query="+url.QueryEscape("SELECT currentUser(), {n:UInt8} FORMAT JSONCompactEachRow")+"&param_n=7&user=panel&password=x", nil); status != 200 || strings.TrimSpace(string(body)) != `["default", 7]` {
		t.Errorf("POST: %d %s", status, body)
	}
	if status, body := c.call(t, "POST", "/clickhouse?query="+url.QueryEscape("TRUNCATE TABLE visits"), nil); status != 403 || !strings.Contains(string(body), "READONLY") {
		t.Errorf("a write: %d %s", status, body)
	}
}

func (c *tour) operator(t *testing.T) {
	c.put(t, map[string]string{"value": "15"}, nil, "/api/settings/{key}", "metrics_collect_interval")
	var one struct{ Value string }
	c.get(t, &one, "/api/settings/{key}", "metrics_collect_interval")
	if one.Value != "15" {
		t.Errorf("setting: %+v", one)
	}
	c.get(t, nil, "/api/settings")
	c.put(t, map[string]any{"language": "ru", "webhook_url": "https://example.net/secret"}, nil, "/api/notify/settings")
	var notify struct {
		Language   string
		WebhookURL string `json:"webhook_url"`
	}
	c.get(t, &notify, "/api/notify/settings")
	if notify.Language != "ru" || notify.WebhookURL != "***" {
		t.Errorf("notification settings: %+v", notify)
	}
	c.put(t, map[string]any{"language": "en", "webhook_url": ""}, nil, "/api/notify/settings")
	c.get(t, nil, "/api/notify/status")
	for _, path := range []string{"panel-ip", "version", "stats", "health", "storage"} {
		c.get(t, nil, "/api/system/"+path)
	}
	var made struct {
		Token  struct{ ID int64 }
		Secret string
	}
	c.post(t, map[string]any{"name": "grafana", "scopes": []string{"metrics:read"}}, &made, "/api/tokens")
	c.get(t, nil, "/api/tokens")
	scoped := *c.testPanel
	scoped.token = made.Secret
	scoped.must(t, "GET", "/prometheus/api/v1/query?query=up", nil, nil)
	if status, _ := scoped.call(t, "GET", "/api/servers", nil); status != 0 {
		t.Errorf("a token of the wrong scope was answered with %d", status)
	}
	c.del(t, "/api/tokens/{id}", made.Token.ID)
	if status, _ := scoped.call(t, "GET", "/prometheus/api/v1/query?query=up", nil); status != 0 {
		t.Errorf("a revoked token was answered with %d", status)
	}
	var audit struct {
		Entries []struct{ Action, Actor string }
	}
	c.get(t, &audit, "/api/audit?limit=100")
	if !slices.ContainsFunc(audit.Entries, func(e struct{ Action, Actor string }) bool { return e.Action == "POST /api/servers" }) {
		t.Errorf("the audit log lacks the new server: %+v", audit.Entries)
	}
	c.post(t, nil, nil, "/api/auth/clear-ban")
	c.del(t, "/api/auth/clear-all-bans")

	other := *c.testPanel
	other.login(t)
	var sessions struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	c.get(t, &sessions, "/api/auth/sessions")
	for _, s := range sessions.Sessions {
		if !s.Current {
			c.del(t, "/api/auth/sessions/{id}", s.ID)
		}
	}
	if status, _ := other.call(t, "GET", "/api/servers", nil); status != 0 {
		t.Errorf("a revoked session was answered with %d", status)
	}
	c.del(t, "/api/auth/sessions")
	c.put(t, map[string]string{"current_password": testPassword, "new_password": "another long password"}, nil, "/api/auth/password")
}

func (c *tour) folders(t *testing.T, id int64) {
	c.post(t, map[string]string{"name": "Europe"}, nil, "/api/servers/folders")
	c.post(t, map[string]any{"server_ids": []int64{id}, "folder": "Asia"}, nil, "/api/servers/move-to-folder")
	c.post(t, map[string]any{"names": []string{"Asia", "Europe"}}, nil, "/api/servers/folders/reorder")
	var list struct{ Folders []struct{ Name string } }
	c.get(t, &list, "/api/servers/folders")
	if len(list.Folders) != 2 || list.Folders[0].Name != "Asia" {
		t.Errorf("folders: %+v", list)
	}
	c.post(t, map[string]string{"old_name": "Asia", "new_name": "East"}, nil, "/api/servers/folders/rename")
	c.del(t, "/api/servers/folders/{name}", "East")
}

func (c *tour) billing(t *testing.T) {
	type bill struct {
		Server struct {
			ID       int64
			DaysLeft float64         `json:"days_left"`
			Balance  json.RawMessage `json:"account_balance"`
		}
	}
	var monthly, resource bill
	c.post(t, map[string]any{"name": "domain", "billing_type": "monthly", "folder": "Old"}, &monthly, "/api/billing/servers")
	c.post(t, map[string]any{"name": "cloud", "billing_type": "resource", "monthly_cost": 30, "account_balance": 0.1}, &resource, "/api/billing/servers")
	c.post(t, map[string]any{"days": 5}, &monthly, "/api/billing/servers/{id}/extend", monthly.Server.ID)
	c.post(t, map[string]any{"amount": 10}, &resource, "/api/billing/servers/{id}/topup", resource.Server.ID)
	if monthly.Server.DaysLeft != 35 || !strings.HasPrefix(string(resource.Server.Balance), "10.09") {
		t.Errorf("after payments: %+v %+v", monthly, resource)
	}
	c.put(t, map[string]any{"notes": "x"}, nil, "/api/billing/servers/{id}", monthly.Server.ID)
	c.post(t, map[string]any{"server_ids": []int64{resource.Server.ID}, "folder": "Old"}, nil, "/api/billing/servers/move-to-folder")
	c.post(t, map[string]any{"old_name": "Old", "new_name": "New"}, nil, "/api/billing/folders/rename")
	c.del(t, "/api/billing/folders/{name}", "New")
	var list struct{ Count int }
	c.get(t, &list, "/api/billing/servers")
	c.del(t, "/api/billing/servers/{id}", resource.Server.ID)
	if list.Count != 2 {
		t.Errorf("%d bills", list.Count)
	}
	c.put(t, map[string]any{"enabled": true, "notify_days": []int{7, 0, 7}}, nil, "/api/billing/settings")
	var settings struct {
		NotifyDays []int `json:"notify_days"`
	}
	c.get(t, &settings, "/api/billing/settings")
	if !slices.Equal(settings.NotifyDays, []int{0, 7}) {
		t.Errorf("billing settings: %+v", settings)
	}
}

func (c *tour) alerts(t *testing.T, id int64) {
	base := "/api/alerts/"
	c.put(t, map[string]any{"enabled": true, "cpu_critical_threshold": 95, "language": "ru", "excluded_server_ids": []int64{9}}, nil, base+"settings")
	var settings struct {
		Enabled  bool
		CPU      float64 `json:"cpu_critical_threshold"`
		RAM      float64 `json:"ram_critical_threshold"`
		Language string
		Excluded []int64 `json:"excluded_server_ids"`
	}
	c.get(t, &settings, base+"settings")
	if !settings.Enabled || settings.CPU != 95 || settings.RAM != 90 || settings.Language != "ru" || !slices.Equal(settings.Excluded, []int64{9}) {
		t.Errorf("alert settings: %+v", settings)
	}
	var tested struct {
		Success bool
		Error   string
	}
	c.post(t, map[string]string{"bot_token": "1:x", "chat_id": "1"}, &tested, base+"test-telegram")
	if tested.Success || !strings.Contains(tested.Error, "@BotFather") {
		t.Errorf("a test with a bad token: %+v", tested)
	}
	var status struct {
		Running     bool
		NextCheckIn int `json:"next_check_in"`
		Monitored   int `json:"monitored_servers"`
	}
	c.get(t, &status, base+"status")
	if !status.Running || status.NextCheckIn > 60 || status.Monitored != 2 {
		t.Errorf("status: %+v", status)
	}
	c.get(t, nil, base+"active")
	var groups struct {
		Groups []struct{ File, Source, Name string }
	}
	c.post(t, nil, &groups, base+"reload")
	c.get(t, &groups, base+"groups")
	sources := map[string]bool{}
	for _, g := range groups.Groups {
		sources[g.Source] = true
	}
	if !sources["shipped"] || !sources["settings"] {
		t.Errorf("rule groups: %+v", groups)
	}
	c.seen["GET /api/alerts/rules-file"] = true
	if status, body := c.call(t, "GET", base+"rules-file", nil); status != 200 || !strings.Contains(string(body), "alert: cpu_critical") {
		t.Errorf("rule file: %d %s", status, body)
	}
	var made struct{ Silence struct{ ID int64 } }
	c.post(t, map[string]any{"server_ids": []int64{id}, "reason": "new disk", "ends_at": time.Now().Add(time.Hour)}, &made, base+"silences")
	var silences struct {
		Silences []struct {
			ID     int64
			Reason string
		}
	}
	c.get(t, &silences, base+"silences")
	if len(silences.Silences) != 1 || silences.Silences[0].ID != made.Silence.ID || silences.Silences[0].Reason != "new disk" {
		t.Errorf("silences: %+v", silences)
	}
	c.del(t, base+"silences/{id}", made.Silence.ID)
	var backtest struct{ Checked, Days int }
	c.post(t, map[string]any{"trigger": "cpu", "settings": map[string]any{"cpu_critical_threshold": 50}}, &backtest, base+"backtest")
	if backtest.Checked == 0 || backtest.Days != 7 {
		t.Errorf("back-test: %+v", backtest)
	}
	c.get(t, nil, base+"history?limit=10&server_id="+fmt.Sprint(id))
	c.get(t, nil, base+"history/days")
	c.del(t, base+"history")
}

func (c *tour) remove(t *testing.T, id int64) {
	c.del(t, "/api/servers/{id}", id)
	if status, _ := c.call(t, "GET", fmt.Sprintf("/api/servers/%d", id), nil); status != http.StatusNotFound {
		t.Errorf("a deleted server: status %d", status)
	}
	c.post(t, nil, nil, "/api/auth/logout")
	if status, _ := c.call(t, "GET", "/api/servers", nil); status != 0 {
		t.Errorf("after the logout: status %d", status)
	}
}

func putAgentBinaries(t *testing.T, dir string) {
	t.Helper()
	for _, arch := range []string{"amd64", "arm64"} {
		if err := os.WriteFile(filepath.Join(dir, "agent-linux-"+arch), []byte("an agent for "+arch), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
