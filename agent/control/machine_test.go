package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
	"monitoring/agent/haproxy"
	"monitoring/agent/host"
)

const wait = time.Minute // bounds a failure on a loaded machine; nothing waits that long otherwise

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(wait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %s: %s", wait, what)
}

// node is HAProxy on a booted machine, clean and stopped.
type node struct {
	*controltest.Machine
	x *HAProxy
}

const userConfig = `global
    stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
    user haproxy
    group haproxy
defaults
    mode tcp
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout tunnel 30s
frontend mine
    bind 127.0.0.1:8404   # by hand
    mode http
    http-request return status 200
`

func newNode(t testing.TB) *node {
	t.Helper()
	m := controltest.Boot(t)
	m.Run(t, "systemctl", "stop", "haproxy")
	m.Run(t, "sh", "-c", "systemctl reset-failed haproxy || true") // a unit that never ran has nothing to reset
	m.Run(t, "systemctl", "disable", "haproxy")
	m.Run(t, "rm", "-rf", "/var/lib/agent", haproxyBackup)
	m.Run(t, "mkdir", "-p", "/run/haproxy")
	m.Write(t, haproxyConfig, userConfig, 0o644)
	n := &node{Machine: m}
	n.restartAgent(t)
	return n
}

// restartAgent forgets what only the memory of an agent has.
func (n *node) restartAgent(t testing.TB) { n.x = NewHAProxy(testOptions(t, n.Host)) }

// do calls an action as the server does.
func (n *node) do(t testing.TB, method, path string, query string, body any) (any, error) {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range n.x.Actions() {
		params, ok := match(a.Path, path)
		if a.Method != method || !ok {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		return a.Do(ctx, Call{Param: func(name string) string { return params[name] }, Query: q, Body: payload})
	}
	t.Fatalf("there is no action %s %s", method, path)
	return nil, nil
}

func match(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	params := map[string]string{}
	for i, part := range want {
		switch {
		case len(want) != len(got):
			return nil, false
		case strings.HasPrefix(part, "{"):
			params[strings.Trim(part, "{}")] = got[i]
		case part != got[i]:
			return nil, false
		}
	}
	return params, true
}

// must is do for what has to succeed.
func must[T any](t testing.TB, n *node, method, path, query string, body any) T {
	t.Helper()
	v, err := n.do(t, method, path, query, body)
	if err != nil {
		if f, ok := errors.AsType[*api.Failure](err); ok {
			t.Fatalf("%s %s: %v\n%s", method, path, err, f.Log)
		}
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return v.(T)
}

// refused demands a failure with a code.
func (n *node) refused(t *testing.T, method, path string, body any, code string) *api.Failure {
	t.Helper()
	_, err := n.do(t, method, path, "", body)
	var f *api.Failure
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("%s %s: %v, want %s", method, path, err, code)
	}
	return f
}

// serve answers connections in the machine's network with a word, until the test ends.
func (n *node) serve(t *testing.T, address, word string) {
	t.Helper()
	ln, err := n.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(c, word)
				_, _ = io.Copy(io.Discard, c) // until the client goes
				c.Close()
			}()
		}
	}()
}

// hear connects and returns the first word, "" if there is none.
func (n *node) hear(t *testing.T, address string) string {
	t.Helper()
	c, word := n.connect(t, address)
	if c != nil {
		c.Close()
	}
	return word
}

func (n *node) connect(t *testing.T, address string) (net.Conn, string) {
	t.Helper()
	c, err := n.Dial("tcp", address)
	if err != nil {
		return nil, ""
	}
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	k, _ := c.Read(b)
	return c, string(b[:k])
}

