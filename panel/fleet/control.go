package fleet

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/words"
)

// Need is what a question takes of an agent: the subsystem's capability, and what its owner has to allow.
type Need struct {
	Capability string
	Domain     string
	Write      bool
}

// Control returns the client for questions that take long or change something. They have connections of their own, so
// that they never delay a poll. It says at once if the agent is known not to do what is needed.
func (s *Service) Control(id int64, need Need) (*api.Client, error) {
	n, err := s.permitted(id, need)
	if err != nil {
		return nil, err
	}
	return n.control, nil
}

// Fresh returns a client that makes a new TCP connection for each request: one that is open already would also get
// through a firewall that lets in nobody new.
func (s *Service) Fresh(id int64, need Need) (*api.Client, error) {
	n, err := s.permitted(id, need)
	if err != nil {
		return nil, err
	}
	return n.newClient(func(ctx context.Context) (net.Conn, error) { return s.dial(ctx, id) }, true), nil
}

// permitted returns a node unless it is known not to do what is needed.
func (s *Service) permitted(id int64, need Need) (*node, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.nodes[id]
	if n == nil {
		return nil, storage.ErrNotFound
	}
	switch {
	case !n.server.IsActive:
		return nil, errDisabled
	case n.about == (about{}): // not known yet: the agent itself will say
	case !n.about.permits(need.Domain, need.Write):
		return nil, restricted(need.Domain)
	case !n.about.able(need.Capability):
		return nil, outdated(need.Capability)
	}
	return n, nil
}

var errDisabled = rest.Fail(http.StatusServiceUnavailable, "monitoring_disabled", "monitoring of this server is disabled: enable it to ask the agent")

// restricted is no 403: towards a browser that would mean "log in again".
func restricted(domain string) error {
	return rest.Fail(http.StatusConflict, api.CodeRestricted, "restricted by the node's owner: the agent's AGENT_ALLOW does not open %s", domain)
}

// CodeOutdated is the code of an agent that lacks a capability.
const CodeOutdated = "agent_outdated"

func outdated(capability string) error {
	return rest.Fail(http.StatusConflict, CodeOutdated, "the agent of this server does not know %s: update the agent", capability)
}

// Controller is what Ask needs of *Service. A feature names it as the type of its field, so that tests can put agents
// without TLS behind it.
type Controller interface {
	Control(id int64, need Need) (*api.Client, error)
}

// Ask passes one question to the agent of a server and returns the answer, or an error that rest can answer. timeout is
// the agent's own deadline for it; the way there and back is added.
func Ask[T any](ctx context.Context, c Controller, id int64, need Need, timeout time.Duration, question func(context.Context, *api.Client) (T, error)) (T, error) {
	var none T
	client, err := c.Control(id, need)
	if err != nil {
		return none, err
	}
	limited, cancel := context.WithTimeout(ctx, timeout+wayTime)
	defer cancel()
	answer, err := question(limited, client)
	if err != nil {
		if ctx.Err() != nil {
			return none, ctx.Err() // the browser left; that says nothing about the agent
		}
		return none, AgentError(err, need)
	}
	return answer, nil
}

const wayTime = 10 * time.Second // for the connection, the request and the answer

// AgentError turns an error of an agent's client into an answer: what the agent refused keeps its reason; 504 is a
// timeout, 502 an agent that cannot be reached.
func AgentError(err error, need Need) error {
	if status, ok := errors.AsType[*api.StatusError](err); ok {
		return refusal(status, need)
	}
	text, code := Classify(err)
	if code == CodeTimeout {
		return rest.FailWith(http.StatusGatewayTimeout, "agent_timeout", text)
	}
	return rest.FailWith(http.StatusBadGateway, "agent_unreachable", text)
}

// refusal passes on what an agent said. Its words come from a machine that may be a stranger's: they are text, and
// only codes that we know decide anything.
func refusal(status *api.StatusError, need Need) error {
	f := status.Failure
	switch f.Code {
	case api.CodeRestricted:
		return restricted(need.Domain)
	case api.CodeInvalid, api.CodeNotFound, api.CodeConflict, api.CodeRefused, api.CodeNotInstalled, api.CodeChanged, api.CodeBusy:
		said := agentWords(f)
		return &rest.Error{Status: f.Status(), Code: f.Code, Field: f.Field, Detail: said.English, Words: said.Translatable(), Log: printable(f.Log)}
	case "":
		if status.Code == http.StatusNotFound { // a path that it does not have
			return outdated(need.Capability)
		}
	}
	said := words.Say("the agent reports an error: %v", words.Plain(printable(status.Error())))
	return &rest.Error{Status: http.StatusBadGateway, Code: "agent_failed", Detail: said.English, Words: said.Translatable(), Log: printable(f.Log)}
}

// agentWords is why an agent refused.
func agentWords(f api.Failure) words.Sentence {
	if f.Detail == "" {
		return words.Say("the agent refused")
	}
	return words.From(printable(f.Detail), f.Words)
}

// printable removes what could confuse a terminal or a log.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
