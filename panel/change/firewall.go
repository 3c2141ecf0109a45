package change

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
	"monitoring/words"
)

// Changes of the firewall.
const (
	KindFirewallRule   = "firewall_rule_add"
	KindFirewallDelete = "firewall_rule_delete"
	KindFirewallRemove = "firewall_rule_remove"
)

const firewallTimeout = 3 * time.Minute // with the confirmation over a new connection

var needFirewall = fleet.Need{Capability: "firewall", Domain: api.DomainFirewall, Write: true}

// FirewallRule adds a rule for a port.
type FirewallRule struct {
	Port      int    `json:"port"`
	Protocol  string `json:"protocol"` // tcp, udp or any; any if empty
	Action    string `json:"action"`   // allow, deny, reject or limit; allow if empty
	FromIP    string `json:"from_ip,omitempty"`
	Direction string `json:"direction"` // in or out; in if empty
}

// Kind implements Change, and so do the methods below it.
func (c FirewallRule) Kind() string           { return KindFirewallRule }
func (c FirewallRule) Need() fleet.Need       { return needFirewall }
func (c FirewallRule) Timeout() time.Duration { return firewallTimeout }

func (c FirewallRule) filled() FirewallRule {
	fill := func(field *string, def string) {
		if *field == "" {
			*field = def
		}
	}
	fill(&c.Protocol, "any")
	fill(&c.Action, "allow")
	fill(&c.Direction, "in")
	return c
}

func (c FirewallRule) Title() words.Sentence {
	c = c.filled()
	if c.FromIP != "" {
		return words.Say("firewall: %s %s from %s, port %d, protocol %s", c.Action, c.Direction, c.FromIP, c.Port, c.Protocol)
	}
	return words.Say("firewall: %s %s, port %d, protocol %s", c.Action, c.Direction, c.Port, c.Protocol)
}

func (c FirewallRule) Validate() error {
	c = c.filled()
	switch {
	case checkPort(c.Port) != nil:
		return checkPort(c.Port)
	case !slices.Contains([]string{"tcp", "udp", "any"}, c.Protocol):
		return storage.Invalid("protocol", "the protocol is tcp, udp or any")
	case !slices.Contains([]string{"allow", "deny", "reject", "limit"}, c.Action):
		return storage.Invalid("action", "the action is allow, deny, reject or limit")
	case c.Direction != "in" && c.Direction != "out":
		return storage.Invalid("direction", "the direction is in or out")
	case c.FromIP != "" && !isNetwork(c.FromIP):
		return storage.Invalid("from_ip", "give an address or a network, as in 192.0.2.0/24")
	}
	return nil
}

func isNetwork(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(text)
	return err == nil
}

func (c FirewallRule) Apply(ctx context.Context, t Target) (Outcome, error) {
	c = c.filled()
	return t.tracked(ctx, func() (string, error) {
		return t.Firewall(ctx, t.Server, api.FirewallChange{
			Op: api.FirewallAdd, Action: c.Action, Direction: c.Direction, Ports: strconv.Itoa(c.Port), Protocol: c.Protocol, From: c.FromIP,
		})
	})
}

// tracked makes a change that is right whatever the other rules are. Where they are those that the change is meant for,
// it looks what has become of them, so that later changes meant for them can go on from there.
func (t Target) tracked(ctx context.Context, do func() (string, error)) (Outcome, error) {
	if t.DryRun {
		return Outcome{}, nil
	}
	known := false
	if t.IfFile != "" {
		before, err := t.Client.FirewallRules(ctx)
		if err != nil {
			return Outcome{}, err
		}
		known = before.Hash() == t.IfFile
	}
	said, err := do()
	out := Outcome{Message: words.Plain(said)}
	if err != nil || !known {
		return out, err
	}
	if after, err := t.Client.FirewallRules(ctx); err == nil { // else the later ones ask
		out.File = after.Hash()
	}
	return out, nil
}

// FirewallDelete deletes the rule that reads as given: its number may be another one by then.
type FirewallDelete struct {
	To        string `json:"to"` // this and the next as UFW prints them
	Action    string `json:"action"`
	Direction string `json:"direction"`
	From      string `json:"from"`
}

