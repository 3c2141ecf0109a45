package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"monitoring/agent/api"
	"monitoring/durable"
)

// enrolment replaces the agent's certificate.
//
//  1. The panel asks for a signing request; the agent makes a key and keeps it in the pending file.
//  2. The panel signs and sends the certificate; the agent checks and stores it, then serves it on new connections.
//
// Either answer may be lost: the pending key stays the same until its certificate came, and a certificate that is
// already in use is accepted again.
type enrolment struct {
	dir     string
	extraCA []byte
	log     *slog.Logger
	current atomic.Pointer[identity]

	mu sync.Mutex // serialises both steps
}

// request returns a signing request in PEM for the pending key, made on first need.
func (e *enrolment) request() (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := e.current.Load()
	key, err := e.pendingKey()
	if errors.Is(err, fs.ErrNotExist) || err == nil && key.PublicKey.Equal(id.cert.Leaf.PublicKey) { // in use already: a leftover
		key, err = e.newPendingKey()
	}
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{id.serverName()}}, key)
	if err != nil {
		return "", fmt.Errorf("make signing request: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}

// errRefused wraps what is wrong with a certificate that the panel sent.
var errRefused = errors.New("certificate refused")

// accept stores the certificate for the pending key and puts it into use.
func (e *enrolment) accept(c api.Certificate) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.current.Load()
	if !old.install && sameLeaf(old, c.Certificate) {
		return nil // our answer to the first try was lost
	}
	key, err := e.pendingKey()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no signing request that it could answer", errRefused)
	}
	if err != nil {
		return err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return err
	}
	ca := old.caPEM
	if c.CA != "" {
		ca = c.CA
	}
	next, err := newIdentity(identityJSON{old.id, ca, c.Certificate, string(keyPEM), old.tokenHash}, e.extraCA, false)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if err := next.store(e.dir); err != nil {
		return err
	}
	e.current.Store(next)
	if err := os.Remove(e.pendingPath()); err != nil {
		e.log.Warn("remove pending key", "err", err) // harmless: the next request sees that it is in use
	}
	e.log.Info("certificate installed", "agent", next.id, "serial", fmt.Sprintf("%x", next.cert.Leaf.SerialNumber), "until", next.cert.Leaf.NotAfter)
	return nil
}

func sameLeaf(id *identity, certPEM string) bool {
	block, _ := pem.Decode([]byte(certPEM))
	return block != nil && string(block.Bytes) == string(id.cert.Certificate[0])
}

func (e *enrolment) pendingPath() string { return filepath.Join(e.dir, pendingFile) }

func (e *enrolment) pendingKey() (*ecdsa.PrivateKey, error) {
	b, err := os.ReadFile(e.pendingPath())
	if err != nil {
		return nil, fmt.Errorf("read pending key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("read pending key: damaged: %w", fs.ErrNotExist) // as good as none
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read pending key: %w: %w", err, fs.ErrNotExist)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read pending key: no ECDSA key: %w", fs.ErrNotExist)
	}
	return ec, nil
}

func (e *enrolment) newPendingKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	b, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(e.pendingPath(), b); err != nil {
		return nil, fmt.Errorf("write pending key: %w", err)
	}
	return key, nil
}

// certificate is what new connections are served with.
func (e *enrolment) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return &e.current.Load().cert, nil
}
