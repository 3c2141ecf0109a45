package operations

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"monitoring/agent/api"
)

// node is an agent as far as delivery goes: a file of HAProxy that consists of rules and of what somebody wrote by hand,
// and a firewall.
type node struct {
	mu     sync.Mutex
	hand   string
	rules  []api.HAProxyRule
	fw     []string     // the ports of the firewall's rules
	made   []string     // the changes, in order
	refuse *api.Failure // of the next changes
	after  func()       // called once, when a change has been made and before it is answered
}

func (n *node) content() string { return fmt.Sprintf("%s %+v", n.hand, n.rules) }
func (n *node) hash() string    { return api.HashConfig([]byte(n.content())) }

func (n *node) firewall() api.FirewallRules {
	list := api.FirewallRules{Active: true, Count: len(n.fw)}
	for i, port := range n.fw {
		list.Rules = append(list.Rules, api.FirewallRule{Number: i + 1, Port: 0, Ports: port, Protocol: "tcp", To: port + "/tcp", Action: "ALLOW", Direction: "IN", From: "Anywhere"})
	}
	return list
}

// edit is what somebody does on the node.
func (n *node) edit(hand string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hand = hand
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var answer any
	failure := n.refuse
	switch {
	case failure != nil:
	case r.Method == http.MethodGet && r.URL.Path == api.PathFirewall+"/rules":
		answer = n.firewall()
	case r.Method == http.MethodGet:
		answer = api.HAProxyRules{Rules: n.rules, ConfigHash: n.hash()}
	case strings.HasPrefix(r.URL.Path, api.PathFirewall):
		answer, failure = n.changeFirewall(r)
	default:
		answer, failure = n.changeConfig(r)
	}
	if failure != nil {
		w.WriteHeader(failure.Status())
		answer = failure
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// changeConfig adds, edits and removes rules as the agent does.
func (n *node) changeConfig(r *http.Request) (any, *api.Failure) {
	if want := r.URL.Query().Get("if_config"); want != "" && want != n.hash() {
		return nil, api.Fail(api.CodeChanged, "changed meanwhile")
	}
	name := strings.TrimPrefix(r.URL.Path, api.PathHAProxy+"/rules/")
	i := slices.IndexFunc(n.rules, func(r api.HAProxyRule) bool { return r.Name == name })
	old := slices.Clone(n.rules)
	what := r.Method + " " + name
	switch {
	case r.Method == http.MethodPost:
		var rule api.HAProxyRule
		_ = json.NewDecoder(r.Body).Decode(&rule)
		what = "add " + rule.Name
		if !slices.Contains(n.rules, rule) {
			n.rules = append(n.rules, rule)
		}
	case i < 0:
		return nil, api.Fail(api.CodeNotFound, "there is no rule %q", name)
	case r.Method == http.MethodPut:
		var update api.HAProxyRuleUpdate
		_ = json.NewDecoder(r.Body).Decode(&update)
		n.rules[i] = update.Apply(n.rules[i])
	case r.Method == http.MethodDelete:
		n.rules = slices.Delete(n.rules, i, i+1)
	}
	done := api.HAProxyChanged{Changed: api.Changed{Success: true}, ConfigHash: n.hash()}
	done.Say("HAProxy has been reloaded")
	if r.URL.Query().Get("dry_run") == "true" {
		done.Content = n.content()
		n.rules = old
		return done, nil
	}
	n.done(what)
	return done, nil
}

func (n *node) changeFirewall(r *http.Request) (any, *api.Failure) {
	var c api.FirewallChange
	_ = json.NewDecoder(r.Body).Decode(&c)
	switch c.Op {
	case api.FirewallAdd:
		n.fw = append(n.fw, c.Ports)
	case api.FirewallDeleteRule:
		if rules := n.firewall().Rules; c.Number > len(rules) || rules[c.Number-1].Text() != c.Expect {
			return nil, api.Fail(api.CodeRefused, "rule %d reads otherwise", c.Number)
		}
		n.fw = slices.Delete(n.fw, c.Number-1, c.Number)
	}
	n.done(fmt.Sprint(c.Op, " ", c.Number, c.Ports))
	return api.FirewallPending{Output: "ok"}, nil
}

func (n *node) done(what string) {
	n.made = append(n.made, what)
	if n.after != nil {
		n.after()
		n.after = nil
	}
}

// wantRules demands the names of the rules on the node.
func (b *bench) wantRules(t *testing.T, want string) {
	t.Helper()
	b.node.mu.Lock()
	defer b.node.mu.Unlock()
	var names []string
	for _, r := range b.node.rules {
		names = append(names, r.Name)
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the node has the rules %q, want %q", got, want)
	}
}

// wantMade demands what was changed on the node, in order.
func (b *bench) wantMade(t *testing.T, want ...string) {
	t.Helper()
	b.node.mu.Lock()
	defer b.node.mu.Unlock()
	if !slices.Equal(b.node.made, want) {
		t.Errorf("on the node was made %q, want %q", b.node.made, want)
	}
}