// Kind implements Change, and so do the methods below it.
func (c FirewallDelete) Kind() string           { return KindFirewallDelete }
func (c FirewallDelete) Need() fleet.Need       { return needFirewall }
func (c FirewallDelete) Timeout() time.Duration { return firewallTimeout }

func (c FirewallDelete) Title() words.Sentence {
	return words.Say("firewall: delete the rule %s", c.text())
}

func (c FirewallDelete) text() string {
	return c.To + " " + c.Action + " " + c.Direction + " " + c.From
}

const maxRuleText = 200 // bytes of each part of a rule

func (c FirewallDelete) Validate() error {
	for _, part := range []struct{ field, value string }{{"to", c.To}, {"action", c.Action}, {"direction", c.Direction}, {"from", c.From}} {
		if part.value == "" || len(part.value) > maxRuleText {
			return storage.Invalid(part.field, "give this part of the rule as the list of rules has it")
		}
	}
	return nil
}

// Apply asks if the firewall has changed meanwhile, for then the rule may have another meaning: rules are tried in order.
func (c FirewallDelete) Apply(ctx context.Context, t Target) (Outcome, error) {
	list, err := activeRules(ctx, t.Client)
	if err != nil {
		return Outcome{}, err
	}
	i := slices.IndexFunc(list.Rules, func(r api.FirewallRule) bool {
		return r.To == c.To && r.Action == c.Action && r.Direction == c.Direction && r.From == c.From
	})
	if i < 0 {
		return Outcome{}, notThere("the firewall has no rule %s", c.text())
	}
	if t.IfFile != "" && list.Hash() != t.IfFile {
		return Outcome{}, refused(api.Fail(api.CodeChanged, "the firewall has been changed on the node meanwhile"))
	}
	rule := list.Rules[i]
	list.Rules = slices.Delete(list.Rules, i, i+1)
	if t.DryRun {
		return Outcome{File: list.Hash()}, nil
	}
	said, err := t.Firewall(ctx, t.Server, api.FirewallChange{Op: api.FirewallDeleteRule, Number: rule.Number, Expect: rule.Text()})
	return Outcome{Message: words.Plain(said), File: list.Hash()}, err
}

// activeRules lists the rules of a firewall; one that is inactive lists none, which says nothing about them.
func activeRules(ctx context.Context, client *api.Client) (api.FirewallRules, error) {
	list, err := client.FirewallRules(ctx)
	if err == nil && !list.Active {
		err = refused(api.Fail(api.CodeConflict, "the firewall is not active: ufw numbers its rules only then"))
	}
	return list, err
}

// FirewallRemove deletes every rule for exactly a port.
type FirewallRemove struct {
	Port int `json:"port"`
}

// Kind implements Change, and so do the methods below it.
func (c FirewallRemove) Kind() string { return KindFirewallRemove }
func (c FirewallRemove) Title() words.Sentence {
	return words.Say("firewall: delete the rules of port %d", c.Port)
}
func (c FirewallRemove) Need() fleet.Need       { return needFirewall }
func (c FirewallRemove) Timeout() time.Duration { return firewallTimeout }
func (c FirewallRemove) Validate() error        { return checkPort(c.Port) }

// Apply deletes them protocol by protocol: UFW's own deletion wants to know which.
func (c FirewallRemove) Apply(ctx context.Context, t Target) (Outcome, error) {
	return t.tracked(ctx, func() (string, error) { return c.remove(ctx, t) })
}

func (c FirewallRemove) remove(ctx context.Context, t Target) (string, error) {
	list, err := activeRules(ctx, t.Client)
	if err != nil {
		return "", err
	}
	port := strconv.Itoa(c.Port)
	protocols := map[string]bool{}
	for _, r := range list.Rules {
		if r.Ports == port && !r.ReadOnly {
			protocols[r.Protocol] = true
		}
	}
	if len(protocols) == 0 {
		return "", notThere("the firewall has no rule of port %s", port)
	}
	var said []string
	for _, protocol := range slices.Sorted(maps.Keys(protocols)) {
		out, err := t.Firewall(ctx, t.Server, api.FirewallChange{Op: api.FirewallDeletePort, Ports: port, Protocol: protocol})
		if err != nil {
			return "", err
		}
		said = append(said, out)
	}
	return strings.Join(said, "; "), nil
}
