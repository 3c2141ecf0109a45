package change

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
)

// agent answers every question with what a test gives for its method and path, and remembers the questions.
type agent struct {
	answers map[string]any
	asked   []string
}

func (a *agent) target(t *testing.T) Target {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		question := r.Method + " " + r.URL.RequestURI()
		a.asked = append(a.asked, strings.TrimSpace(question+" "+string(body)))
		answer, ok := a.answers[question]
		if f, refused := answer.(*api.Failure); refused {
			w.WriteHeader(f.Status())
		} else if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		if text, stream := answer.(string); stream {
			_, _ = io.WriteString(w, text)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(srv.Close)
	return Target{Server: 7, Client: api.NewClient(srv.URL, http.DefaultClient), IfFile: "abc", Firewall: func(_ context.Context, server int64, c api.FirewallChange) (string, error) {
		b, err := json.Marshal(c)
		a.asked = append(a.asked, "firewall "+string(b))
		if server != 7 {
			t.Errorf("firewall of server %d", server)
		}
		return "Rule added", err
	}}
}

func TestApply(t *testing.T) {
	t.Parallel()
	type outcome struct{ Message, Code, File string }
	f := func(kind, payload string, answers map[string]any, wantOut outcome, wantAsked ...string) {
		t.Helper()
		c, err := Parse(kind, json.RawMessage(payload))
		if err != nil {
			t.Fatal(err)
		}
		a := &agent{answers: answers}
		out, err := c.Apply(t.Context(), a.target(t))
		if err != nil {
			t.Fatalf("%s: %v", c.Title(), err)
		}
		if got := (outcome{out.Message.English, out.Code, out.File}); got != wantOut {
			t.Errorf("%s: %+v, want %+v", c.Title(), got, wantOut)
		}
		if got, want := strings.Join(a.asked, "\n"), strings.Join(wantAsked, "\n"); got != want {
			t.Errorf("%s: asked\n%s\nwant\n%s", c.Title(), got, want)
		}
	}
	done := api.HAProxyChanged{Changed: api.Changed{Success: true, Message: "saved", Code: api.SavedNotRunning}, ConfigHash: "new"}
	saved := outcome{Message: "saved", Code: api.SavedNotRunning, File: "new"}
	f(KindHAProxyService, `{"action":"restart"}`, map[string]any{"POST /v1/haproxy/restart": api.Changed{Message: "restarted"}},
		outcome{Message: "restarted"}, "POST /v1/haproxy/restart")
	f(KindHAProxyRule, `{"name":"a","listen_port":443,"target_ip":"192.0.2.1","target_port":8443}`, map[string]any{"POST /v1/haproxy/rules?if_config=abc": done},
		saved, `POST /v1/haproxy/rules?if_config=abc {"name":"a","rule_type":"tcp","listen_port":443,"target_ip":"192.0.2.1","target_port":8443,"target_ssl":false,"send_proxy":false}`)
	rules := api.HAProxyRules{Rules: []api.HAProxyRule{
		{Name: "other", ListenPort: 443, TargetIP: "192.0.2.1", TargetPort: 1},
		{Name: "here it is named so", ListenPort: 443, TargetIP: "192.0.2.1", TargetPort: 8443},
	}}
	f(KindHAProxyRuleRemove, `{"listen_port":443,"target_ip":"192.0.2.1","target_port":8443}`,
		map[string]any{"GET /v1/haproxy/rules": rules, "DELETE /v1/haproxy/rules/here%20it%20is%20named%20so?if_config=abc": done},
		saved, "GET /v1/haproxy/rules", "DELETE /v1/haproxy/rules/here%20it%20is%20named%20so?if_config=abc")
	f(KindHAProxyConfig, `{"config_content":"global\n","reload_after":false}`, map[string]any{"PUT /v1/haproxy/config?if_config=abc": done},
		saved, `PUT /v1/haproxy/config?if_config=abc {"config_content":"global\n","reload_after":false}`)
	f(KindTrafficPort, `{"port":443}`, map[string]any{"POST /v1/traffic/ports/add": api.TrackedPorts{}},
		outcome{Message: "port 443 is counted"}, `POST /v1/traffic/ports/add {"port":443}`)
	f(KindTrafficPortRemove, `{"port":443}`, map[string]any{"GET /v1/traffic": api.TrackedPorts{TrackedPorts: []int{80, 443}}, "POST /v1/traffic/ports/remove": api.TrackedPorts{}},
		outcome{Message: "port 443 is no longer counted"}, "GET /v1/traffic", `POST /v1/traffic/ports/remove {"port":443}`)
	f(KindHAProxyRuleUpdate, `{"name":"a_b","target_port":9}`, map[string]any{"PUT /v1/haproxy/rules/a_b?if_config=abc": done}, saved,
		`PUT /v1/haproxy/rules/a_b?if_config=abc {"target_port":9}`)
	const rulesPath = "GET /v1/firewall/rules"
	f(KindFirewallRule, `{"port":22,"from_ip":"192.0.2.0/24"}`, map[string]any{rulesPath: api.FirewallRules{}}, outcome{Message: "Rule added"},
		rulesPath, `firewall {"op":"add","action":"allow","direction":"in","ports":"22","protocol":"any","from":"192.0.2.0/24"}`)
	f(KindFirewallRemove, `{"port":53}`, map[string]any{rulesPath: api.FirewallRules{Active: true, Rules: []api.FirewallRule{
		{Ports: "53", Protocol: "udp"}, {Ports: "53", Protocol: "tcp"}, {Ports: "53", Protocol: "udp", IPv6: true}, {Ports: "5353", Protocol: "any"}, {Ports: "53", Protocol: "any", ReadOnly: true},
	}}}, outcome{Message: "Rule added; Rule added"}, rulesPath, rulesPath,
		`firewall {"op":"delete_port","ports":"53","protocol":"tcp"}`, `firewall {"op":"delete_port","ports":"53","protocol":"udp"}`)
}

func TestCut(t *testing.T) {
	t.Parallel()
	f := func(text string, was bool, want int, wantCut bool) {
		t.Helper()
		part, truncated := cut(text, was)
		if len(part) != want || truncated != wantCut || !strings.HasPrefix(text, part) {
			t.Errorf("%d bytes became %d, truncated %v; want %d, %v", len(text), len(part), truncated, want, wantCut)
		}
	}
	f("short", false, 5, false)
	f("short", true, 5, true)
	f(strings.Repeat("x", keptBytes), false, keptBytes, false)
	f(strings.Repeat("x", keptBytes+1), false, keptBytes, true)
	f("x"+strings.Repeat("ы", keptBytes/2), false, keptBytes-1, true)
}

func TestCommand(t *testing.T) {
	t.Parallel()
	a := &agent{answers: map[string]any{"POST /v1/exec/run": "event: stdout\ndata: {\"line\":\"hello\"}\n\nevent: done\ndata: {\"exit_code\":3,\"execution_time_ms\":5}\n\n"}}
	c, err := Parse(KindCommand, json.RawMessage(`{"command":"false"}`))
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Apply(t.Context(), a.target(t))
	if err != nil || out.Message.English != "exit code 3" || out.Command == nil || out.Command.Stdout != "hello\n" || out.Command.Success {
		t.Errorf("%+v, %v", out, err)
	}
	if c.Timeout() != api.DefaultTime {
		t.Errorf("timeout %v", c.Timeout())
	}
	long := Command{api.ExecRequest{Command: strings.Repeat("ы", 500)}}
	if n := len([]rune(long.Title().English)); n > 220 {
		t.Errorf("a title of %d characters", n)
	}
}

// What is not there is told as the agent would tell it.
func TestNotThere(t *testing.T) {
	t.Parallel()
	f := func(kind, payload string, answers map[string]any, want string) {
		t.Helper()
		c, err := Parse(kind, json.RawMessage(payload))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Apply(t.Context(), (&agent{answers: answers}).target(t))
		if err = fleet.AgentError(err, c.Need()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", c.Title(), err, want)
		}
	}
	f(KindHAProxyRuleRemove, `{"listen_port":1,"target_ip":"192.0.2.1","target_port":2}`, map[string]any{"GET /v1/haproxy/rules": api.HAProxyRules{}}, "no such rule")
	f(KindTrafficPortRemove, `{"port":1}`, map[string]any{"GET /v1/traffic": api.TrackedPorts{}}, "not counted")
	f(KindFirewallRemove, `{"port":1}`, map[string]any{"GET /v1/firewall/rules": api.FirewallRules{Active: true}}, "no rule of port 1")
	f(KindFirewallRemove, `{"port":1}`, map[string]any{"GET /v1/firewall/rules": api.FirewallRules{}}, "not active")
	f(KindFirewallDelete, `{"to":"22","action":"ALLOW","direction":"IN","from":"Anywhere"}`,
		map[string]any{"GET /v1/firewall/rules": api.FirewallRules{Active: true}}, "no rule 22 ALLOW IN Anywhere")
	f(KindHAProxyService, `{"action":"start"}`, map[string]any{"POST /v1/haproxy/start": &api.Failure{Code: api.CodeRefused, Detail: "bad configuration"}}, "bad configuration")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	f := func(kind, payload, wantField string) {
		t.Helper()
		c, err := Parse(kind, json.RawMessage(payload))
		var wrong *storage.FieldError
		if !errors.As(err, &wrong) || wrong.Field != wantField {
			t.Errorf("%s %s: %v, %v; want field %s", kind, payload, c, err, wantField)
		}
	}
	f("format_disk", `{}`, "kind")
	f(KindHAProxyService, `{"action":"enable; reboot"}`, "action")
	f(KindHAProxyService, `{"action":"start","more":1}`, "payload")
	f(KindHAProxyService, `[`, "payload")
	f(KindHAProxyRule, `{"name":"a b","listen_port":1,"target_ip":"192.0.2.1","target_port":1}`, "name")
	f(KindHAProxyRule, `{"name":"a","listen_port":1,"target_ip":"x\ny","target_port":1}`, "target_ip")
	f(KindHAProxyRuleRemove, `{"listen_port":0,"target_ip":"192.0.2.1","target_port":1}`, "listen_port")
	f(KindHAProxyRuleUpdate, `{"name":"a"}`, "payload")
	f(KindHAProxyRuleUpdate, `{"name":"a b","target_port":1}`, "name")
	f(KindHAProxyRuleUpdate, `{"name":"a","target_port":0}`, "target_port")
	f(KindHAProxyRuleUpdate, `{"name":"a","rule_type":"https","cert_domain":"no domain"}`, "cert_domain")
	f(KindHAProxyConfig, `{"config_content":""}`, "config_content")
	f(KindTrafficPort, `{"port":65536}`, "port")
	f(KindTrafficPortRemove, `{}`, "port")
	f(KindFirewallRule, `{"port":0}`, "port")
	f(KindFirewallRule, `{"port":1,"protocol":"icmp"}`, "protocol")
	f(KindFirewallRule, `{"port":1,"action":"drop"}`, "action")
	f(KindFirewallRule, `{"port":1,"direction":"up"}`, "direction")
	f(KindFirewallRule, `{"port":1,"from_ip":"any; ufw reset"}`, "from_ip")
	f(KindFirewallRemove, `{"port":-1}`, "port")
	f(KindFirewallDelete, `{"to":"22","action":"ALLOW","direction":"IN"}`, "from")
	f(KindFirewallDelete, `{"to":"`+strings.Repeat("2", maxRuleText+1)+`","action":"ALLOW","direction":"IN","from":"Anywhere"}`, "to")
	f(KindCommand, `{"command":""}`, "command")
}

// Every kind is one that a kept change can be read as again.
func TestKindsReadWhatTheyWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []Change{
		HAProxyService{"stop"}, HAProxyRule{api.HAProxyRule{Name: "a", RuleType: api.RuleTCP, ListenPort: 1, TargetIP: "192.0.2.1", TargetPort: 2}},
		HAProxyRuleRemove{1, "192.0.2.1", 2}, HAProxyConfig{ConfigContent: "global"}, TrafficPort{1}, TrafficPortRemove{1},
		HAProxyRuleUpdate{"a", api.HAProxyRuleUpdate{TargetIP: new("2001:db8::1"), SendProxy: new(true)}},
		FirewallRule{Port: 1}, FirewallDelete{"22/tcp (v6)", "ALLOW", "IN", "Anywhere (v6)"}, FirewallRemove{1}, Command{api.ExecRequest{Command: "id", Timeout: 5, Shell: "sh"}},
	} {
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(c.Kind(), b)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%s: %+v became %+v, %v", b, c, again, err)
		}
		if _, ok := kinds[c.Kind()]; !ok || c.Title().Code == "" || c.Need().Domain == "" || !c.Need().Write || c.Timeout() <= 0 {
			t.Errorf("%s is incomplete", c.Kind())
		}
	}
	if Queueable(Command{}) || Queueable(HAProxyService{}) || !Queueable(TrafficPort{}) || Of(HAProxyConfig{}) != OfConfig || Of(TrafficPort{}) != "" || Removes(HAProxyRuleUpdate{}) || !Removes(FirewallDelete{}) {
		t.Error("what may wait, what it is made to and what is done when it is gone")
	}
}

