package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage/storagetest"
)

// Every route that is not public drops the connection of a stranger, and of a token with any other scope.
func TestWalkWithoutRights(t *testing.T) {
	t.Parallel()
	p := startPanel(t).login(t)
	tokens := map[rest.Role]string{}
	for _, scope := range rest.Scopes {
		var made struct{ Secret string }
		p.must(t, "POST", "/api/tokens", map[string]any{"name": string(scope), "scopes": []string{string(scope)}}, &made)
		tokens[scope] = made.Secret
	}
	walked := 0
	for _, r := range p.app.mux.Routes() {
		path := strings.NewReplacer("{id}", "1", "{name}", "x", "{page}", "server", "{chart}", "cpu", "{key}", "theme").Replace(r.Path)
		if r.Role == rest.Public {
			continue
		}
		walked++
		anyone := *p
		anyone.token = ""
		if status, _ := anyone.call(t, r.Method, path, nil); status != 0 {
			t.Errorf("%s %s answered a stranger with %d", r.Method, r.Path, status)
		}
		for scope, secret := range tokens {
			if scope == r.Role {
				continue
			}
			anyone.token = secret
			if status, _ := anyone.call(t, r.Method, path, nil); status != 0 {
				t.Errorf("%s %s answered a token of scope %s with %d", r.Method, r.Path, scope, status)
			}
		}
	}
	if walked < 40 {
		t.Errorf("only %d routes walked", walked)
	}
}

