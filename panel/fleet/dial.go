package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/storage"
	"monitoring/words"
)

const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	recordTimeout    = 3 * time.Second
)

// Stages of reaching an agent, in order.
const (
	StageDNS      = "dns"
	StageTCP      = "tcp"
	StageTLS      = "tls"
	StageIdentity = "identity"
	StageHTTP     = "http"
)

// DialError says at which stage a connection to an agent failed.
type DialError struct {
	Stage string
	Err   error
}

func (e *DialError) Error() string { return "connect to agent: " + e.Stage + ": " + e.Err.Error() }
func (e *DialError) Unwrap() error { return e.Err }

// Timeout implements net.Error's part that url.Error asks for.
func (e *DialError) Timeout() bool { return isTimeout(e.Err) }

// IdentityError says why the certificate at a server's address is refused.
type IdentityError struct {
	Reason  words.Sentence
	AgentID string // of the agent that answered, if it is another one of this panel
}

func (e *IdentityError) Error() string { return e.Reason.English }

// Reasons for a refusal.
var (
	errNoCertificate = &IdentityError{Reason: words.Say("no certificate is shown there")}
	errForeign       = &IdentityError{Reason: words.Say("the certificate there does not come from this panel: it is no agent, or an agent that has joined another panel")}
	errExpired       = &IdentityError{Reason: words.Say("the agent's certificate is out of date: make a new install token and join the server again")}
	errNoAgentCert   = &IdentityError{Reason: words.Say("the certificate there is not one for an agent")}
	errUnknownSerial = &IdentityError{Reason: words.Say("the agent shows a certificate that this panel has no record of: make a new install token and join the server again")}
	errRevoked       = &IdentityError{Reason: words.Say("the agent's certificate has been revoked by a newer install token: install it again with that token")}
	errSuperseded    = &IdentityError{Reason: words.Say("the agent shows its install certificate although it has joined already: make a new install token and join the server again")}
)

// dial connects to a server's agent and returns a connection that presented its lasting certificate: an agent that
// still has its install certificate, or one that is due for renewal, gets a new one on the way.
func (s *Service) dial(ctx context.Context, id int64) (net.Conn, error) {
	n := s.node(id)
	if n == nil {
		return nil, storage.ErrNotFound
	}
	conn, err := s.connectEnrolled(ctx, n)
	if err != nil {
		s.metrics.handshakes.WithLabelValues(stageOf(err)).Inc()
		return nil, err
	}
	if s.confirm(n, conn.leaf) {
		s.recordJoin(ctx)
	}
	n.live.track(conn)
	if s.node(id) != n {
		err = storage.ErrNotFound
	} else {
		err = s.checkRecord(n, conn.leaf) // again: a revocation may have come in between and not have seen this connection
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s.metrics.handshakes.WithLabelValues("ok").Inc()
	return conn, nil
}

func (s *Service) connectEnrolled(ctx context.Context, n *node) (*agentConn, error) {
	joined := s.hasJoined(n)
	conn, err := s.connect(ctx, n)
	if errors.Is(err, errSuperseded) && !joined {
		conn, err = s.connect(ctx, n) // it joined over another connection while this one shook hands
	}
	if err != nil {
		return nil, err
	}
	if !s.isInstall(n, conn.leaf) && !s.renewalDue(conn.leaf) {
		return conn, nil
	}
	return s.enrol(ctx, n, conn)
}

// connect dials and does the handshake. It accepts an install certificate, too.
func (s *Service) connect(ctx context.Context, n *node) (*agentConn, error) {
	s.mu.RLock()
	addr, name := n.server.Instance(), n.agentID+api.AgentSuffix
	s.mu.RUnlock()
	dialer := net.Dialer{Timeout: dialTimeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}}
	raw, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		if _, ok := errors.AsType[*net.DNSError](err); ok {
			return nil, &DialError{StageDNS, err}
		}
		return nil, &DialError{StageTCP, err}
	}
	conn := tls.Client(raw, &tls.Config{
		MinVersion:           tls.VersionTLS13,
		ServerName:           name,
		NextProtos:           []string{"http/1.1"},
		GetClientCertificate: s.ca.panelCertificate,
		InsecureSkipVerify:   true, // checkAgent verifies: chain first and name second, to tell another panel's agent from another server's
		VerifyConnection: func(cs tls.ConnectionState) error {
			return s.checkAgent(n, cs.PeerCertificates)
		},
	})
	limited, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(limited); err != nil {
		_ = raw.Close()
		return nil, &DialError{handshakeStage(err), err}
	}
	return &agentConn{Conn: conn, leaf: conn.ConnectionState().PeerCertificates[0]}, nil
}

func handshakeStage(err error) string {
	if _, ok := errors.AsType[*IdentityError](err); ok {
		return StageIdentity
	}
	return StageTLS
}

// checkAgent accepts the certificate of a server's own agent: signed by our CA, for a server only, with the agent's
// name, on record and not revoked.
func (s *Service) checkAgent(n *node, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errNoCertificate
	}
	leaf, now := chain[0], s.now()
	if now.Before(leaf.NotBefore) { // our clock was ahead when it was issued: what counts is the record
		now = leaf.NotBefore
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: s.ca.pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errExpired
	case err != nil:
		return errForeign
	case leaf.IsCA || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || len(leaf.DNSNames) != 1:
		return errNoAgentCert
	}
	agentID, ok := strings.CutSuffix(leaf.DNSNames[0], api.AgentSuffix)
	switch {
	case !ok:
		return errNoAgentCert
	case agentID != n.agentID:
		return &IdentityError{Reason: words.Say("an agent of this panel answers, but it is not the agent of this server"), AgentID: agentID}
	}
	return s.checkRecord(n, leaf)
}

// checkRecord compares a certificate with what the panel issued to this very server.
func (s *Service) checkRecord(n *node, leaf *x509.Certificate) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := n.certs[serialOf(leaf)]
	switch {
	case !ok:
		return errUnknownSerial
	case c.Install && n.joined(s.now()):
		return errSuperseded
	case c.RevokedAt != nil:
		return errRevoked
	}
	return nil
}

func (s *Service) hasJoined(n *node) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return n.joined(s.now())
}

func (s *Service) isInstall(n *node, leaf *x509.Certificate) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return n.certs[serialOf(leaf)].Install
}

// confirm notes that an agent has presented its lasting certificate: from now on the install ones are refused. It
// reports whether that is news.
func (s *Service) confirm(n *node, leaf *x509.Certificate) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, now := n.certs[serialOf(leaf)], s.now()
	if c.Serial == "" || c.Install || c.SeenAt != nil || c.RevokedAt != nil {
		return false
	}
	c.SeenAt = &now
	n.certs[c.Serial] = c
	for serial, other := range n.certs {
		if other.Install && other.RevokedAt == nil {
			other.RevokedAt = &now
			n.certs[serial] = other
		}
	}
	s.seen[c.Serial] = now
	s.log.Info("agent presented its lasting certificate", "server", n.id, "serial", c.Serial)
	return true
}

// recordJoin writes it down at once, so that a killed panel does not take the install token a second time. A store
// that is away does not matter more than that: flush tries again.
func (s *Service) recordJoin(ctx context.Context) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := s.flushSeen(limited); err != nil {
		s.log.Warn("write status", "err", err)
	}
}

func serialOf(c *x509.Certificate) string { return fmt.Sprintf("%x", c.SerialNumber) }