// A rule of the firewall is found by what it reads, not by its number; and only in the rules that it was seen in.
func TestFirewallDelete(t *testing.T) {
	t.Parallel()
	in := api.FirewallRule{Number: 1, To: "443", Action: "ALLOW", Direction: "IN", From: "Anywhere"}
	out := api.FirewallRule{Number: 2, To: "443", Action: "ALLOW", Direction: "OUT", From: "Anywhere"}
	seen := api.FirewallRules{Active: true, Rules: []api.FirewallRule{in, out}}
	left := api.FirewallRules{Active: true, Rules: []api.FirewallRule{in}}
	c := FirewallDelete{"443", "ALLOW", "OUT", "Anywhere"}
	a := &agent{answers: map[string]any{"GET /v1/firewall/rules": seen}}
	target := a.target(t)

	target.IfFile, target.DryRun = seen.Hash(), true
	if got, err := c.Apply(t.Context(), target); err != nil || got.File != left.Hash() || len(a.asked) != 1 {
		t.Errorf("foreseen: %+v, %v, after %q", got, err, a.asked)
	}
	target.DryRun = false
	got, err := c.Apply(t.Context(), target)
	if err != nil || got.File != left.Hash() || a.asked[len(a.asked)-1] != `firewall {"op":"delete","number":2,"expect":"443 ALLOW Anywhere"}` {
		t.Errorf("made: %+v, %v, after %q", got, err, a.asked)
	}
	a.answers["GET /v1/firewall/rules"] = api.FirewallRules{Active: true, Rules: []api.FirewallRule{out}}
	if _, err := c.Apply(t.Context(), target); !refusedAs(err, api.CodeChanged) {
		t.Errorf("other rules are there: %v", err)
	}
	target.IfFile = "" // somebody has decided
	if _, err := c.Apply(t.Context(), target); err != nil {
		t.Error(err)
	}
	a.answers["GET /v1/firewall/rules"] = api.FirewallRules{Rules: []api.FirewallRule{}}
	if _, err := c.Apply(t.Context(), target); !refusedAs(err, api.CodeConflict) {
		t.Errorf("an inactive firewall: %v", err)
	}
}

