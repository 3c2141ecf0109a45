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
	"fmt"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
)

// Change is one thing to do on a server. Doing it again where it has been done already does no harm.
type Change interface {
	Kind() string
	Title() string // what is done, with its parameters; for people
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
	IfFile   string // hash of the file that the change is meant for; "" is whatever it is
}

// Firewall changes the firewall of a server and confirms that the panel still gets in.
type Firewall func(ctx context.Context, server int64, c api.FirewallChange) (output string, err error)

// Outcome is what a server answered to a change that was made.
type Outcome struct {
	Message string
	Code    string         // of a success that needs a word
	File    string         // hash of the file as it is now
	Command *api.Execution // of a command
}

// kinds is every change there is.
var kinds = map[string]kind{
	KindHAProxyService:    {read: reader[HAProxyService]()},
	KindHAProxyRule:       {later: true, file: true, read: reader[HAProxyRule]()},
	KindHAProxyRuleRemove: {later: true, file: true, read: reader[HAProxyRuleRemove]()},
	KindHAProxyConfig:     {later: true, file: true, read: reader[HAProxyConfig]()},
	KindTrafficPort:       {later: true, read: reader[TrafficPort]()},
	KindTrafficPortRemove: {later: true, read: reader[TrafficPortRemove]()},
	KindFirewallRule:      {later: true, read: reader[FirewallRule]()},
	KindFirewallRemove:    {later: true, read: reader[FirewallRemove]()},
	KindCommand:           {read: reader[Command]()},
}

type kind struct {
	later bool // makes sense when a server is back; what was meant for this moment does not
	file  bool // is made to a file that somebody may have edited meanwhile
	read  func(payload []byte) (Change, error)
}

// Queueable reports whether a change may wait for its server.
func Queueable(c Change) bool { return kinds[c.Kind()].later }

// OfFile reports whether a change is made to a file that somebody may have edited meanwhile.
func OfFile(c Change) bool { return kinds[c.Kind()].file }

// Parse reads a change that was kept, or that a client sent.
func Parse(name string, payload json.RawMessage) (Change, error) {
	k, ok := kinds[name]
	if !ok {
		return nil, storage.Invalid("kind", fmt.Sprintf("there is no change %q", name))
	}
	return k.read(payload)
}

// reader reads changes of one type, strictly: a field that is not understood is not left out.
func reader[T Change]() func([]byte) (Change, error) {
	return func(payload []byte) (Change, error) {
		var c T
		d := json.NewDecoder(bytes.NewReader(payload))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return nil, storage.Invalid("payload", fmt.Sprintf("it cannot be read: %v", err))
		}
		return c, c.Validate()
	}
}

// fieldError is the panel's form of what an agent would say about a request.
func fieldError(err error) error {
	var f *api.Failure
	if errors.As(err, &f) {
		return storage.Invalid(f.Field, f.Detail)
	}
	return err
}