func (n *node) worker(t *testing.T) haproxy.Processes {
	t.Helper()
	p, err := n.x.master().Processes()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStoppedServiceIsSaved(t *testing.T) {
	n := newNode(t)
	got := must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	if got.Code != api.SavedNotRunning || !got.Success || got.Reloaded || got.ConfigHash != hash([]byte(n.Read(t, haproxyConfig))) {
		t.Errorf("%+v", got)
	}
	config := n.Read(t, haproxyConfig)
	if !strings.HasPrefix(config, userConfig) || n.Read(t, haproxyBackup) != userConfig {
		t.Errorf("the user's part has changed:\n%s", config)
	}
	list := must[api.HAProxyRules](t, n, "GET", "/rules", "", nil)
	if list.Count != 1 || list.Rules[0] != rule("a", 8443, "127.0.0.1", 9001) || list.Foreign != 1 {
		t.Errorf("%+v", list)
	}
	if s := must[api.HAProxyStatus](t, n, "GET", "/status", "", nil); s.Running || s.Enabled || !s.Installed || !s.ConfigValid || s.ConfigHash != got.ConfigHash {
		t.Errorf("%+v", s)
	}
	n.refused(t, "POST", "/reload", nil, api.CodeConflict)
	n.refused(t, "GET", "/stats", nil, api.CodeConflict)
}

func rule(name string, port int, target string, targetPort int) api.HAProxyRule {
	return api.HAProxyRule{Name: name, RuleType: "tcp", ListenPort: port, TargetIP: target, TargetPort: targetPort}
}

func TestServiceActions(t *testing.T) {
	n := newNode(t)
	if got := must[api.Changed](t, n, "POST", "/start", "", nil); !got.Success {
		t.Errorf("%+v", got)
	}
	status := func() api.HAProxyStatus { return must[api.HAProxyStatus](t, n, "GET", "/status", "", nil) }
	if s := status(); !s.Running || !s.Enabled {
		t.Errorf("after start: %+v", s)
	}
	first := n.worker(t)
	must[api.Changed](t, n, "POST", "/reload", "", nil)
	if now := n.worker(t); now.Reloads != 1 || now.Failed != 0 || now.Workers[0] == first.Workers[0] {
		t.Errorf("after reload: %+v, before %+v", now, first)
	}
	must[api.Changed](t, n, "POST", "/restart", "", nil)
	if now := n.worker(t); now.Reloads != 0 {
		t.Errorf("after restart: %+v", now)
	}
	must[api.Changed](t, n, "POST", "/stop", "", nil)
	if s := status(); s.Running || s.Enabled || s.ServiceLogs == "" {
		t.Errorf("after stop: %+v", s)
	}
	n.Write(t, haproxyConfig, "nonsense\n", 0o644)
	if v := must[api.Validation](t, n, "GET", "/validate", "", nil); v.Valid || !strings.Contains(v.Message, "nonsense") {
		t.Errorf("validate: %+v", v)
	}
	for _, action := range []string{"/start", "/restart", "/reload"} {
		if f := n.refused(t, "POST", action, nil, api.CodeRefused); !strings.Contains(f.Log, "nonsense") {
			t.Errorf("%s: %+v", action, f)
		}
	}
	if l := must[api.Logs](t, n, "GET", "/logs", "tail=5", nil); strings.Count(l.Logs, "\n") > 6 || l.Logs == "" {
		t.Errorf("logs: %q", l.Logs)
	}
}

// A taken port passes HAProxy's check and fails at the start.
func TestStartThatFails(t *testing.T) {
	n := newNode(t)
	n.serve(t, "127.0.0.1:8404", "taken")
	f := n.refused(t, "POST", "/start", nil, api.CodeRefused)
	if !strings.Contains(f.Log, "annot bind") {
		t.Errorf("%+v", f)
	}
	if s := must[api.HAProxyStatus](t, n, "GET", "/status", "", nil); s.Enabled {
		t.Error("a service that does not start was enabled")
	}
}

func TestRulesOfARunningHAProxy(t *testing.T) {
	n := newNode(t)
	n.serve(t, "127.0.0.1:9001", "one")
	n.serve(t, "127.0.0.1:9002", "two")
	must[api.Changed](t, n, "POST", "/start", "", nil)
	if got := must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001)); !got.Reloaded || got.Runtime {
		t.Errorf("add: %+v", got)
	}
	until(t, "the rule forwards", func() bool { return n.hear(t, "127.0.0.1:8443") == "one" })
	if got := must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001)); got.Reloaded {
		t.Errorf("the same rule again: %+v", got)
	}

	before := n.worker(t)
	port := 9002
	if got := must[api.HAProxyChanged](t, n, "PUT", "/rules/a", "", api.HAProxyRuleUpdate{TargetPort: &port}); got.Reloaded || !got.Runtime {
		t.Errorf("another target: %+v", got)
	}
	if word := n.hear(t, "127.0.0.1:8443"); word != "two" {
		t.Errorf("after the change of the target: %q", word)
	}
	if now := n.worker(t); now.Workers[0] != before.Workers[0] {
		t.Errorf("the target was changed by a reload: %+v", now)
	}
	listen := 8444
	if got := must[api.HAProxyChanged](t, n, "PUT", "/rules/a", "", api.HAProxyRuleUpdate{ListenPort: &listen}); !got.Reloaded {
		t.Errorf("another port: %+v", got)
	}
	until(t, "the new port forwards", func() bool { return n.hear(t, "127.0.0.1:8444") == "two" })
	if got := must[api.HAProxyRule](t, n, "GET", "/rules/a", "", nil); got != rule("a", 8444, "127.0.0.1", 9002) {
		t.Errorf("%+v", got)
	}
	must[api.HAProxyChanged](t, n, "DELETE", "/rules/a", "", nil)
	if got := n.Read(t, haproxyConfig); got != userConfig+"\n"+haproxy.StartMarker+"\n"+haproxy.EndMarker+"\n" {
		t.Errorf("left behind:\n%s", got)
	}
	n.refused(t, "DELETE", "/rules/a", nil, api.CodeNotFound)
	n.refused(t, "GET", "/rules/a", nil, api.CodeNotFound)
}

