package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"monitoring/agent/control/controltest"
)

// node is a real agent in a network of its own, at the other end of a cable from the panel's.
type node struct {
	*controltest.Namespace
	far *controltest.Namespace // the panel's end of the cable
	id  int64
	env []string
	run func()
}

// startNode joins an agent whose owner allows everything.
func startNode(t *testing.T, p *testPanel) *node {
	t.Helper()
	a, b := controltest.NewNamespace(t), controltest.NewNamespace(t)
	controltest.Join(t, a, b)
	var added installAnswer
	p.must(t, "POST", "/api/servers", map[string]string{"name": "node", "url": "https://" + a.Forward(t, "10.77.0.2:9100"), "preset": "full"}, &added)
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(added.Install.Token), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := agentBinary()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{Namespace: b, far: a, id: added.Server.ID}
	n.env = []string{"AGENT_STATE_DIR=" + filepath.Join(dir, "state"), "AGENT_TOKEN_FILE=" + token, "AGENT_ALLOW=full"}
	n.run = func() { b.Start(t, n.env, program) }
	n.run()
	eventually(t, "the agent joins", wait, func() bool {
		var s struct{ Joined bool }
		p.must(t, "GET", fmt.Sprintf("/api/servers/%d/join-status", n.id), nil, &s)
		return s.Joined
	})
	return n
}

// TestFirewallOfARealNode drives UFW through panel and agent. What the rules do not show, as a line of the owner's own
// in before.rules, the confirmation over a new connection finds out.
func TestFirewallOfARealNode(t *testing.T) {
	t.Parallel()
	p := startPanel(t).login(t)
	n := startNode(t, p)
	base := fmt.Sprintf("/api/proxy/%d/haproxy/firewall", n.id)
	refused := func(method, path string, body any, status int, text string) {
		t.Helper()
		if got, b := p.call(t, method, base+path, body); got != status || !strings.Contains(string(b), text) {
			t.Errorf("%s %s: %d %s; want %d with %q", method, path, got, b, status, text)
		}
	}
	refused("POST", "/enable", nil, http.StatusUnprocessableEntity, "lock out the panel")
	n.Sh(t, "ufw allow from 10.77.0.1 to any port 9100 proto tcp")
	p.must(t, "POST", base+"/enable", nil, nil)
	p.must(t, "POST", base+"/allow", map[string]any{"port": 443, "protocol": "tcp"}, nil)
	p.must(t, "POST", base+"/rule", map[string]any{"ports": "6000:6007", "protocol": "udp", "action": "deny", "from_ip": "10.0.0.0/8", "direction": "in"}, nil)
	refused("DELETE", "/rule/1", nil, http.StatusUnprocessableEntity, "lock out the panel")
	refused("POST", "/rule", map[string]any{"port": 1, "action": "allow", "from_ip": "x"}, http.StatusBadRequest, `"field":"from_ip"`)
	var list struct {
		Active bool
		Rules  []struct {
			Number int
			Ports  string
			IPv6   bool
		}
	}
	p.must(t, "GET", base+"/rules", nil, &list)
	if !list.Active || len(list.Rules) != 4 || list.Rules[2].Ports != "6000:6007" || !list.Rules[3].IPv6 {
		t.Errorf("rules: %+v", list)
	}
	p.must(t, "DELETE", base+"/rule/3", nil, nil)
	p.must(t, "DELETE", base+"/443?protocol=tcp", nil, nil)
	p.must(t, "POST", base+"/disable", nil, nil)
	var status struct {
		Active  bool
		Default string `json:"default_incoming"`
	}
	p.must(t, "GET", base+"/status", nil, &status)
	if status.Active {
		t.Error("still active")
	}

	n.holds(t, p, base)

	const drop = "-A ufw-before-input -p tcp --dport 9100 -m conntrack --ctstate NEW -j DROP"
	n.Sh(t, `sed -i 's/^# drop INVALID.*/`+drop+`/' /etc/ufw/before.rules; grep -q -e '--dport 9100' /etc/ufw/before.rules`)
	refused("POST", "/enable", nil, http.StatusBadGateway, `"code":"reverted"`)
	eventually(t, "the agent takes it back", wait, func() bool { return strings.Contains(n.Sh(t, "ufw status"), "inactive") })
	p.must(t, "GET", base+"/status", nil, &status)

	// The same, and the agent dies before the time is over.
	done := make(chan int, 1)
	go func() {
		code, _ := p.call(t, "POST", base+"/enable", nil)
		done <- code
	}()
	eventually(t, "the change is made", wait, func() bool { return strings.Contains(n.Sh(t, "ufw status"), "Status: active") })
	n.Sh(t, "pkill -KILL -x agent")
	n.run()
	eventually(t, "the next agent takes it back", wait, func() bool { return strings.Contains(n.Sh(t, "ufw status"), "inactive") })
	if code := <-done; code == http.StatusOK {
		t.Error("the panel calls a change done that was taken back")
	}
	var audit struct {
		Entries []struct{ Action, Detail string }
	}
	p.must(t, "GET", "/api/audit?limit=100", nil, &audit)
	text := fmt.Sprint(audit.Entries)
	if !strings.Contains(text, "add deny in 6000:6007/udp from 10.0.0.0/8") || !strings.Contains(text, "delete rule 3") {
		t.Errorf("audit: %s", text)
	}
}

// holds lets a person decide about changes of the real node: one is kept, one taken back, one nobody answers.
func (n *node) holds(t *testing.T, p *testPanel, base string) {
	t.Helper()
	type change struct {
		ID      string
		Outcome string
	}
	hold := func(port, seconds int) change {
		t.Helper()
		var answer struct{ Pending change }
		p.must(t, "POST", fmt.Sprintf("%s/allow?hold=%d", base, seconds), map[string]any{"port": port, "protocol": "tcp"}, &answer)
		return answer.Pending
	}
	outcome := func(c change) string {
		t.Helper()
		var list struct{ Changes []change }
		p.must(t, "GET", "/api/firewall/changes", nil, &list)
		for _, one := range list.Changes {
			if one.ID == c.ID {
				return one.Outcome
			}
		}
		return "none"
	}
	rules := func(want string, absent ...string) {
		t.Helper()
		file := n.Sh(t, "cat /etc/ufw/user.rules")
		if !strings.Contains(file, "--dport "+want+" ") {
			t.Errorf("no rule for port %s", want)
		}
		for _, port := range absent {
			if strings.Contains(file, "--dport "+port+" ") {
				t.Errorf("there is a rule for port %s", port)
			}
		}
	}
	kept := hold(7001, 120)
	p.must(t, "POST", base+"/changes/"+kept.ID+"/keep", nil, nil)
	back := hold(7002, 120)
	rules("7002")
	p.must(t, "POST", base+"/changes/"+back.ID+"/revert", nil, nil)
	rules("7001", "7002")
	left := hold(7003, 10)
	eventually(t, "the node takes back what nobody answers", wait, func() bool {
		return outcome(left) == "expired" && !strings.Contains(n.Sh(t, "cat /etc/ufw/user.rules"), "--dport 7003 ")
	})
	rules("7001", "7002", "7003")
}
