package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/storage"
)

const (
	idleConn  = 4 * time.Minute // less than the agent's five, so that we never send into a closing connection
	maxHeader = 64 << 10
)

// node is what memory knows of one server.
type node struct {
	id      int64
	agentID string
	client  *api.Client // for polling
	control *api.Client // for what takes long or changes something: it never takes a connection from a poll
	live    connSet
	probe   probe

	enrolSem chan struct{} // one enrolment at a time; guards the next two
	issued   issued
	renewAt  time.Time // no renewal before

	// Service.mu guards all below.
	server   storage.Server
	certs    map[string]storage.AgentCertificate // by serial
	preset   string                              // of the last install token, "" if not known
	reported bool                                // a poll of this process has ended, well or not
	polls    polls                               // of this process
	dirty    bool                                // reachability is to be written
	about    about
	aboutAt  time.Time // last time it was asked for
}

// polls counts those that have ended.
type polls struct{ ok, failed uint64 }

func (s *Service) newNode(srv storage.Server, certs []storage.AgentCertificate) *node {
	n := &node{id: srv.ID, agentID: srv.AgentID, server: srv, certs: map[string]storage.AgentCertificate{}, enrolSem: make(chan struct{}, 1)}
	for _, c := range certs {
		n.certs[c.Serial] = c
	}
	dial := func(ctx context.Context) (net.Conn, error) { return s.dial(ctx, srv.ID) }
	n.client, n.control = n.newClient(dial, false), n.newClient(dial, false)
	return n
}

// newClient speaks to the agent over connections that dial makes. The URL names the agent, not its address: dial knows
// where it is. A redirect is an answer like any other: agents have no business sending us elsewhere.
func (n *node) newClient(dial func(context.Context) (net.Conn, error), once bool) *api.Client {
	return api.NewClient("https://"+n.agentID+api.AgentSuffix, &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialTLSContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
			DisableCompression:     true, // the client asks for gzip itself
			DisableKeepAlives:      once,
			IdleConnTimeout:        idleConn,
			MaxIdleConnsPerHost:    3, // host page, services page, a person
			MaxConnsPerHost:        8,
			MaxResponseHeaderBytes: maxHeader,
		},
	})
}

// adopt takes over the configured fields of srv and reports whether any differs.
func (n *node) adopt(srv storage.Server) bool {
	old := n.server
	srv.LastSeen, srv.LastError, srv.ErrorWords, srv.ErrorCode = old.LastSeen, old.LastError, old.ErrorWords, old.ErrorCode
	n.server = srv
	moved := old.URL != srv.URL
	if moved {
		n.forgetReach()
		n.live.closeAll()
	}
	return moved || old.Name != srv.Name || old.IsActive != srv.IsActive || old.Position != srv.Position || deref(old.Folder) != deref(srv.Folder)
}

// forgetReach drops what was known of an agent that is no longer the one at the other end.
func (n *node) forgetReach() {
	n.server.LastError, n.server.ErrorWords, n.server.ErrorCode = nil, nil, nil
	n.reported, n.about, n.aboutAt = false, about{}, time.Time{}
	n.dirty = true
}

// joined reports whether a lasting certificate has been presented and still counts.
func (n *node) joined(now time.Time) bool {
	for _, c := range n.certs {
		if !c.Install && c.SeenAt != nil && c.RevokedAt == nil && now.Before(c.NotAfter) {
			return true
		}
	}
	return false
}

// waitingUntil is when the last install certificate ends; zero if there is none.
func (n *node) waitingUntil(now time.Time) time.Time {
	var until time.Time
	for _, c := range n.certs {
		if c.Install && c.RevokedAt == nil && c.NotAfter.After(now) && c.NotAfter.After(until) {
			until = c.NotAfter
		}
	}
	return until
}

func (n *node) close() { n.live.closeAll() }

func deref[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

// connSet holds the open connections of one agent, so that a revocation ends them at once.
type connSet struct {
	mu    sync.Mutex
	conns map[*agentConn]struct{}
}

func (s *connSet) track(c *agentConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.conns = map[*agentConn]struct{}{}
	}
	s.conns[c] = struct{}{}
	c.set = s
}

// closeAll cuts the TCP connections: a TLS farewell could wait for a peer that hangs.
func (s *connSet) closeAll() {
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	for c := range conns {
		_ = c.NetConn().Close()
	}
}

// agentConn is a connection whose agent has been checked.
type agentConn struct {
	*tls.Conn
	leaf *x509.Certificate
	set  *connSet // nil while not tracked
}

// Close implements net.Conn.
func (c *agentConn) Close() error {
	if c.set != nil {
		c.set.mu.Lock()
		delete(c.set.conns, c)
		c.set.mu.Unlock()
	}
	return c.NetConn().Close()
}
