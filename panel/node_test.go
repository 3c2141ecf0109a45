package main

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"monitoring/agent/control/controltest"
)

// joinMachine boots a machine, starts a real agent in it as a unit of its systemd, and lets it join.
func (p *testPanel) joinMachine(t *testing.T, allow string) (*controltest.Machine, int64) {
	t.Helper()
	m := controltest.Own(t)
	var added installAnswer
	address := m.Forward(t, "127.0.0.1:9100")
	p.must(t, "POST", "/api/servers", map[string]string{"name": "machine", "url": "https://" + address}, &added)
	path, err := agentBinary()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m.Write(t, "/usr/local/bin/agent", string(binary), 0o755)
	m.Write(t, "/etc/agent-token", added.Install.Token, 0o600)
	m.Run(t, "systemd-run", "--unit=agent", "-p", "UMask=0077", "-p", "ProtectHome=read-only", "-E", "AGENT_LISTEN=127.0.0.1:9100", "-E", "AGENT_STATE_DIR=/var/lib/agent",
		"-E", "AGENT_TOKEN_FILE=/etc/agent-token", "-E", "AGENT_ALLOW="+allow, "/usr/local/bin/agent")
	id := added.Server.ID
	eventually(t, "the agent joins and answers", wait, func() bool {
		status, _ := p.call(t, "GET", fmt.Sprintf("/api/proxy/%d/haproxy/status", id), nil)
		return status == http.StatusOK
	})
	return m, id
}

// A person's way with HAProxy: from the panel's API to a real agent in a booted machine, and to what its HAProxy does.
func TestHAProxyOfAMachine(t *testing.T) {
	t.Parallel()
	p := startPanel(t).login(t)
	m, id := p.joinMachine(t, "metrics haproxy:rw certs:ro")
	base := fmt.Sprintf("/api/proxy/%d/haproxy", id)
	m.Run(t, "rm", "-f", "/etc/haproxy/haproxy.cfg")
	ln, err := m.Listen("tcp", "127.0.0.1:9001")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("hello"))
			c.Close()
		}
	}()
	rule := func(name string, port int) map[string]any {
		return map[string]any{"name": name, "rule_type": "tcp", "listen_port": port, "target_ip": "127.0.0.1", "target_port": 9001}
	}
	var changed struct {
		Success, Reloaded, Runtime bool
		Code                       string
	}
	p.must(t, "POST", base+"/rules", rule("relay", 8443), &changed)
	if !changed.Success || changed.Code != "saved_not_running" {
		t.Errorf("first rule: %+v", changed)
	}
	p.must(t, "POST", base+"/start", nil, &changed)
	hear := func(port int) string {
		c, err := m.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return ""
		}
		defer c.Close()
		b := make([]byte, 10)
		n, _ := c.Read(b)
		return string(b[:n])
	}
	eventually(t, "the rule forwards", wait, func() bool { return hear(8443) == "hello" })

	taken, err := m.Listen("tcp", "0.0.0.0:8500")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	status, body := p.call(t, "POST", base+"/rules", rule("taken", 8500))
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(body), `"code":"refused"`) || !strings.Contains(string(body), "annot bind") {
		t.Errorf("a port that is taken: %d %s", status, body)
	}
	var rules struct{ Rules []struct{ Name string } }
	p.must(t, "GET", base+"/rules", nil, &rules)
	if len(rules.Rules) != 1 || rules.Rules[0].Name != "relay" || hear(8443) != "hello" {
		t.Errorf("after the rollback: %+v", rules)
	}
	var stats struct {
		Frontends []struct {
			Proxy         string
			SessionsTotal int `json:"sessions_total"`
		}
	}
	p.must(t, "GET", base+"/stats", nil, &stats)
	if len(stats.Frontends) != 1 || stats.Frontends[0].Proxy != "tcp_relay" || stats.Frontends[0].SessionsTotal == 0 {
		t.Errorf("statistics: %+v", stats)
	}
	status, body = p.call(t, "POST", base+"/certs/renew", nil) // the owner allows to look at certificates only
	if status != http.StatusConflict || !strings.Contains(string(body), `"code":"restricted"`) {
		t.Errorf("certificates: %d %s", status, body)
	}
	eventually(t, "the cache has it", wait, func() bool {
		var cached struct {
			Status *struct{ Running bool }
			Rules  *struct{ Count int }
			Certs  *struct{ Count int }
		}
		answer, _ := p.call(t, "GET", base+"/cached", nil)
		if answer != http.StatusOK {
			return false
		}
		p.must(t, "GET", base+"/cached", nil, &cached)
		return cached.Status != nil && cached.Status.Running && cached.Rules.Count == 1 && cached.Certs != nil
	})
	var audit struct {
		Entries []struct{ Action, Target string }
	}
	p.must(t, "GET", "/api/audit?limit=50", nil, &audit)
	if !slices.ContainsFunc(audit.Entries, func(e struct{ Action, Target string }) bool {
		return e.Action == "POST /api/proxy/{id}/haproxy/rules" && e.Target == "relay"
	}) {
		t.Errorf("the audit log lacks the rule: %+v", audit.Entries)
	}
	if journal := m.Run(t, "journalctl", "-u", "agent", "--no-pager"); !strings.Contains(journal, `action="POST /v1/haproxy/rules"`) {
		t.Errorf("the node's own log lacks the change:\n%s", journal)
	}
}
