package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"monitoring/words"
)

// PathFirewall is where the firewall of a node is.
const PathFirewall = "/v1/firewall"

// FirewallStatus is what `ufw status verbose` says.
type FirewallStatus struct {
	Installed       bool            `json:"installed"`
	Active          bool            `json:"active"`
	DefaultIncoming string          `json:"default_incoming"` // allow, deny or reject; "" while inactive
	DefaultOutgoing string          `json:"default_outgoing"`
	Logging         string          `json:"logging"` // off, or on and the level, as in "on (low)"
	Error           string          `json:"error,omitempty"`
	ErrorWords      *words.Sentence `json:"error_words,omitempty"` // Error for a UI, which translates it
}

// FirewallRule is one line of `ufw status numbered`. To and From are what UFW prints; the fields before them are what
// could be read out of it.
type FirewallRule struct {
	Number    int    `json:"number"` // for deleting; it changes when a rule above goes
	Port      int    `json:"port"`   // 0 unless it is exactly one
	Ports     string `json:"ports"`  // "443", "80,443", "6000:6007"; "" is all
	Protocol  string `json:"protocol"`
	Action    string `json:"action"`  // ALLOW, DENY, REJECT, LIMIT
	FromIP    string `json:"from_ip"` // "Anywhere", an address, a network, or the name of an application profile
	Direction string `json:"direction"`
	IPv6      bool   `json:"ipv6"`
	To        string `json:"to"`
	From      string `json:"from"`
	Comment   string `json:"comment,omitempty"`
	ReadOnly  bool   `json:"read_only"` // has something that FirewallChange cannot say: an interface, a profile, a route
}

// Text is a rule in one line, which FirewallChange.Expect is compared with.
func (r FirewallRule) Text() string { return r.To + " " + r.Action + " " + r.From }

// FirewallRules is the whole list.
type FirewallRules struct {
	Active bool           `json:"active"`
	Count  int            `json:"count"`
	Rules  []FirewallRule `json:"rules"`
}

// Hash tells this list of rules from any other, whatever their numbers.
func (l FirewallRules) Hash() string {
	h := sha256.New()
	fmt.Fprintln(h, l.Active)
	for _, r := range l.Rules {
		fmt.Fprintf(h, "%q %q %q %q\n", r.To, r.Action, r.Direction, r.From)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// What a FirewallChange does.
const (
	FirewallAdd        = "add"         // a rule: Action, Direction, Ports, Protocol, From
	FirewallDeleteRule = "delete"      // the rule with Number, if it still reads Expect
	FirewallDeletePort = "delete_port" // every rule for exactly Ports and Protocol; with Action only those
	FirewallEnable     = "enable"
	FirewallDisable    = "disable"
)

// FirewallChange is one change. The agent refuses what would lock out the panel or SSH. What it carries out it takes
// back unless a FirewallConfirm comes in time over a new connection.
type FirewallChange struct {
	Op        string `json:"op"`
	Action    string `json:"action,omitempty"`    // allow, deny, reject, limit
	Direction string `json:"direction,omitempty"` // in (also if empty), out
	Ports     string `json:"ports,omitempty"`
	Protocol  string `json:"protocol,omitempty"` // tcp, udp, any
	From      string `json:"from,omitempty"`     // address or network; "" is anywhere
	Comment   string `json:"comment,omitempty"`
	Number    int    `json:"number,omitempty"`
	Expect    string `json:"expect,omitempty"` // "TO ACTION FROM" of the rule meant, for numbers shift
	Actor     string `json:"actor,omitempty"`  // who asked, for the agent's log
	// HoldSeconds is how long the change waits for its confirmation; 0 is half a minute.
	HoldSeconds int `json:"hold_seconds,omitempty"`
}

// Bounds of FirewallChange.HoldSeconds.
const (
	MinHoldSeconds = 10
	MaxHoldSeconds = 120
)

// FirewallPending answers a change: it waits for the confirmation.
type FirewallPending struct {
	ID             string `json:"id"`
	ConfirmSeconds int    `json:"confirm_seconds"` // until it is taken back
	Output         string `json:"output"`          // of ufw
}

// usualWait is the longest that a node waits for a confirmation that nobody asked it to wait for.
const usualWait = time.Minute

// Within is how long a node waits for the confirmation of a change. It may be a stranger's and say anything: nobody
// waits longer for it than was asked.
func (p FirewallPending) Within(c FirewallChange) time.Duration {
	most := usualWait
	if c.HoldSeconds > 0 {
		most = time.Duration(c.HoldSeconds) * time.Second
	}
	return time.Duration(max(0, min(p.ConfirmSeconds, int(most/time.Second)))) * time.Second
}

// FirewallConfirm names the change that is made lasting, or taken back.
type FirewallConfirm struct {
	ID string `json:"id"`
}

// FirewallStatus asks for the state of UFW.
func (c *Client) FirewallStatus(ctx context.Context) (FirewallStatus, error) {
	return call[FirewallStatus](ctx, c, http.MethodGet, PathFirewall, nil)
}

// FirewallRules lists the rules; UFW has none to list while it is inactive.
func (c *Client) FirewallRules(ctx context.Context) (FirewallRules, error) {
	return call[FirewallRules](ctx, c, http.MethodGet, PathFirewall+"/rules", nil)
}

// ChangeFirewall carries out a change, which then waits for ConfirmFirewall.
func (c *Client) ChangeFirewall(ctx context.Context, change FirewallChange) (FirewallPending, error) {
	return call[FirewallPending](ctx, c, http.MethodPost, PathFirewall+"/changes", change)
}

// ConfirmFirewall makes a change lasting. The client must have opened its connection after the change.
func (c *Client) ConfirmFirewall(ctx context.Context, id string) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, PathFirewall+"/confirm", FirewallConfirm{id})
	return err
}

// RevertFirewall takes a pending change back at once.
func (c *Client) RevertFirewall(ctx context.Context, id string) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, PathFirewall+"/revert", FirewallConfirm{id})
	return err
}
