package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"monitoring/agent/api"
	"monitoring/storage"
	"monitoring/words"
)

const testTimeout = 10 * time.Second

// TestResponse is the outcome of asking an agent on a fresh connection. Message says in plain words what is wrong.
type TestResponse struct {
	Success    bool            `json:"success"`
	Status     string          `json:"status"` // online, error or timeout
	ServerName string          `json:"server_name,omitempty"`
	Version    string          `json:"version,omitempty"`
	Message    string          `json:"message,omitempty"`
	Words      *words.Sentence `json:"words,omitempty"` // Message for the UI
	Stage      string          `json:"stage,omitempty"` // dns, tcp, tls, identity or http
	Code       int             `json:"code,omitempty"`
}

// Diagnose connects to a server's agent anew and tells how far that got.
func (s *Service) Diagnose(ctx context.Context, id int64) (TestResponse, error) {
	n := s.node(id)
	if n == nil {
		return TestResponse{}, storage.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	client := n.newClient(func(ctx context.Context) (net.Conn, error) { return s.dial(ctx, id) }, true)
	version, err := client.Version(ctx)
	if err != nil {
		return s.failure(err, id), nil
	}
	known := s.setAbout(n, version)
	return TestResponse{Success: true, Status: StatusOnline, ServerName: shorten(version.ServerName), Version: known.version}, nil
}

func (s *Service) failure(err error, id int64) TestResponse {
	s.mu.RLock()
	var addr string
	if n := s.nodes[id]; n != nil {
		addr = n.server.Instance()
	}
	s.mu.RUnlock()
	stage, message := explain(err, addr)
	if name := s.ownerOf(err); name != "" {
		message = words.Say("the agent at %s is the one of the server %q: one of the two has the wrong address", addr, name)
	}
	message = shortened(message)
	_, code := Classify(err)
	r := TestResponse{Status: "error", Message: message.English, Words: message.Translatable(), Stage: stage, Code: code}
	if isTimeout(err) {
		r.Status = "timeout"
	}
	return r
}

// ownerOf names the other server of this fleet whose agent answered.
func (s *Service) ownerOf(err error) string {
	var identity *IdentityError
	if !errors.As(err, &identity) || identity.AgentID == "" {
		return ""
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, n := range s.nodes {
		if n.agentID == identity.AgentID {
			return n.server.Name
		}
	}
	return ""
}

func stageOf(err error) string {
	if dial, ok := errors.AsType[*DialError](err); ok {
		return dial.Stage
	}
	return StageHTTP
}

// explain says at which stage err happened and, for people, what it means. addr may be empty.
func explain(err error, addr string) (stage string, message words.Sentence) {
	if addr == "" {
		addr = "the address"
	}
	stage = stageOf(err)
	switch stage {
	case StageDNS:
		return stage, explainDNS(err)
	case StageTCP:
		return stage, explainTCP(err, addr)
	case StageTLS:
		return stage, explainTLS(err, addr)
	case StageIdentity:
		return stage, explainIdentity(err)
	default:
		return stage, explainHTTP(err)
	}
}

func explainIdentity(err error) words.Sentence {
	if identity, ok := errors.AsType[*IdentityError](err); ok {
		return identity.Reason
	}
	return words.Plain(rootCause(err).Error())
}

func explainDNS(err error) words.Sentence {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return words.Say("DNS knows no address for %s: check the spelling, or use the IP address", dns.Name)
	}
	return words.Say("DNS did not answer: the panel's name server is unreachable or slow")
}

func explainTCP(err error, addr string) words.Sentence {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return words.Say("%s refuses connections: the agent is not running, or it listens on another port", addr)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return words.Say("there is no route from the panel to %s", addr)
	case isTimeout(err):
		return words.Say("%s does not answer: a firewall drops the packets, or the machine is off", addr)
	default:
		return words.Say("the connection to %s failed: %v", addr, rootCause(err))
	}
}

func explainTLS(err error, addr string) words.Sentence {
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return words.Say("something answers at %s, but it does not speak TLS: another service has this port", addr)
	case isTimeout(err):
		return words.Say("%s accepts connections but does not answer the TLS greeting: the agent hangs, or another service has this port", addr)
	case isClosed(err):
		return words.Say("%s closed the connection without an answer: it is no agent, or a proxy or firewall stands in between", addr)
	default:
		return words.Say("the TLS handshake with %s failed: %v", addr, rootCause(err))
	}
}

func explainHTTP(err error) words.Sentence {
	var status *api.StatusError
	switch {
	case errors.As(err, &status):
		return words.Plain(status.Error())
	case isTimeout(err):
		return words.Say("the agent did not answer in time")
	case isClosed(err):
		return words.Say("the agent closed the connection after seeing the panel's certificate: its clock is wrong, or it trusts another panel")
	default:
		return words.Say("the agent's answer makes no sense: %v", rootCause(err))
	}
}

// closedEarly is net/http's error for a peer that hung up before the request was written. The package keeps the value to
// itself, so its text is all there is.
const closedEarly = "http: server closed idle connection"

func isClosed(err error) bool {
	return rootCause(err).Error() == closedEarly || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// rootCause strips what the layers above added.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

const (
	probeEvery   = 3 * time.Second
	probeTimeout = 5 * time.Second
)

// probe is the last look at a server that waits for its agent; several watchers share one.
type probe struct {
	mu   sync.Mutex
	at   time.Time
	last TestResponse
}

// look diagnoses at most once in probeEvery.
func (s *Service) look(ctx context.Context, n *node) (TestResponse, error) {
	n.probe.mu.Lock()
	defer n.probe.mu.Unlock()
	if s.now().Sub(n.probe.at) < probeEvery {
		return n.probe.last, nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	r, err := s.Diagnose(ctx, n.id)
	if err == nil {
		n.probe.at, n.probe.last = s.now(), r
	}
	return r, err
}
