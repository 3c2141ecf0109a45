package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"monitoring/storage/storagetest"
)

// testPanel is a running panel, started as main does it, on a loopback port of its own.
type testPanel struct {
	app   *app
	base  string // http://127.0.0.1:port, no secret path
	uid   string
	dir   string
	token string // of a login without a browser
	stop  func()
	log   *lockedBuffer
}

const (
	testPassword = "correct horse battery staple"
	wait         = 90 * time.Second // bounds a failure on a loaded machine; nothing waits that long otherwise
)

// startPanel runs a whole panel against a clean Postgres and waits until it answers.
func startPanel(t *testing.T) *testPanel {
	t.Helper()
	return startPanelIn(t, t.TempDir(), map[string]string{"POSTGRES_DSN": storagetest.PostgresDSN(t)})
}

func startPanelIn(t *testing.T, dir string, env map[string]string) *testPanel {
	t.Helper()
	e := map[string]string{
		"PANEL_DATA": dir, "PANEL_LISTEN": "127.0.0.1:0", "PANEL_UID": "secret-path", "PANEL_PASSWORD": testPassword,
		"PANEL_AGENT_BINARIES": dir, "PANEL_TSDB_MEMORY_MB": "16",
	}
	maps.Copy(e, env)
	ctx, cancel := context.WithCancel(context.Background())
	p := &testPanel{uid: e["PANEL_UID"], dir: dir, log: &lockedBuffer{}}
	done := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		done <- run(ctx, program{getenv: func(k string) string { return e[k] }, stdout: io.Discard, stderr: p.log,
			ready: func(a *app, addr net.Addr) {
				p.app, p.base = a, "http://"+addr.String()
				close(ready)
			}})
	}()
	p.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("panel ended: %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("panel did not stop within 30 s")
		}
	})
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("panel log:\n%s", p.log.String())
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- nil
		t.Fatalf("panel did not start: %v\n%s", err, p.log.String())
	case <-time.After(60 * time.Second):
		t.Fatalf("panel did not start within 60 s\n%s", p.log.String())
	}
	return p
}

// login gets a token as a script would: no browser, so the answer carries it.
func (p *testPanel) login(t *testing.T) *testPanel {
	t.Helper()
	var answer struct{ Token string }
	p.must(t, "POST", "/api/auth/login", map[string]string{"password": testPassword}, &answer)
	if answer.Token == "" {
		t.Fatal("login answered no token")
	}
	p.token = answer.Token
	return p
}

// call sends one request below the secret path and returns status and body; a dropped connection is status 0.
func (p *testPanel) call(t *testing.T, method, path string, body any) (int, []byte) {
	t.Helper()
	var r io.Reader
	if raw, ok := body.(string); ok {
		r = strings.NewReader(raw)
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.base+"/"+p.uid+path, r)
	if err != nil {
		t.Fatal(err)
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read: %v", method, path, err)
	}
	return resp.StatusCode, b
}

// must is call for requests that have to succeed; it decodes the answer into out when that is not nil.
func (p *testPanel) must(t *testing.T, method, path string, body, out any) {
	t.Helper()
	status, b := p.call(t, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: status %d, %s", method, path, status, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
}

// agentBinary builds the real agent once per test run.
var agentBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "agent-binary-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "agent")
	cmd := exec.Command("go", "build", "-o", path, "monitoring/agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build agent: %w\n%s", err, out)
	}
	return path, nil
})

// TestMain is also `panel tsdb`, for the panels of the tests call their own program, and a whole panel for benchmarks.
func TestMain(m *testing.M) {
	if os.Getenv(panelChild) != "" && len(os.Args) == 1 {
		if err := runPanelChild(); err != nil {
			fmt.Fprintln(os.Stderr, "panel:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "tsdb" {
		if err := run(context.Background(), program{args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr}); err != nil {
			fmt.Fprintln(os.Stderr, "panel:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if path, err := agentBinary(); err == nil {
		if err := os.RemoveAll(filepath.Dir(path)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// testAgent is a real agent process.
type testAgent struct {
	env  []string
	cmd  *exec.Cmd
	port int
}

// startAgent starts a real agent with an install token on a loopback port.
func startAgent(t *testing.T, token string, port int) *testAgent {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &testAgent{port: port, env: []string{fmt.Sprintf("AGENT_LISTEN=127.0.0.1:%d", port),
		"AGENT_STATE_DIR=" + filepath.Join(dir, "state"), "AGENT_TOKEN_FILE=" + file, "AGENT_ALLOW=readonly"}}
	a.start(t)
	t.Cleanup(func() { a.stop(t) })
	return a
}

func (a *testAgent) start(t *testing.T) {
	t.Helper()
	path, err := agentBinary()
	if err != nil {
		t.Fatal(err)
	}
	a.cmd = exec.Command(path)
	a.cmd.Env = a.env
	a.cmd.Stderr = t.Output()
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (a *testAgent) stop(t *testing.T) {
	t.Helper()
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	_ = a.cmd.Wait()
	a.cmd = nil
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// eventually polls until ok; the deadline bounds a failure, it is no sleep of a success.
func eventually(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %s: %s", within, what)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
