package server

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"monitoring/agent/api"
	"monitoring/durable"
)

const (
	identityFile = "identity.json" // everything the agent is, in one file so that a replacement is atomic
	pendingFile  = "pending.pem"   // the key of a signing request that has no certificate yet
)

// ErrNoIdentity says that the agent has neither joined a panel nor got an install token.
var ErrNoIdentity = errors.New("this agent has not joined a panel yet: give it the install token of the panel's Add dialog (AGENT_TOKEN_FILE)")

// identity is who the agent is at the moment. It is replaced as a whole, never changed.
type identity struct {
	id        string
	caPEM     string
	tokenHash string // of the token that it came from; a different token makes the agent join anew
	pool      *x509.CertPool
	cert      tls.Certificate
	install   bool // cert is the first one, from the token
}

type identityJSON struct {
	ID        string `json:"id"`
	CA        string `json:"ca"`
	Cert      string `json:"cert"`
	Key       string `json:"key"`
	TokenHash string `json:"token_sha256"`
}

// loadIdentity returns the stored identity, or the token's if there is none or the token is a new one.
func loadIdentity(dir, token string, extraCA []byte) (*identity, error) {
	stored, err := readIdentity(dir, extraCA)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if token == "" || stored != nil && stored.tokenHash == hashToken(token) {
		if stored == nil {
			return nil, ErrNoIdentity
		}
		return stored, nil
	}
	t, err := api.ParseInstallToken(token)
	if err != nil {
		return nil, err
	}
	return newIdentity(identityJSON{t.AgentID, t.CA, t.Certificate, t.Key, hashToken(token)}, extraCA, true)
}

func readIdentity(dir string, extraCA []byte) (*identity, error) {
	path := filepath.Join(dir, identityFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	var j identityJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return nil, fmt.Errorf("read identity: %s is damaged (%w); remove it and join again with a new install token", path, err)
	}
	return newIdentity(j, extraCA, false)
}

func newIdentity(j identityJSON, extraCA []byte, install bool) (*identity, error) {
	cert, err := tls.X509KeyPair([]byte(j.Cert), []byte(j.Key))
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(j.CA)) {
		return nil, errors.New("read identity: it holds no CA certificate")
	}
	if len(extraCA) > 0 && !pool.AppendCertsFromPEM(extraCA) {
		return nil, errors.New("read trusted CA file: it holds no certificate in PEM")
	}
	id := &identity{id: j.ID, caPEM: j.CA, tokenHash: j.TokenHash, pool: pool, cert: cert, install: install}
	if err := id.checkOwn(cert.Leaf); err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	return id, nil
}

// checkOwn reports why a certificate cannot be this agent's: role, name and CA must fit. Its end is the panel's
// matter, which has the better clock.
func (id *identity) checkOwn(leaf *x509.Certificate) error {
	if !slices.Equal(leaf.DNSNames, []string{id.serverName()}) {
		return fmt.Errorf("the certificate is for %q and not for this agent", leaf.DNSNames)
	}
	if !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || leaf.IsCA {
		return errors.New("the certificate is no server certificate")
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: id.pool, CurrentTime: leaf.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		return fmt.Errorf("the certificate is not from the trusted CA: %w", err)
	}
	return nil
}

func (id *identity) serverName() string { return id.id + api.AgentSuffix }

// store writes the identity atomically and durably.
func (id *identity) store(dir string) error {
	key, err := encodeKey(id.cert.PrivateKey)
	if err != nil {
		return err
	}
	var chain bytes.Buffer
	for _, der := range id.cert.Certificate {
		if err := pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(identityJSON{id.id, id.caPEM, chain.String(), string(key), id.tokenHash}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode identity: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(dir, identityFile), b); err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	return nil
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func hashToken(token string) string {
	sum := sha256.Sum256(bytes.TrimSpace([]byte(token)))
	return hex.EncodeToString(sum[:])
}
