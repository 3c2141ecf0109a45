package change

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
)

// Changes of counted ports and of the firewall.
const (
	KindTrafficPort       = "traffic_port_add"
	KindTrafficPortRemove = "traffic_port_remove"
	KindFirewallRule      = "firewall_rule_add"
	KindFirewallRemove    = "firewall_rule_remove"
)

const (
	trafficTimeout  = 30 * time.Second
	firewallTimeout = 3 * time.Minute // with the confirmation over a new connection
)

var (
	needTraffic  = fleet.Need{Capability: "traffic", Domain: api.DomainTraffic, Write: true}
	needFirewall = fleet.Need{Capability: "firewall", Domain: api.DomainFirewall, Write: true}
)

func checkPort(port int) error {
	if port < 1 || port > 65535 {
		return storage.Invalid("port", "give a port from 1 to 65535")
	}
	return nil
}

// TrafficPort counts the traffic of a port from now on.
type TrafficPort struct {
	Port int `json:"port"`
}

// Kind implements Change, and so do the methods below it.
func (c TrafficPort) Kind() string           { return KindTrafficPort }
func (c TrafficPort) Title() string          { return fmt.Sprintf("traffic: count port %d", c.Port) }
func (c TrafficPort) Need() fleet.Need       { return needTraffic }
func (c TrafficPort) Timeout() time.Duration { return trafficTimeout }
func (c TrafficPort) Validate() error        { return checkPort(c.Port) }

func (c TrafficPort) Apply(ctx context.Context, t Target) (Outcome, error) {
	_, err := t.Client.TrackPort(ctx, c.Port)
	return Outcome{Message: fmt.Sprintf("port %d is counted", c.Port)}, err
}

// TrafficPortRemove stops counting a port.
type TrafficPortRemove struct {
	Port int `json:"port"`
}

// Kind implements Change, and so do the methods below it.
func (c TrafficPortRemove) Kind() string { return KindTrafficPortRemove }
func (c TrafficPortRemove) Title() string {
	return fmt.Sprintf("traffic: stop counting port %d", c.Port)
}
func (c TrafficPortRemove) Need() fleet.Need       { return needTraffic }
func (c TrafficPortRemove) Timeout() time.Duration { return trafficTimeout }
func (c TrafficPortRemove) Validate() error        { return checkPort(c.Port) }

// Apply says so when the port was not counted.
func (c TrafficPortRemove) Apply(ctx context.Context, t Target) (Outcome, error) {
	tracked, err := t.Client.TrackedPorts(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if !slices.Contains(tracked.TrackedPorts, c.Port) {
		return Outcome{}, notThere(fmt.Sprintf("the traffic of port %d is not counted there", c.Port))
	}
	_, err = t.Client.UntrackPort(ctx, c.Port)
	return Outcome{Message: fmt.Sprintf("port %d is no longer counted", c.Port)}, err
}

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

func (c FirewallRule) Title() string {
	c = c.filled()
	from := ""
	if c.FromIP != "" {
		from = " from " + c.FromIP
	}
	return fmt.Sprintf("firewall: %s %s%s, port %d, protocol %s", c.Action, c.Direction, from, c.Port, c.Protocol)
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
	out, err := t.Firewall(ctx, t.Server, api.FirewallChange{
		Op: api.FirewallAdd, Action: c.Action, Direction: c.Direction, Ports: strconv.Itoa(c.Port), Protocol: c.Protocol, From: c.FromIP,
	})
	return Outcome{Message: out}, err
}

// FirewallRemove deletes every rule for exactly a port.
type FirewallRemove struct {
	Port int `json:"port"`
}

// Kind implements Change, and so do the methods below it.
func (c FirewallRemove) Kind() string { return KindFirewallRemove }
func (c FirewallRemove) Title() string {
	return fmt.Sprintf("firewall: delete the rules of port %d", c.Port)
}
func (c FirewallRemove) Need() fleet.Need       { return needFirewall }
func (c FirewallRemove) Timeout() time.Duration { return firewallTimeout }
func (c FirewallRemove) Validate() error        { return checkPort(c.Port) }

// Apply deletes them protocol by protocol: UFW's own deletion wants to know which.
func (c FirewallRemove) Apply(ctx context.Context, t Target) (Outcome, error) {
	list, err := t.Client.FirewallRules(ctx)
	if err != nil {
		return Outcome{}, err
	}
	port := strconv.Itoa(c.Port)
	protocols := map[string]bool{}
	for _, r := range list.Rules {
		if r.Ports == port && !r.ReadOnly {
			protocols[r.Protocol] = true
		}
	}
	if len(protocols) == 0 {
		return Outcome{}, notThere("the firewall has no rule of port " + port)
	}
	var said []string
	for _, protocol := range slices.Sorted(maps.Keys(protocols)) {
		out, err := t.Firewall(ctx, t.Server, api.FirewallChange{Op: api.FirewallDeletePort, Ports: port, Protocol: protocol})
		if err != nil {
			return Outcome{}, err
		}
		said = append(said, out)
	}
	return Outcome{Message: strings.Join(said, "; ")}, nil
}