func refusedAs(err error, code string) bool {
	var status *api.StatusError
	return errors.As(err, &status) && status.Failure.Code == code
}

// A rule that is added to the rules as they were seen tells what has become of them; to others it does not.
func TestFirewallRuleFollowsTheRules(t *testing.T) {
	t.Parallel()
	f := func(before api.FirewallRules, want string) {
		t.Helper()
		a := &agent{answers: map[string]any{"GET /v1/firewall/rules": before}}
		target := a.target(t)
		target.IfFile = api.FirewallRules{Active: true}.Hash()
		target.Firewall = func(context.Context, int64, api.FirewallChange) (string, error) {
			a.answers["GET /v1/firewall/rules"] = api.FirewallRules{Active: true, Rules: []api.FirewallRule{{To: "22"}}}
			return "Rule added", nil
		}
		got, err := FirewallRule{Port: 22}.Apply(t.Context(), target)
		if err != nil || got.File != want {
			t.Errorf("%+v, %v; want %q", got, err, want)
		}
	}
	f(api.FirewallRules{Active: true}, api.FirewallRules{Active: true, Rules: []api.FirewallRule{{To: "22"}}}.Hash())
	f(api.FirewallRules{Active: true, Rules: []api.FirewallRule{{To: "80"}}}, "")
}