func TestRefusedChangesChangeNothing(t *testing.T) {
	n := newNode(t)
	must[api.Changed](t, n, "POST", "/start", "", nil)
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	before, worker := n.Read(t, haproxyConfig), n.worker(t)
	f := func(method, path string, body any, code, field string) {
		t.Helper()
		if got := n.refused(t, method, path, body, code); got.Field != field {
			t.Errorf("%s %s: field %q, want %q", method, path, got.Field, field)
		}
		if n.Read(t, haproxyConfig) != before {
			t.Fatalf("%s %s changed the file", method, path)
		}
	}
	f("POST", "/rules", rule("a b", 1, "127.0.0.1", 1), api.CodeInvalid, "name")
	f("POST", "/rules", rule("b", 8443, "127.0.0.1", 1), api.CodeConflict, "listen_port")
	f("POST", "/rules", rule("b", 8404, "127.0.0.1", 1), api.CodeConflict, "listen_port")
	f("POST", "/rules", rule("a", 8445, "127.0.0.1", 1), api.CodeConflict, "name")
	f("POST", "/rules", rule("b", 8445, "x\n    bind *:22", 1), api.CodeInvalid, "target_ip")
	f("POST", "/rules", rule("b", 8445, "no-such-host.invalid", 1), api.CodeRefused, "") // HAProxy's own word
	f("POST", "/rules", api.HAProxyRule{Name: "b", RuleType: "https", ListenPort: 8445, TargetIP: "127.0.0.1", TargetPort: 1, CertDomain: "none.example"}, api.CodeInvalid, "cert_domain")
	f("PUT", "/config", api.HAProxyConfigApply{ConfigContent: "nonsense\n"}, api.CodeRefused, "")
	f("PUT", "/config", api.HAProxyConfigApply{}, api.CodeInvalid, "config_content")
	if _, err := n.do(t, "DELETE", "/rules/a", "if_config="+hash([]byte("another")), nil); err == nil || n.Read(t, haproxyConfig) != before {
		t.Error("a file that has changed meanwhile was changed")
	}
	got := must[api.HAProxyChanged](t, n, "DELETE", "/rules/a", "dry_run=true&if_config="+hash([]byte(before)), nil)
	if n.Read(t, haproxyConfig) != before || strings.Contains(got.Content, "tcp_a") || got.ConfigHash != hash([]byte(before)) {
		t.Errorf("dry run: %+v", got)
	}
	if now := n.worker(t); now.Workers[0] != worker.Workers[0] {
		t.Error("a refused change reloaded HAProxy")
	}
	if left := n.Run(t, "ls", "-A", "/etc/haproxy"); strings.TrimSpace(left) != "errors\nhaproxy.cfg\nhaproxy.cfg.bak" {
		t.Errorf("left behind: %q", left)
	}
}

