// Package control looks at and changes what runs on the machine: one file per subsystem, each behind the same interface.
// Who asks, and which domains the owner opens, is for agent/server to know; only what does the work of another domain, as a
// whole configuration of HAProxy can run programs, asks for that one here.
//
// To add a subsystem: its types and client methods in agent/api, a file here that implements Subsystem, and its line in
// All. Every change is safe to repeat, is written atomically, is checked by the subsystem's own checker, and is undone if
// the check or the reload fails; what was under way when the agent was killed is put right by Run.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/agent/haproxy"
	"monitoring/agent/host"
	"monitoring/words"
)

// Subsystem is something on the machine that the panel can look at and change.
type Subsystem interface {
	// Name is the path below /v1/ and the capability that tells panels that this agent has it.
	Name() string
	// Domain of AGENT_ALLOW that it belongs to.
	Domain() string
	// Inspect returns its whole state, for GET /v1/<name>.
	Inspect(ctx context.Context) (any, error)
	// Actions are what else can be asked of it.
	Actions() []Action
	// Run puts right what was under way when the agent last ended, then does what the subsystem does by itself, until
	// ctx is done.
	Run(ctx context.Context) error
}

// Measured is a Subsystem that has metrics which no collector can have, since they come from commands. Collect runs none:
// it tells what Run found last.
type Measured interface {
	Collect(ch chan<- prometheus.Metric) error
}

// Action is one thing that can be asked of a subsystem. Exactly one of Do, Stream and Upgrade is set.
type Action struct {
	Method string // GET looks; anything else changes, and needs rw in AGENT_ALLOW
	Path   string // below the subsystem's own, as in "/rules/{name}"
	// Timeout is the action's own deadline, 30 s if zero. A change goes on to its end when the panel hangs up.
	Timeout time.Duration
	MaxBody int64 // of the request, 256 KiB if zero
	// Concurrent changes of a subsystem run beside each other. The others wait for each other.
	Concurrent bool
	Do         func(ctx context.Context, c Call) (any, error)
	// Stream sends events while it works. It ends with ctx: also when the panel hangs up.
	Stream func(ctx context.Context, c Call, send func(event string, v any) error) error
	// Upgrade takes the connection over, as for a WebSocket, and ends when it is through. It has the deadlines that it
	// sets itself. An error before that is an ordinary refusal.
	Upgrade func(w http.ResponseWriter, r *http.Request) error
}

// Changes reports whether the action may change something. A WebSocket begins with GET whatever it is for.
func (a Action) Changes() bool { return a.Method != http.MethodGet || a.Upgrade != nil }

// Call is one request.
type Call struct {
	Param func(name string) string // a part of the path
	Query url.Values
	Body  []byte
	From  Caller
}

// Caller is who sent a request and how it came.
type Caller struct {
	Addr   netip.Addr     // the panel, as this machine sees it
	Local  netip.AddrPort // what it has reached
	Opened time.Time      // when its TCP connection was accepted
}

// decode reads the body; fields that this agent does not know are left out.
func decode[T any](c Call) (T, error) {
	var v T
	if err := json.Unmarshal(c.Body, &v); err != nil {
		return v, fail(api.CodeInvalid, "the body is no valid JSON of this request")
	}
	return v, nil
}

// look makes the action that answers what f returns.
func look[T any](path string, f func(ctx context.Context, c Call) (T, error)) Action {
	return Action{Method: http.MethodGet, Path: path, Do: func(ctx context.Context, c Call) (any, error) { return f(ctx, c) }}
}

// change makes the action that does f with the body of the request.
func change[B, T any](method, path string, timeout time.Duration, f func(ctx context.Context, body B, c Call) (T, error)) Action {
	return Action{Method: method, Path: path, Timeout: timeout, Do: func(ctx context.Context, c Call) (any, error) {
		body, err := decode[B](c)
		if err != nil {
			return nil, err
		}
		return f(ctx, body, c)
	}}
}

// command makes the action that does f, which takes no body.
func command[T any](method, path string, timeout time.Duration, f func(ctx context.Context, c Call) (T, error)) Action {
	return Action{Method: method, Path: path, Timeout: timeout, Do: func(ctx context.Context, c Call) (any, error) { return f(ctx, c) }}
}

// fail makes an answer that is no success.
func fail(code, format string, args ...any) error {
	return api.Fail(code, format, args...)
}

// wordsOf is an error as people read it: what is ours can be translated, what a program said stays as it is.
func wordsOf(err error) words.Sentence {
	var failure *api.Failure
	var marker *haproxy.MarkerError
	switch {
	case errors.As(err, &failure) && failure.Words != nil:
		return *failure.Words
	case errors.As(err, &marker):
		return marker.Words()
	}
	return words.Plain(err.Error())
}

// invalid says which field of a request is wrong.
func invalid(field, format string, args ...any) error {
	return api.InvalidField(field, format, args...)
}

// Options of All.
type Options struct {
	Host     *host.Host
	StateDir string // of the agent, on the machine
	ACME     ACME
	Permits  func(domain string, write bool) bool // what the node's owner allows; nil is everything
	Log      *slog.Logger
}

// mayLook reports whether a subsystem shall look after its domain by itself. A closed one is left alone, except that
// what a killed agent left behind is put right.
func (o Options) mayLook(domain string) bool { return o.Permits == nil || o.Permits(domain, false) }

// trusts reports whether the panel may run programs anyway. Without a list it may.
func (o Options) trusts() bool { return o.Permits == nil || o.Permits(api.DomainExec, true) }

// All lists the subsystems.
func All(o Options) []Subsystem {
	x := NewHAProxy(o)
	return []Subsystem{
		x,
		NewCerts(o, x),
		NewFirewall(o),
		NewExec(o),
		NewPower(o),
		NewTraffic(o),
	}
}