func TestLook(t *testing.T) {
	t.Parallel()
	rule := api.HAProxyRule{Name: "a", RuleType: api.RuleTCP, ListenPort: 1, TargetIP: "192.0.2.1", TargetPort: 2}
	rules := api.HAProxyRules{Rules: []api.HAProxyRule{rule}, ConfigHash: api.HashConfig([]byte("global"))}
	a := &agent{answers: map[string]any{"GET /v1/haproxy/rules": rules, "GET /v1/firewall/rules": api.FirewallRules{Active: true}}}
	f := func(c Change, wantHash string, wantHolds bool) {
		t.Helper()
		hash, holds, err := Look(t.Context(), a.target(t).Client, c)
		if err != nil || hash != wantHash || holds != wantHolds {
			t.Errorf("%s: %q %v %v, want %q %v", c.Title(), hash, holds, err, wantHash, wantHolds)
		}
	}
	other := rule
	other.TargetPort = 3
	f(HAProxyRule{rule}, rules.ConfigHash, true)
	f(HAProxyRule{other}, rules.ConfigHash, false)
	f(HAProxyRuleUpdate{"a", api.HAProxyRuleUpdate{TargetPort: new(2)}}, rules.ConfigHash, true)
	f(HAProxyRuleUpdate{"a", api.HAProxyRuleUpdate{TargetPort: new(3)}}, rules.ConfigHash, false)
	f(HAProxyRuleUpdate{"b", api.HAProxyRuleUpdate{TargetPort: new(2)}}, rules.ConfigHash, false)
	f(HAProxyConfig{ConfigContent: "global"}, rules.ConfigHash, true)
	f(HAProxyConfig{ConfigContent: "defaults"}, rules.ConfigHash, false)
	f(HAProxyRuleRemove{1, "192.0.2.1", 2}, rules.ConfigHash, false)
	f(FirewallRemove{1}, api.FirewallRules{Active: true}.Hash(), false)
	f(TrafficPort{1}, "", false)
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	a := &agent{answers: map[string]any{"POST /v1/haproxy/rules?dry_run=true&if_config=abc": api.HAProxyChanged{ConfigHash: "old", Content: "new file"}}}
	target := a.target(t)
	target.DryRun = true
	got, err := HAProxyRule{api.HAProxyRule{Name: "a", ListenPort: 1, TargetIP: "192.0.2.1", TargetPort: 2}}.Apply(t.Context(), target)
	if err != nil || got.File != api.HashConfig([]byte("new file")) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := (FirewallRemove{1}).Apply(t.Context(), target); err != nil || got.File != "" || len(a.asked) != 1 {
		t.Errorf("what cannot be foreseen: %+v, %v, asked %q", got, err, a.asked)
	}
}
