// Package change names what the panel can change on a server, as data that can be kept, repeated and sent to many
// servers, and makes each by calls of the agent. It does not decide when, nor on which server.
//
// A new change is a type with the methods of Change, and its line in kinds.
package change

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
	"monitoring/words"
)

// Change is one thing to do on a server. Doing it again where it has been done already does no harm.
type Change interface {
	Kind() string
	Title() words.Sentence // what is done, with its parameters
	Validate() error
	Need() fleet.Need
	Timeout() time.Duration // within which the agent is through with it
	Apply(ctx context.Context, t Target) (Outcome, error)
}

// Target is the server that a change is made on.
type Target struct {
	Server   int64
	Client   *api.Client
	Firewall Firewall
	IfFile   string // hash of the thing that the change is meant for; "" is whatever it is
	DryRun   bool   // only say what would become of the thing
}

// Firewall changes the firewall of a server and confirms that the panel still gets in.
type Firewall func(ctx context.Context, server int64, c api.FirewallChange) (output string, err error)

// Outcome is what a server answered to a change that was made.
type Outcome struct {
	Message words.Sentence
	Code    string         // of a success that needs a word
	File    string         // hash of the thing as the change leaves it; "" if that is not known
	Command *api.Execution // of a command
}

// kinds is every change there is.
var kinds = map[string]kind{
	KindHAProxyService:    {read: reader[HAProxyService]()},
	KindHAProxyRule:       {later: true, of: OfConfig, read: reader[HAProxyRule]()},
	KindHAProxyRuleUpdate: {later: true, of: OfConfig, read: reader[HAProxyRuleUpdate]()},
	KindHAProxyRuleRemove: {later: true, of: OfConfig, removes: true, read: reader[HAProxyRuleRemove]()},
	KindHAProxyConfig:     {of: OfConfig, read: reader[HAProxyConfig]()},
	KindTrafficPort:       {later: true, read: reader[TrafficPort]()},
	KindTrafficPortRemove: {later: true, removes: true, read: reader[TrafficPortRemove]()},
	KindFirewallRule:      {later: true, of: OfFirewall, read: reader[FirewallRule]()},
	KindFirewallDelete:    {later: true, of: OfFirewall, removes: true, read: reader[FirewallDelete]()},
	KindFirewallRemove:    {later: true, of: OfFirewall, removes: true, read: reader[FirewallRemove]()},
	KindCommand:           {read: reader[Command]()},
}

type kind struct {
	later   bool   // makes sense when a server is back; what was meant for this moment does not
	of      string // the thing that it is made to, which somebody may have changed meanwhile
	removes bool   // is done when what it removes is not there
	read    func(payload []byte) (Change, error)
}

// Things that changes are made to. Each has a hash, by which it is known whether somebody has changed it meanwhile.
const (
	OfConfig   = "haproxy.cfg"
	OfFirewall = "ufw"
)

// Kinds lists every kind.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// Queueable reports whether a change may wait for its server.
func Queueable(c Change) bool { return kinds[c.Kind()].later }

// Of is the thing that a change is made to, "" if nobody else would change it.
func Of(c Change) string { return kinds[c.Kind()].of }

// Removes reports whether a change is done when what it removes is not there.
func Removes(c Change) bool { return kinds[c.Kind()].removes }

// Look asks a server for the hash of the thing that a change is made to, and whether it is already as the change wants it.
func Look(ctx context.Context, client *api.Client, c Change) (hash string, holds bool, err error) {
	switch Of(c) {
	case OfConfig:
		rules, err := client.HAProxyRules(ctx)
		wanted, can := c.(interface{ Holds(api.HAProxyRules) bool })
		return rules.ConfigHash, err == nil && can && wanted.Holds(rules), err
	case OfFirewall:
		rules, err := client.FirewallRules(ctx)
		return rules.Hash(), false, err
	}
	return "", false, nil
}

// Parse reads a change that was kept, or that a client sent.
func Parse(name string, payload json.RawMessage) (Change, error) {
	k, ok := kinds[name]
	if !ok {
		return nil, storage.Invalid("kind", "there is no change %q", name)
	}
	return k.read(payload)
}

// AuditAction is the action in the audit log of a change of a kind that the panel made on a server for somebody.
func AuditAction(kind string) string { return "change " + kind }

// Made is the entry of the audit log for a change that the panel made on a server: by a bulk job, or when the server was
// back. The entry of the request names no server.
func Made(server int64, c Change) storage.AuditEntry {
	return storage.AuditEntry{Actor: "panel", Action: AuditAction(c.Kind()), ServerID: &server, Detail: c.Title().English, Status: http.StatusOK}
}

// reader reads changes of one type, strictly: a field that is not understood is not left out.
func reader[T Change]() func([]byte) (Change, error) {
	return func(payload []byte) (Change, error) {
		var c T
		d := json.NewDecoder(bytes.NewReader(payload))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return nil, storage.Invalid("payload", "it cannot be read: %v", err)
		}
		return c, c.Validate()
	}
}

// fieldError is the panel's form of what an agent would say about a request.
func fieldError(err error) error {
	if f, ok := errors.AsType[*api.Failure](err); ok {
		return &storage.FieldError{Field: f.Field, Detail: f.Detail, Words: f.Words}
	}
	return err
}