// A stranger who does not know the secret path learns nothing: not one byte comes back.
func TestStrangersGetZeroBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir)
	p := startPanelIn(t, dir, map[string]string{"POSTGRES_DSN": storagetest.PostgresDSN(t),
		"PANEL_TLS": "files", "PANEL_TLS_CERT": cert, "PANEL_TLS_KEY": key})
	address := strings.TrimPrefix(p.base, "http://")
	plain := func() net.Conn {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	encrypted := func() net.Conn {
		return tls.Client(plain(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}) // a stranger checks nothing
	}
	f := func(dial func() net.Conn, text string) {
		t.Helper()
		c := dial()
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, text); err != nil {
			return // closed while we wrote: fine
		}
		got, err := io.ReadAll(c)
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			t.Errorf("%.40q: the connection stays open", text)
		}
		if len(got) > 0 {
			t.Errorf("%.40q: %d bytes: %.80q", text, len(got), got)
		}
	}
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	f(plain, get("/"))
	f(plain, get("/secret-path/"))
	f(plain, "\x00\x01\x02garbage")
	f(plain, "SSH-2.0-OpenSSH_9.2\r\n")
	for _, path := range []string{"/", "/login", "/favicon.ico", "/robots.txt", "/secret-pat/", "/secret-path1/", "/SECRET-PATH/", "/api", "/api/",
		"/api/servers", "/api/nothing", "/prometheus/api/v1/query?query=up", "/metrics", "/secret-path/api/servers", "/secret-path/prometheus/api/v1/query?query=up",
		"//secret-path/../x", "/api/join/guessed/install.sh", "/.well-known/acme-challenge/x", "/api/auth/check"} {
		f(encrypted, get(path))
	}
	f(encrypted, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	f(encrypted, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
	f(encrypted, "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n")
	f(encrypted, "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n")
	f(encrypted, "GET / HTTP/1.0\r\n\r\n")
	f(encrypted, "DELETE /api/servers/1 HTTP/1.1\r\nHost: x\r\n\r\n")
}

// One row per bad input: what comes in, and the status, code and field that go out.
func TestBadInput(t *testing.T) {
	t.Parallel()
	p := startPanel(t).login(t)
	f := func(method, path, body string, status int, code, field string) {
		t.Helper()
		got, b := p.call(t, method, path, body)
		var e struct{ Detail, Code, Field string }
		if err := json.Unmarshal(b, &e); err != nil || got != status || e.Code != code || e.Field != field || e.Detail == "" {
			t.Errorf("%s %s %.60s: %d %s, want %d %s %s", method, path, body, got, b, status, code, field)
		}
	}
	f("POST", "/api/servers", `no json`, 400, "bad_json", "")
	f("POST", "/api/servers", ``, 400, "bad_json", "")
	f("POST", "/api/servers", `{"name":"a"`, 400, "bad_json", "")
	f("POST", "/api/servers", `{"name":"a","url":"h"} {}`, 400, "bad_json", "")
	f("POST", "/api/servers", `{"name":"a","url":"h","colour":"red"}`, 400, "unknown_field", "colour")
	f("POST", "/api/servers", `{"name":7,"url":"h"}`, 400, "bad_type", "name")
	f("POST", "/api/servers", `[]`, 400, "bad_type", "")
	f("POST", "/api/servers", `{"name":"","url":"203.0.113.1"}`, 400, "invalid", "name")
	f("POST", "/api/servers", `{"name":"a","url":"not a url"}`, 400, "invalid", "url")
	f("POST", "/api/servers", `{"name":"a","url":"http://203.0.113.1"}`, 400, "invalid", "url")
	f("POST", "/api/servers", `{"name":"a","url":"203.0.113.1:99999"}`, 400, "invalid", "url")
	f("POST", "/api/servers", `{"name":"a","url":"203.0.113.1","preset":"root"}`, 400, "invalid", "preset")
	f("POST", "/api/servers", `{"name":"a","url":"203.0.113.1","folder":"`+strings.Repeat("x", 201)+`"}`, 400, "invalid", "folder")
	f("POST", "/api/servers", `{"name":"`+strings.Repeat("x", rest.MaxBody)+`"}`, 413, "too_large", "")
	f("GET", "/api/servers/999", "", 404, "not_found", "")
	f("GET", "/api/servers/abc", "", 404, "not_found", "")
	f("GET", "/api/servers/9999999999999999999999", "", 404, "not_found", "")
	f("POST", "/api/servers/reorder", `{"server_ids":"1"}`, 400, "bad_type", "server_ids")
	f("PUT", "/api/settings/metrics_collect_interval", `{"value":"4"}`, 400, "invalid", "value")
	f("PUT", "/api/settings/metrics_collect_interval", `{"value":10}`, 400, "bad_type", "value")
	f("PUT", "/api/settings/timezone", `{"value":"Mars/Olympus; rm -rf /"}`, 400, "invalid", "value")
	f("PUT", "/api/settings/no_such_setting", `{"value":"1"}`, 404, "not_found", "")
	f("POST", "/api/tokens", `{"name":"t","scopes":["root"]}`, 400, "invalid", "scopes")
	f("POST", "/api/tokens", `{"name":"","scopes":["metrics:read"]}`, 400, "invalid", "name")

	var added installAnswer
	p.must(t, "POST", "/api/servers", map[string]string{"name": "a", "url": "127.0.0.1:9"}, &added)
	proxy := fmt.Sprintf("/api/proxy/%d", added.Server.ID)
	f("POST", "/api/servers", `{"name":"b","url":"https://127.0.0.1:9"}`, 409, "conflict", "url")
	f("GET", proxy+"/metrics", "", 503, "no_data", "")
	f("GET", proxy+"/metrics/history?period=2h", "", 400, "invalid", "period")
	f("GET", proxy+"/metrics/history?limit=0", "", 400, "invalid", "limit")
	f("GET", proxy+"/metrics/history?limit=5001", "", 400, "invalid", "limit")
	f("GET", proxy+"/metrics/history?from_time=yesterday", "", 400, "invalid", "from_time")
	f("GET", proxy+"/metrics/chart/no-such-chart", "", 404, "not_found", "")

	// A wrong content type is named, too.
	req, err := http.NewRequestWithContext(t.Context(), "POST", p.base+"/"+p.uid+"/api/servers", strings.NewReader("name=a"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a form: status %d", resp.StatusCode)
	}
}

// What the panel keeps to itself is readable by nobody else.
func TestSecretsArePrivate(t *testing.T) {
	t.Parallel()
	p := startPanelIn(t, t.TempDir(), map[string]string{"POSTGRES_DSN": storagetest.PostgresDSN(t), "PANEL_UID": "", "PANEL_PASSWORD": ""})
	p.stop()
	for _, name := range []string{"secrets.env", "ca/ca.key"} {
		info, err := os.Stat(filepath.Join(p.dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	secrets, err := os.ReadFile(filepath.Join(p.dir, "secrets.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(secrets)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && name != "PANEL_UID" && bytes.Contains([]byte(p.log.String()), []byte(value)) {
			t.Errorf("%s stands in the log", name)
		}
	}
}