// HAProxy accepts the file, but the new process cannot bind: the old file comes back, the old process has gone on.
func TestFailingReloadIsRolledBack(t *testing.T) {
	n := newNode(t)
	n.serve(t, "127.0.0.1:9001", "one")
	n.serve(t, "127.0.0.1:7777", "taken")
	must[api.Changed](t, n, "POST", "/start", "", nil)
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	before := n.Read(t, haproxyConfig)
	n.serve(t, "0.0.0.0:8500", "taken")
	f := n.refused(t, "POST", "/rules", rule("b", 8500, "127.0.0.1", 9001), api.CodeRefused)
	if !strings.Contains(f.Log, "annot bind") {
		t.Errorf("the log does not say why: %s", f.Log)
	}
	if n.Read(t, haproxyConfig) != before {
		t.Error("the old file is not back")
	}
	if word := n.hear(t, "127.0.0.1:8443"); word != "one" {
		t.Errorf("after the rollback the old rule says %q", word)
	}
	if p := n.worker(t); p.Failed != 0 || len(p.Workers) != 1 {
		t.Errorf("after the rollback: %+v", p)
	}
	if _, err := n.Host.Stat(n.x.pendingFile()); err == nil {
		t.Error("the note of the change is left behind")
	}
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("c", 8501, "127.0.0.1", 9001)) // and it goes on
	until(t, "the next rule forwards", func() bool { return n.hear(t, "127.0.0.1:8501") == "one" })
}

// The agent is killed after the new file is in place: the next one puts the old one back and reloads.
func TestKilledInTheMiddle(t *testing.T) {
	n := newNode(t)
	n.serve(t, "127.0.0.1:9001", "one")
	must[api.Changed](t, n, "POST", "/start", "", nil)
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	before := []byte(n.Read(t, haproxyConfig))
	after := []byte(strings.Replace(string(before), "*:8443", "*:8600", 1))
	if err := n.x.begin(before, true, after); err != nil { // the last thing that it did
		t.Fatal(err)
	}
	n.restartAgent(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.x.Run(ctx) }()
	until(t, "the old file is back", func() bool { return n.Read(t, haproxyConfig) == string(before) })
	until(t, "the note is gone", func() bool { _, err := n.Host.Stat(n.x.pendingFile()); return err != nil })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if word := n.hear(t, "127.0.0.1:8443"); word != "one" {
		t.Errorf("the old rule says %q", word)
	}

	// Somebody has changed the file since: theirs stays.
	if err := n.x.begin(before, true, after); err != nil {
		t.Fatal(err)
	}
	theirs := string(before) + "# theirs\n"
	n.Write(t, haproxyConfig, theirs, 0o644)
	n.restartAgent(t)
	if err := n.x.recover(t.Context()); err != nil || n.Read(t, haproxyConfig) != theirs {
		t.Errorf("their file was touched: %v", err)
	}

	// A change that comes before Run has looked puts things right first.
	if err := n.x.begin(before, true, after); err != nil {
		t.Fatal(err)
	}
	n.restartAgent(t)
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("d", 8700, "127.0.0.1", 9001))
	if config := n.Read(t, haproxyConfig); strings.Contains(config, "8600") || !strings.Contains(config, "8443") {
		t.Errorf("built on the unconfirmed file:\n%s", config)
	}
}

