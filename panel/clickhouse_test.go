package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"monitoring/storage/clickhouse"
	"monitoring/storage/storagetest"
)

// withEngine adds what a panel needs to find the embedded engine, which in tests does not lie beside it.
func withEngine(t *testing.T, env map[string]string) map[string]string {
	t.Helper()
	o := storagetest.ClickHouseOptions(t)
	env = maps.Clone(env)
	env["PANEL_CLICKHOUSE_ENGINE"], env["PANEL_CLICKHOUSE_LIBRARY"], env["PANEL_CLICKHOUSE_MEMORY_MB"] = o.Embedded.Program, o.Embedded.Library, "600"
	return env
}

// Without the engine the panel starts, and says at every place what is missing and what to do.
func TestPanelWithoutEngine(t *testing.T) {
	t.Parallel()
	p := startPanelIn(t, t.TempDir(), map[string]string{
		"POSTGRES_DSN": storagetest.PostgresDSN(t), "PANEL_CLICKHOUSE_ENGINE": os.Args[0], "PANEL_CLICKHOUSE_LIBRARY": "/no/such/libchdb.so",
	})
	p.login(t)
	var health struct {
		Clickhouse struct {
			Up           bool
			Code, Detail string
		}
	}
	eventually(t, "the health tells", wait, func() bool {
		p.must(t, "GET", "/api/system/health", nil, &health)
		return strings.HasPrefix(health.Clickhouse.Detail, "engine not installed: ")
	})
	if health.Clickhouse.Up || health.Clickhouse.Code != "clickhouse_unavailable" || !strings.Contains(health.Clickhouse.Detail, "CLICKHOUSE_DSN") {
		t.Errorf("health %+v", health)
	}
	status, body := p.call(t, "GET", "/clickhouse?query=SELECT+1", nil)
	var answer struct{ Code, Detail string }
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusServiceUnavailable || answer.Code != "clickhouse_unavailable" || !strings.HasPrefix(answer.Detail, "engine not installed: ") {
		t.Errorf("%d %s", status, body)
	}
	status, body = p.call(t, "GET", "/metrics", nil)
	for _, line := range []string{"panel_clickhouse_up 0", "panel_visits_queue_rows 0", "panel_visits_dropped_rows_total 0", `panel_child_up{child="clickhouse"} 0`} {
		if status != 200 || !strings.Contains(string(body), line+"\n") {
			t.Errorf("metrics lack %q", line)
		}
	}
}

func TestClickHouseInstallCommand(t *testing.T) {
	t.Parallel()
	f := func(wantErr string, env map[string]string, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		err := run(context.Background(), program{args: append([]string{"clickhouse"}, args...), getenv: func(k string) string { return env[k] }, stdout: &out, stderr: &out})
		if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%v: %v, want %q", args, err, wantErr)
		}
		return out.String()
	}
	dir := t.TempDir()
	env := map[string]string{"PANEL_DATA": dir}
	f("usage", env)
	f("usage", env, "remove")
	f("npm pack", env, "install")
	f("no such file", env, "install", filepath.Join(dir, "none.tgz"))
	damaged := filepath.Join(dir, "damaged.tgz")
	if err := os.WriteFile(damaged, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("its hash is sha512-", env, "install", damaged)
	f("its hash is sha512-", map[string]string{"PANEL_DATA": dir, "PANEL_CLICKHOUSE_SOURCE": damaged}, "install")
	f("give the hash", env, "install", "-integrity", "md5-x", damaged)
	path := clickhouse.LibraryIn(filepath.Join(dir, "clickhouse"))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := f("", env, "install"); !strings.Contains(out, path) {
		t.Errorf("there already: %q", out)
	}
}
