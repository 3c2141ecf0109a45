package fleet

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/rest"
)

func (b *bench) list(t testing.TB) []ServerItem {
	t.Helper()
	r := get[ServersResponse](t, b, "GET", "/api/servers", "")
	if r.Count != len(r.Servers) {
		t.Errorf("count %d with %d servers", r.Count, len(r.Servers))
	}
	return r.Servers
}

func (b *bench) names(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, s := range b.list(t) {
		names = append(names, s.Name)
	}
	return names
}

// post adds a server through the API.
func (b *bench) post(t testing.TB, name string) int64 {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"url":"https://%s.example.net"}`, name, name)
	return get[CreateServerResponse](t, b, "POST", "/api/servers", body).Server.ID
}

func TestCreateServer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := get[CreateServerResponse](t, b, "POST", "/api/servers",
		`{"name":" alpha ","url":"203.0.113.7","api_key":"of the predecessor","folder":"EU","preset":"monitor"}`)
	if !r.Success || r.Server.Name != "alpha" || r.Server.URL != "https://203.0.113.7:9100" {
		t.Errorf("answer: %+v", r)
	}
	token, err := api.ParseInstallToken(r.Install.Token)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := b.store.Server(t.Context(), r.Server.ID)
	if err != nil {
		t.Fatal(err)
	}
	if token.AgentID != srv.AgentID || token.CA != b.ca.certPEM {
		t.Error("the token is for another agent or panel")
	}
	expires, err := time.Parse("2006-01-02T15:04:05.000Z", r.Install.ExpiresAt)
	if err != nil || time.Until(expires).Round(time.Minute) != 24*time.Hour {
		t.Errorf("expires at %s, %v; want in 24 hours", r.Install.ExpiresAt, err)
	}
	stored, err := b.store.InstallToken(t.Context(), hashCode(codeOf(t, r.Install)))
	if err != nil || stored.Preset != "monitor" || stored.ServerID != srv.ID {
		t.Errorf("stored token: %+v, %v", stored, err)
	}
	d := get[ServerDetail](t, b, "GET", fmt.Sprint("/api/servers/", srv.ID), "")
	if d.APIKey != "***" || deref(d.Folder) != "EU" || !d.IsActive || d.Joined || d.Status != "loading" || d.LastSeen != nil || d.Metrics != nil {
		t.Errorf("details: %+v", d)
	}
}

// TestBadInput: input, status, code, field.
func TestBadInput(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	taken := b.post(t, "taken")
	one := b.post(t, "one")
	get[rest.Success](t, b, "POST", "/api/servers/folders", `{"name":"EU"}`)
	f := func(method, path, body string, status int, code, field string) {
		t.Helper()
		got, page := b.call(t, method, "/api/servers"+path, body)
		var e rest.Error
		if err := json.Unmarshal(page, &e); err != nil {
			t.Errorf("%s %s %s: answer %q: %v", method, path, body, page, err)
		}
		if got != status || e.Code != code || e.Field != field || e.Detail == "" {
			t.Errorf("%s %s %.80s: %d %q %q (%s), want %d %q %q", method, path, body, got, e.Code, e.Field, e.Detail, status, code, field)
		}
	}
	id := fmt.Sprint("/", one)
	long := strings.Repeat("x", 501)

	f("POST", "", `{`, 400, "bad_json", "")
	f("POST", "", ``, 415, "content_type", "")
	f("POST", "", `{"name":"a","url":"b"} x`, 400, "bad_json", "")
	f("POST", "", `{"name":"a","url":"b","colour":"red"}`, 400, "unknown_field", "colour")
	f("POST", "", `{"name":5,"url":"b"}`, 400, "bad_type", "name")
	f("POST", "", `{"url":"b"}`, 400, "invalid", "name")
	f("POST", "", `{"name":"  ","url":"b"}`, 400, "invalid", "name")
	f("POST", "", `{"name":"`+strings.Repeat("я", 101)+`","url":"b"}`, 400, "invalid", "name")
	f("POST", "", `{"name":"a"}`, 400, "invalid", "url")
	f("POST", "", `{"name":"a","url":"not a url"}`, 400, "invalid", "url")
	f("POST", "", `{"name":"a","url":"http://203.0.113.7"}`, 400, "invalid", "url")
	f("POST", "", `{"name":"a","url":"https://203.0.113.7/path"}`, 400, "invalid", "url")
	f("POST", "", `{"name":"a","url":"203.0.113.7:99999"}`, 400, "invalid", "url")
	f("POST", "", `{"name":"a","url":"`+long+`"}`, 400, "invalid", "url")
	f("POST", "", `{"name":"a","url":"taken.example.net"}`, 409, "conflict", "url")
	f("POST", "", `{"name":"a","url":"b","preset":"root"}`, 400, "invalid", "preset")
	f("POST", "", `{"name":"a","url":"b","api_key":"`+long+`"}`, 400, "invalid", "api_key")
	f("POST", "", `{"name":"a","url":"b","folder":"`+long+`"}`, 400, "invalid", "folder")
	f("POST", "/bulk", `{"servers":[]}`, 400, "invalid", "servers")
	f("POST", "/bulk", `{"servers":[{"name":"a","url":"b"}],"preset":"x"}`, 400, "invalid", "preset")
	f("PUT", id, `{}`, 400, "invalid", "name")
	f("PUT", id, `{"name":""}`, 400, "invalid", "name")
	f("PUT", id, `{"url":"http://x"}`, 400, "invalid", "url")
	f("PUT", id, `{"url":"taken.example.net:9100"}`, 409, "conflict", "url")
	f("PUT", id, `{"folder":5}`, 400, "invalid", "folder")
	f("PUT", id, `{"folder":"`+long+`"}`, 400, "invalid", "folder")
	f("PUT", id, `{"is_active":"yes"}`, 400, "bad_type", "is_active")
	f("PUT", "/999999", `{"name":"x"}`, 404, "not_found", "")
	f("GET", "/999999", ``, 404, "not_found", "")
	f("GET", "/x", ``, 404, "not_found", "")
	f("GET", "/-1", ``, 404, "not_found", "")
	f("GET", "/99999999999999999999", ``, 404, "not_found", "")
	f("DELETE", "/999999", ``, 404, "not_found", "")
	f("POST", "/999999/test", ``, 404, "not_found", "")
	f("POST", "/999999/install", ``, 404, "not_found", "")
	f("GET", "/999999/join-status", ``, 404, "not_found", "")
	f("POST", id+"/install", `{"preset":"root"}`, 400, "invalid", "preset")
	f("POST", "/reorder", `{"server_ids":[]}`, 400, "invalid", "server_ids")
	f("POST", "/reorder", `{"server_ids":[999999]}`, 400, "invalid", "server_ids")
	f("POST", "/reorder", fmt.Sprintf(`{"server_ids":[%d,%d]}`, taken, taken), 400, "invalid", "server_ids")
	f("POST", "/reorder", `{"server_ids":["1"]}`, 400, "bad_type", "server_ids")
	f("POST", "/move-to-folder", `{"server_ids":[999999],"folder":"EU"}`, 400, "invalid", "server_ids")
	f("POST", "/move-to-folder", fmt.Sprintf(`{"server_ids":[%d]}`, one), 400, "invalid", "folder")
	f("POST", "/move-to-folder", fmt.Sprintf(`{"server_ids":[%d],"folder":7}`, one), 400, "invalid", "folder")
	f("POST", "/move-to-folder", fmt.Sprintf(`{"server_ids":[%d],"folder":%q}`, one, long), 400, "invalid", "folder")
	f("POST", "/folders", `{"name":" "}`, 400, "invalid", "name")
	f("POST", "/folders", `{"name":"EU"}`, 409, "conflict", "")
	f("POST", "/folders/reorder", `{"names":[]}`, 400, "invalid", "names")
	f("POST", "/folders/reorder", `{"names":["EU","EU"]}`, 400, "invalid", "names")
	f("POST", "/folders/rename", `{"old_name":"EU","new_name":""}`, 400, "invalid", "new_name")
	f("POST", "/folders/rename", `{"old_name":"","new_name":"x"}`, 400, "invalid", "old_name")
	f("POST", "/folders/rename", `{"old_name":"no such","new_name":"x"}`, 404, "not_found", "")
	f("DELETE", "/folders/nothing", ``, 404, "not_found", "")
	if got := b.names(t); !slices.Equal(got, []string{"taken", "one"}) {
		t.Errorf("the bad input changed the fleet: %v", got)
	}
}

func TestUpdateServer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.post(t, "alpha")
	changes, cancel := b.Subscribe()
	defer cancel()
	f := func(body string, want func(ServerDetail) bool) {
		t.Helper()
		path := fmt.Sprint("/api/servers/", id)
		get[rest.Success](t, b, "PUT", path, body)
		if d := get[ServerDetail](t, b, "GET", path, ""); !want(d) {
			t.Errorf("after %s: %+v", body, d)
		}
		select {
		case <-changes:
		default:
			t.Errorf("%s: subscribers were not told", body)
		}
	}
	f(`{"name":"beta"}`, func(d ServerDetail) bool { return d.Name == "beta" })
	f(`{"folder":"EU"}`, func(d ServerDetail) bool { return deref(d.Folder) == "EU" && d.Name == "beta" })
	f(`{"is_active":false}`, func(d ServerDetail) bool { return !d.IsActive && deref(d.Folder) == "EU" && d.Status == "loading" })
	if len(b.Active()) != 0 || len(b.All()) != 1 {
		t.Errorf("%d active, %d in all; want 0 and 1", len(b.Active()), len(b.All()))
	}
	f(`{"is_active":true,"folder":null}`, func(d ServerDetail) bool { return d.IsActive && d.Folder == nil })
	f(`{"url":"other.example.net:1234","api_key":"x"}`, func(d ServerDetail) bool { return d.URL == "https://other.example.net:1234" })
}

func TestBulk(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := get[BulkResponse](t, b, "POST", "/api/servers/bulk", `{"preset":"readonly","servers":[
		{"name":"a","url":"a.example.net","folder":"EU"}, {"name":"","url":"b.example.net"},
		{"name":"c","url":"a.example.net"}, {"name":"d","url":"d.example.net"}]}`)
	if r.Success || len(r.Results) != 4 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []string{"", "name", "url", ""} {
		got := r.Results[i]
		switch {
		case got.Index != i || got.Success != (want == ""):
			t.Errorf("line %d: %+v", i, got)
		case want == "" && (got.Server == nil || got.Install == nil || got.Error != nil):
			t.Errorf("line %d: %+v", i, got)
		case want != "" && (got.Error == nil || got.Error.Field != want || got.Server != nil):
			t.Errorf("line %d: %+v, want an error of %s", i, got, want)
		}
	}
	if got := b.names(t); !slices.Equal(got, []string{"a", "d"}) {
		t.Errorf("added %v", got)
	}
}

func TestOrderAndFolders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a, c, d := b.post(t, "a"), b.post(t, "c"), b.post(t, "d")
	get[rest.Success](t, b, "POST", "/api/servers/reorder", fmt.Sprintf(`{"server_ids":[%d,%d]}`, d, a))
	if got := b.names(t); !slices.Equal(got, []string{"d", "a", "c"}) {
		t.Errorf("order %v, want d a c", got)
	}
	folders := func() []string {
		var names []string
		for _, f := range get[FoldersResponse](t, b, "GET", "/api/servers/folders", "").Folders {
			names = append(names, f.Name)
		}
		return names
	}
	inFolder := func(name string) (n int) {
		for _, s := range b.list(t) {
			if deref(s.Folder) == name {
				n++
			}
		}
		return n
	}
	if got := folders(); len(got) != 0 {
		t.Errorf("folders of a new fleet: %v", got)
	}
	get[rest.Success](t, b, "POST", "/api/servers/folders", `{"name":"EU/west"}`)
	m := get[MoveToFolderResponse](t, b, "POST", "/api/servers/move-to-folder", fmt.Sprintf(`{"server_ids":[%d,%d],"folder":"US"}`, a, c))
	if m.Moved != 2 || inFolder("US") != 2 {
		t.Errorf("moved %d, in US %d; want 2", m.Moved, inFolder("US"))
	}
	get[rest.Success](t, b, "POST", "/api/servers/folders/reorder", `{"names":["US","EU/west"]}`)
	if got := folders(); !slices.Equal(got, []string{"US", "EU/west"}) {
		t.Errorf("folders %v", got)
	}
	if r := get[RenameFolderResponse](t, b, "POST", "/api/servers/folders/rename", `{"old_name":"US","new_name":"America"}`); r.Renamed != 2 || inFolder("America") != 2 {
		t.Errorf("renamed %d, in America %d", r.Renamed, inFolder("America"))
	}
	if m := get[MoveToFolderResponse](t, b, "POST", "/api/servers/move-to-folder", fmt.Sprintf(`{"server_ids":[%d],"folder":null}`, a)); m.Moved != 1 || inFolder("America") != 1 {
		t.Errorf("moved %d out, in America %d", m.Moved, inFolder("America"))
	}
	if r := get[DeleteFolderResponse](t, b, "DELETE", "/api/servers/folders/America", ""); r.Unfoldered != 1 || inFolder("") != 3 {
		t.Errorf("unfoldered %d, without folder %d", r.Unfoldered, inFolder(""))
	}
	get[DeleteFolderResponse](t, b, "DELETE", "/api/servers/folders/"+url.PathEscape("EU/west"), "")
	if got := folders(); len(got) != 0 {
		t.Errorf("folders left: %v", got)
	}
	get[rest.Success](t, b, "DELETE", fmt.Sprint("/api/servers/", d), "")
	if got := b.names(t); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("after deleting d: %v", got)
	}
}

func TestTestEndpoint(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, a := b.join(t, "alpha")
	path := fmt.Sprintf("/api/servers/%d/test", srv.ID)
	if r := get[TestResponse](t, b, "POST", path, ""); !r.Success || r.Status != "online" || r.ServerName != "node" {
		t.Errorf("%+v", r)
	}
	a.stop()
	if r := get[TestResponse](t, b, "POST", path, ""); r.Success || r.Status != "error" || r.Stage != "tcp" || r.Code != 502 {
		t.Errorf("%+v", r)
	}
}

func TestJoinStatus(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, ln := b.add(t, "alpha")
	address := ln.Addr().String()
	_ = ln.Close()
	path := fmt.Sprintf("/api/servers/%d/join-status", c.Server.ID)
	if s := get[JoinStatus](t, b, "GET", path, ""); s.Joined || !s.Waiting || s.Stage != "tcp" || !strings.Contains(s.LastError, "refuses") || deref(s.ExpiresAt) != c.Install.ExpiresAt {
		t.Errorf("before the agent runs: %+v", s)
	}
	runAgent(t, t.TempDir(), c.Install.Token, listen(t, address))
	b.clock.advance(probeEvery)
	if s := get[JoinStatus](t, b, "GET", path, ""); s != (JoinStatus{Joined: true}) {
		t.Errorf("with the agent: %+v", s)
	}
	install := get[InstallResponse](t, b, "POST", fmt.Sprintf("/api/servers/%d/install", c.Server.ID), "")
	if install.Install.Token == c.Install.Token || codeOf(t, install.Install) == codeOf(t, c.Install) {
		t.Error("the new token is the old one")
	}
	b.clock.advance(probeEvery)
	if s := get[JoinStatus](t, b, "GET", path, ""); s.Joined || !s.Waiting || s.Stage != "identity" || !strings.Contains(s.LastError, "revoked") {
		t.Errorf("after a new token: %+v", s)
	}
	b.clock.advance(tokenLife)
	if s := get[JoinStatus](t, b, "GET", path, ""); s.Joined || s.Waiting || s.ExpiresAt != nil {
		t.Errorf("after the token's end: %+v", s)
	}
}

// TestPresetIsKept: a new token without a preset asks for what the last one did.
func TestPresetIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, _ := b.add(t, "alpha")
	f := func(ask, want string) {
		t.Helper()
		i, err := b.Reinstall(t.Context(), c.Server.ID, ask)
		if err != nil {
			t.Fatal(err)
		}
		if stored, err := b.store.InstallToken(t.Context(), hashCode(codeOf(t, i))); err != nil || stored.Preset != want {
			t.Errorf("asked for %q: preset %q, %v; want %q", ask, stored.Preset, err, want)
		}
	}
	f("", PresetFull)
	f(PresetMonitor, PresetMonitor)
	f("", PresetMonitor)
}

func TestListWithMetrics(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, _ := b.join(t, "alpha")
	b.post(t, "beta")
	b.SetLast(func(id int64) (api.Metrics, time.Time, bool) {
		m := api.Metrics{CPU: api.CPU{UsagePercent: 12.5, Temperatures: map[string][]api.Temperature{"cpu": {{}}}}}
		m.Processes.TopByCPU = []api.Process{{PID: 1}}
		m.Disk.IO = map[string]api.DiskIO{"sda": {}}
		m.Network.Interfaces = []api.Interface{{Name: "eth0"}}
		return m, time.Now(), id == srv.ID
	})
	at := time.Date(2026, 1, 29, 17, 6, 24, 355_900_000, time.FixedZone("", 3*3600))
	b.Report(srv.ID, nil, at)
	if err := b.readVersions(t.Context()); err != nil {
		t.Fatal(err)
	}
	items := get[ServersResponse](t, b, "GET", "/api/servers?include_metrics=true", "").Servers
	alpha, beta := items[0], items[1]
	if alpha.Status != "online" || deref(alpha.LastSeen) != "2026-01-29T14:06:24.355Z" || !alpha.Restricted || !alpha.Joined || alpha.AgentVersion != "9.9.9" {
		t.Errorf("alpha: %+v", alpha)
	}
	m := alpha.Metrics
	if m == nil || m.CPU.UsagePercent != 12.5 || len(m.CPU.Temperatures)+len(m.Processes.TopByCPU)+len(m.Disk.IO)+len(m.Network.Interfaces) != 0 {
		t.Errorf("alpha's metrics: %+v", m)
	}
	if beta.Status != "loading" || beta.Metrics != nil || beta.Restricted || beta.Joined {
		t.Errorf("beta: %+v", beta)
	}
	_, page := b.call(t, "GET", "/api/servers?include_metrics=true", "")
	for _, part := range []string{`"top_by_cpu":[]`, `"io":{}`, `"interfaces":[]`, `"temperatures":{}`, `"metrics":null`, `"traffic":null`} {
		if !strings.Contains(string(page), part) {
			t.Errorf("the list lacks %s", part)
		}
	}
}

// TestLastMayCallTheFleet: the scraper has locks of its own and asks the fleet with them held.
func TestLastMayCallTheFleet(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.post(t, "alpha")
	b.SetLast(func(id int64) (api.Metrics, time.Time, bool) {
		b.Report(id, nil, time.Now())
		return api.Metrics{}, time.Now(), true
	})
	b.list(t)
	get[ServersResponse](t, b, "GET", "/api/servers?include_metrics=true", "")
	get[ServerDetail](t, b, "GET", fmt.Sprint("/api/servers/", id), "")
}