// The agent's process is killed while a new file is in place that has not proved itself: the next one puts the old file
// back. What it had finished by then stays.
func TestKilledWhileItReloads(t *testing.T) {
	if pid := os.Getenv("HAPROXY_VICTIM"); pid != "" {
		haproxyVictim(t, pid)
		return
	}
	n := newNode(t)
	n.serve(t, "127.0.0.1:9001", "one")
	must[api.Changed](t, n, "POST", "/start", "", nil)
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	before := n.Read(t, haproxyConfig)
	underWay := func() bool { _, err := n.Host.Stat(n.x.pendingFile()); return err == nil }
	caught := 0
	for round := range 5 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileItReloads$")
		cmd.Env = append(os.Environ(), "HAPROXY_VICTIM="+strconv.Itoa(n.PID))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait() // it is killed
			close(ended)
		}()
		until(t, "the file is replaced", func() bool {
			select {
			case <-ended:
				return true
			default:
				return underWay()
			}
		})
		_ = cmd.Process.Kill() // it may have ended
		<-ended
		until(t, "its last systemctl has ended", func() bool { return strings.TrimSpace(n.Run(t, "sh", "-c", "pgrep -cx systemctl || true")) == "0" })
		n.restartAgent(t)
		if !underWay() { // it was quicker
			must[api.HAProxyChanged](t, n, "DELETE", "/rules/b", "", nil)
			continue
		}
		caught++
		if err := n.x.recover(t.Context()); err != nil {
			t.Fatalf("round %d: %v", round, explain(err))
		}
		if got := n.Read(t, haproxyConfig); got != before || underWay() {
			t.Fatalf("round %d, before:\n%s\nafter:\n%s", round, before, got)
		}
		until(t, "the old rule forwards, and no other", func() bool { return n.hear(t, "127.0.0.1:8443") == "one" && n.hear(t, "127.0.0.1:8600") == "" })
	}
	if caught == 0 {
		t.Error("no victim was caught in the middle: the test proves nothing")
	}
}

func haproxyVictim(t *testing.T, pid string) {
	id, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	x := NewHAProxy(Options{Host: host.Inside(id), StateDir: "/var/lib/agent", Log: quiet()})
	if _, err := x.addRule(t.Context(), rule("b", 8600, "127.0.0.1", 9001), Call{}); err != nil {
		t.Fatal(err)
	}
}

// A machine without a configuration gets one; a failure takes it away again.
func TestFirstConfiguration(t *testing.T) {
	n := newNode(t)
	n.serve(t, "127.0.0.1:9001", "one")
	n.Run(t, "rm", haproxyConfig)
	if _, err := n.do(t, "GET", "/config", "", nil); err == nil {
		t.Error("there is a configuration")
	}
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	config := must[api.HAProxyConfig](t, n, "GET", "/config", "", nil)
	if !strings.HasPrefix(config.Content, "global\n    stats socket /var/run/haproxy.sock") || !strings.Contains(config.Content, "user haproxy") {
		t.Errorf("base:\n%s", config.Content)
	}
	must[api.Changed](t, n, "POST", "/start", "", nil)
	until(t, "it forwards", func() bool { return n.hear(t, "127.0.0.1:8443") == "one" })
	s := must[api.HAProxyStats](t, n, "GET", "/stats", "", nil) // through /var/run, which is a link
	if len(s.Frontends) != 1 || len(s.Backends) != 1 || len(s.Servers) != 1 || s.Servers[0].Server != "srv1" || s.Frontends[0].SessionsTotal == 0 {
		t.Errorf("%+v", s)
	}

	n.Write(t, haproxyConfig, strings.Replace(config.Content, "bufsize 32768", "bufsize 16384", 1), 0o644)
	must[api.HAProxyChanged](t, n, "POST", "/config/regenerate", "", nil)
	if got := n.Read(t, haproxyConfig); got != config.Content {
		t.Errorf("regenerated:\n%s", got)
	}
	must[api.HAProxyChanged](t, n, "POST", "/config/regenerate", "preserve_rules=false", nil)
	if got := must[api.HAProxyRules](t, n, "GET", "/rules", "", nil); got.Count != 0 {
		t.Errorf("%+v", got)
	}
}

