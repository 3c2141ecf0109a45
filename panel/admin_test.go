package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"monitoring/storage/storagetest"
)

// admin runs one admin command as the owner would, beside a running panel or without one.
func admin(t *testing.T, env map[string]string, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), program{args: append([]string{"admin"}, args...), getenv: func(k string) string { return env[k] },
		stdin: strings.NewReader(stdin), stdout: &out, stderr: t.Output()})
	return out.String(), err
}

// The owner gets back in, whatever was lost, with the panel's own Postgres running or not.
func TestAdmin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := map[string]string{"PANEL_DATA": dir, "PANEL_UID": "secret-path", "PANEL_PASSWORD": testPassword, "POSTGRES_DSN": storagetest.PostgresDSN(t)}
	p := startPanelIn(t, dir, maps.Clone(env)).login(t)

	must := func(want string, args ...string) string {
		t.Helper()
		out, err := admin(t, env, "a password of my own\n", args...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("panel admin %s: %v, %q lacks %q", strings.Join(args, " "), err, out, want)
		}
		return out
	}
	must("/secret-path/\n", "url")
	must("1 sessions", "sessions")
	if ca := must("BEGIN CERTIFICATE", "export-ca"); strings.Contains(ca, "PRIVATE KEY") {
		t.Error("export-ca printed the key without being asked for it")
	}
	must("PRIVATE KEY", "export-ca", "--key")
	must("bans lifted", "unban")
	must("bans lifted", "unban", "203.0.113.7")
	must("now: a password of my own", "password", "-")
	eventually(t, "the running panel ends the session", wait, func() bool {
		status, _ := p.call(t, "GET", "/api/servers", nil)
		return status == 0
	})
	p.token = ""
	if status, _ := p.call(t, "POST", "/api/auth/login", map[string]string{"password": testPassword}); status == http.StatusOK {
		t.Error("the old password still works")
	}
	p.must(t, "POST", "/api/auth/login", map[string]string{"password": "a password of my own"}, nil)

	for _, bad := range [][]string{{"nothing"}, {"unban", "not an address"}, {"sessions", "end"}} {
		if out, err := admin(t, env, "", bad...); err == nil {
			t.Errorf("panel admin %v: no error, %q", bad, out)
		}
	}
	if _, err := admin(t, map[string]string{"PANEL_DATA": dir + "/elsewhere"}, "", "url"); err == nil || !strings.Contains(err.Error(), "PANEL_DATA") {
		t.Errorf("a wrong data directory: %v", err)
	}
}

// A second panel on the same data ends before it has written anything: its secrets would replace those of the first.
func TestSecondPanelWritesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	unlock, err := lockDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	env := map[string]string{"PANEL_DATA": dir, "PANEL_LISTEN": "127.0.0.1:0", "PANEL_TLS": "off"}
	err = run(t.Context(), program{getenv: func(k string) string { return env[k] }, stdout: io.Discard, stderr: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "another panel") {
		t.Errorf("a second panel: %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("%v in the data directory, want only the lock (%v)", files, err)
	}
}

// With the panel's own Postgres: commands work beside the panel and after it, and a restart loses nothing.
func TestOwnPostgres(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // Postgres runs as another user and must get through
		t.Fatal(err)
	}
	env := map[string]string{"PANEL_DATA": dir, "PANEL_UID": "secret-path", "PANEL_PASSWORD": testPassword}
	p := startPanelIn(t, dir, maps.Clone(env)).login(t)
	p.must(t, "POST", "/api/servers", map[string]string{"name": "kept", "url": "127.0.0.1:9"}, nil)
	if out, err := admin(t, env, "", "sessions"); err != nil || !strings.Contains(out, "1 sessions") {
		t.Errorf("beside the panel: %q, %v", out, err)
	}
	p.must(t, "GET", "/api/servers", nil, nil) // the shared server still runs
	p.stop()
	if out, err := admin(t, env, "", "sessions"); err != nil || !strings.Contains(out, "1 sessions") {
		t.Errorf("without the panel: %q, %v", out, err)
	}
	again := startPanelIn(t, dir, maps.Clone(env))
	again.token = p.token
	var list struct{ Servers []struct{ Name string } }
	again.must(t, "GET", "/api/servers", nil, &list)
	if len(list.Servers) != 1 || list.Servers[0].Name != "kept" {
		t.Errorf("after a restart: %+v", list)
	}
	if _, err := lockDataDir(dir); err == nil || !strings.Contains(err.Error(), "another panel") {
		t.Errorf("a second panel on the same directory: %v", err)
	}
}

// The program answers for itself.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	f := func(want string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		if err := run(t.Context(), program{args: args, getenv: func(string) string { return "" }, stdout: &out, stderr: &out}); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("panel %v: %v, %q", args, err, out.String())
		}
	}
	f("PANEL_LISTEN", "-help")
	f("JWT_SECRET_FILE", "help")
	f("dev", "-version")
	if err := run(t.Context(), program{args: []string{"rnu"}}); err == nil || !strings.Contains(err.Error(), "panel -help") {
		t.Errorf("an unknown command: %v", err)
	}
	bad := map[string]string{"PANEL_TLS": "acme", "JWT_SECRET": "short", "PANEL_LISTEN": "127.0.0.1:0"}
	if err := run(t.Context(), program{getenv: func(k string) string { return bad[k] }}); err == nil || !strings.Contains(err.Error(), "JWT_SECRET") {
		t.Errorf("bad configuration: %v", err)
	}
}
