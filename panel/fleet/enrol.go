package fleet

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
	"monitoring/storage"
)

const (
	enrolTimeout = 10 * time.Second
	renewRetry   = 10 * time.Minute
	upkeepLimit  = 8  // agents contacted at the same time
	maxUnused    = 20 // lasting certificates that an agent was given and has not presented
)

// issued is the last certificate signed for a node. An agent keeps its key until the certificate arrived, so a
// repeated request gets the same certificate and leaves no further record.
type issued struct {
	serial string
	pub    []byte
	text   string
}

// renewalDue reports whether two thirds of a certificate's life have passed.
func (s *Service) renewalDue(leaf *x509.Certificate) bool {
	return s.now().After(leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) * 2 / 3))
}

// enrol gives the agent at the other end of conn a new certificate and connects again. conn is used up.
//
// An answer that got lost needs no care: whatever the agent then presents says how far it got.
func (s *Service) enrol(ctx context.Context, n *node, conn *agentConn) (*agentConn, error) {
	select {
	case n.enrolSem <- struct{}{}:
		defer func() { <-n.enrolSem }()
	case <-ctx.Done():
		_ = conn.Close()
		return nil, ctx.Err()
	}
	if !s.isInstall(n, conn.leaf) && s.now().Before(n.renewAt) {
		return conn, nil // a renewal failed lately; the old certificate still holds
	}
	if err := s.checkRecord(n, conn.leaf); err != nil { // another connection was faster
		_ = conn.Close()
		return s.reconnect(ctx, n, nil)
	}
	err := s.replaceCertificate(ctx, n, conn)
	_ = conn.Close()
	if err != nil {
		s.metrics.enrolments.WithLabelValues("error").Inc()
		n.renewAt = s.now().Add(renewRetry)
		return s.reconnect(ctx, n, err)
	}
	s.metrics.enrolments.WithLabelValues("ok").Inc()
	return s.reconnect(ctx, n, nil)
}

// reconnect expects a lasting certificate; failed is why there may be none.
func (s *Service) reconnect(ctx context.Context, n *node, failed error) (*agentConn, error) {
	conn, err := s.connect(ctx, n)
	if err != nil {
		return nil, errors.Join(err, failed)
	}
	if !s.isInstall(n, conn.leaf) {
		if failed != nil {
			s.log.Warn("enrol agent", "server", n.id, "err", failed)
		}
		return conn, nil
	}
	_ = conn.Close()
	if failed == nil {
		failed = errors.New("the agent goes on with its install certificate")
	}
	return nil, &DialError{StageHTTP, fmt.Errorf("enrol agent: %w", failed)}
}

// replaceCertificate asks for a signing request, signs it and hands the certificate over, all on one connection.
func (s *Service) replaceCertificate(ctx context.Context, n *node, conn *agentConn) error {
	ctx, cancel := context.WithTimeout(ctx, enrolTimeout)
	defer cancel()
	client := clientOver(conn, n)
	req, err := client.EnrolCSR(ctx)
	if err != nil {
		return fmt.Errorf("ask for signing request: %w", err)
	}
	text, err := s.sign(ctx, n, conn.leaf, req.CSR)
	if err != nil {
		return err
	}
	if err := client.EnrolAccept(ctx, api.Certificate{Certificate: text}); err != nil {
		return fmt.Errorf("hand over certificate: %w", err)
	}
	return nil
}

// clientOver speaks over conn only: the certificate must go to the very agent that made the request.
func clientOver(conn net.Conn, n *node) *api.Client {
	var used atomic.Bool
	return n.newClient(func(context.Context) (net.Conn, error) {
		if used.Swap(true) {
			return nil, errors.New("the connection was lost")
		}
		return conn, nil
	}, false)
}

// sign issues a lasting certificate for a request that came over a connection which presented leaf. The record is
// written before the certificate leaves the panel: the agent may serve it at once.
func (s *Service) sign(ctx context.Context, n *node, leaf *x509.Certificate, csrPEM string) (string, error) {
	pub, der, err := parseRequest(csrPEM)
	if err != nil {
		return "", err
	}
	// With s.change held, a new install token comes wholly before (then leaf is refused) or after (then the new
	// certificate is revoked with the others).
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.checkRecord(n, leaf); err != nil {
		return "", err
	}
	if bytes.Equal(n.issued.pub, der) && s.usable(n, n.issued.serial) {
		return n.issued.text, nil
	}
	if s.unused(n) >= maxUnused {
		return "", fmt.Errorf("the agent has asked for %d certificates and used none of them: make a new install token", maxUnused)
	}
	cert, err := s.ca.issueAgent(n.agentID, pub, s.life)
	if err != nil {
		return "", err
	}
	record := storage.AgentCertificate{Serial: serialOf(cert), ServerID: n.id, NotAfter: cert.NotAfter, CreatedAt: s.now()}
	if err := s.o.Store.CreateAgentCertificate(ctx, record); err != nil {
		return "", fmt.Errorf("record certificate: %w", err)
	}
	s.addCertificate(n, record)
	n.issued = issued{record.Serial, der, encodeCertificate(cert.Raw)}
	return n.issued.text, nil
}

// unused counts the lasting certificates that were issued since the agent last presented a new one: each is a record for good.
func (s *Service) unused(n *node) (count int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range n.certs {
		if !c.Install && c.SeenAt == nil && c.RevokedAt == nil {
			count++
		}
	}
	return count
}

func (s *Service) usable(n *node, serial string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := n.certs[serial]
	return ok && c.RevokedAt == nil
}

func (s *Service) addCertificate(n *node, c storage.AgentCertificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n.certs[c.Serial] = c
}

// parseRequest takes nothing but the key from a request: names are the panel's to give.
func parseRequest(text string) (pub *ecdsa.PublicKey, der []byte, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, nil, errors.New("the agent sent no signing request in PEM")
	}
	req, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("parse signing request: %w", err)
	}
	if err := req.CheckSignature(); err != nil {
		return nil, nil, fmt.Errorf("check signing request: %w", err)
	}
	pub, ok := req.PublicKey.(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return nil, nil, errors.New("the agent's key is not ECDSA P-256")
	}
	return pub, req.RawSubjectPublicKeyInfo, nil
}

// upkeep drops expired tokens and renews what is due: connections live for months, so renewal needs a fresh one.
func (s *Service) upkeep(ctx context.Context) error {
	if err := s.o.Store.DeleteExpiredInstallTokens(ctx, s.now()); err != nil {
		return fmt.Errorf("delete expired install tokens: %w", err)
	}
	var g errgroup.Group
	g.SetLimit(upkeepLimit)
	for _, n := range s.due() {
		g.Go(func() error {
			n.live.closeAll()
			if _, err := n.client.Health(ctx); err != nil {
				s.log.Warn("renew certificate", "server", n.id, "err", err)
			}
			return nil
		})
	}
	return g.Wait()
}

// due lists the nodes whose newest certificate in use has passed two thirds of its life.
func (s *Service) due() []*node {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []*node
	for _, n := range s.nodes {
		var newest storage.AgentCertificate
		for _, c := range n.certs {
			if !c.Install && c.SeenAt != nil && c.RevokedAt == nil && c.NotAfter.After(newest.NotAfter) {
				newest = c
			}
		}
		if newest.Serial != "" && s.now().After(newest.CreatedAt.Add(newest.NotAfter.Sub(newest.CreatedAt)*2/3)) {
			out = append(out, n)
		}
	}
	return out
}