func TestRunningServersAreChanged(t *testing.T) {
	n := newNode(t)
	n.serve(t, "127.0.0.1:9001", "one")
	n.serve(t, "127.0.0.1:9002", "two")
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	must[api.Changed](t, n, "POST", "/start", "", nil)
	weight := 7
	change := func(ch api.HAProxyServerChange) {
		must[api.Changed](t, n, "POST", "/servers/backend_tcp_a/srv1", "", ch)
	}
	server := func() api.HAProxyProxy { return must[api.HAProxyStats](t, n, "GET", "/stats", "", nil).Servers[0] }
	change(api.HAProxyServerChange{Weight: &weight, Address: "127.0.0.1", Port: 9002})
	if s := server(); s.Weight != 7 || s.Address != "127.0.0.1:9002" {
		t.Errorf("%+v", s)
	}
	if word := n.hear(t, "127.0.0.1:8443"); word != "two" {
		t.Errorf("after the change of the address: %q", word)
	}
	change(api.HAProxyServerChange{State: "maint"})
	if s := server(); s.Status != "MAINT" {
		t.Errorf("%+v", s)
	}
	must[api.Changed](t, n, "POST", "/reload", "", nil)
	if s := server(); s.Status != "MAINT" {
		t.Errorf("the reload forgot the maintenance: %+v", s)
	}
	change(api.HAProxyServerChange{State: "drain"})
	until(t, "it drains", func() bool { return strings.HasPrefix(server().Status, "DRAIN") })
	change(api.HAProxyServerChange{State: "ready"})
	until(t, "it is up", func() bool { return server().Status == "UP" })
	n.refused(t, "POST", "/servers/backend_tcp_a/srv2", api.HAProxyServerChange{State: "maint"}, api.CodeNotFound)
	n.refused(t, "POST", "/servers/x;y/srv1", api.HAProxyServerChange{State: "maint"}, api.CodeNotFound)
	n.refused(t, "POST", "/servers/backend_tcp_a/srv1", api.HAProxyServerChange{State: "gone"}, api.CodeInvalid)
	n.refused(t, "POST", "/servers/backend_tcp_a/srv1", api.HAProxyServerChange{}, api.CodeInvalid)
}

// A connection of before a reload keeps its process alive, and that is counted.
func TestOldProcessesAreCounted(t *testing.T) {
	n := newNode(t)
	n.serve(t, "127.0.0.1:9001", "one")
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	must[api.Changed](t, n, "POST", "/start", "", nil)
	c, word := n.connect(t, "127.0.0.1:8443")
	if word != "one" {
		t.Fatalf("the rule says %q", word)
	}
	old := func() int { return must[api.HAProxyStats](t, n, "GET", "/stats", "", nil).OldProcesses }
	if got := old(); got != 0 {
		t.Errorf("%d old processes before a reload", got)
	}
	must[api.Changed](t, n, "POST", "/reload", "", nil)
	until(t, "the old process is counted", func() bool { return old() == 1 })
	if s := must[api.HAProxyStatus](t, n, "GET", "/status", "", nil); s.OldProcesses != 1 {
		t.Errorf("%+v", s)
	}
	c.Close()
	until(t, "the old process ends", func() bool { return old() == 0 })
}

func TestByHandAndMarkers(t *testing.T) {
	n := newNode(t)
	broken := userConfig + haproxy.StartMarker + "\n"
	n.Write(t, haproxyConfig, broken, 0o644)
	if got := must[api.HAProxyRules](t, n, "GET", "/rules", "", nil); !strings.Contains(got.Problem, "end marker") || got.ProblemWords == nil || got.ProblemWords.Params[0].Sentence == nil {
		t.Errorf("%+v", got)
	}
	n.refused(t, "POST", "/rules", rule("a", 8443, "127.0.0.1", 1), api.CodeConflict)
	if got := n.Read(t, haproxyConfig); got != broken {
		t.Errorf("the file was changed:\n%s", got)
	}
}
