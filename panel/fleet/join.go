package fleet

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

const (
	tokenLife     = 24 * time.Hour
	codeBytes     = 32
	codeLength    = 43 // of 32 bytes in unpadded base64
	maxFirstCerts = 20 // tokens fetched for one server: bounds the records a leaked code can make
)

// Presets of AGENT_ALLOW that the Add dialog offers.
const (
	PresetFull     = "full"
	PresetReadonly = "readonly"
	PresetMonitor  = "monitor"
)

func validPreset(p string) bool {
	return p == PresetFull || p == PresetReadonly || p == PresetMonitor
}

// Install is what a node needs to join: a command to run there, or the token for an agent that is there already.
type Install struct {
	Command   string `json:"command"`
	Token     string `json:"token"`
	ExpiresAt string `json:"expires_at"`
}

// ticket is an install token with the record of the first certificate in it.
type ticket struct {
	install Install
	cert    storage.AgentCertificate
}

// makeTicket creates a join code and a first token for srv. Only the code's hash is stored, and no key at all.
func (s *Service) makeTicket(ctx context.Context, tx *postgres.Store, srv storage.Server, preset string) (ticket, error) {
	now := s.now()
	code := newCode()
	record := storage.InstallToken{CodeHash: hashCode(code), ServerID: srv.ID, Preset: preset, CreatedAt: now, ExpiresAt: now.Add(tokenLife).Truncate(time.Second)} // certificates know whole seconds
	if err := tx.CreateInstallToken(ctx, record); err != nil {
		return ticket{}, fmt.Errorf("create install token: %w", err)
	}
	text, cert, err := s.makeToken(ctx, tx, srv, record.ExpiresAt)
	if err != nil {
		return ticket{}, err
	}
	return ticket{cert: cert, install: Install{
		Command:   "curl -fsSL " + s.o.PublicURL() + "/api/join/" + code + "/install.sh | sudo bash",
		Token:     text,
		ExpiresAt: stamp(record.ExpiresAt),
	}}, nil
}

// makeToken makes a first key and certificate. The key exists in the answer only.
func (s *Service) makeToken(ctx context.Context, tx *postgres.Store, srv storage.Server, until time.Time) (string, storage.AgentCertificate, error) {
	none := storage.AgentCertificate{}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", none, fmt.Errorf("make key: %w", err)
	}
	cert, err := s.ca.issueAgent(srv.AgentID, &key.PublicKey, until.Sub(s.now()))
	if err != nil {
		return "", none, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return "", none, err
	}
	record := storage.AgentCertificate{Serial: serialOf(cert), ServerID: srv.ID, Install: true, NotAfter: cert.NotAfter, CreatedAt: s.now()}
	if err := tx.CreateAgentCertificate(ctx, record); err != nil {
		return "", none, fmt.Errorf("record certificate: %w", err)
	}
	token := api.InstallToken{AgentID: srv.AgentID, CA: s.ca.certPEM, Certificate: encodeCertificate(cert.Raw), Key: keyPEM}
	return token.Encode(), record, nil
}

func newCode() string {
	b := make([]byte, codeBytes)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashCode(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}

// JoinRoutes are what a node fetches while it joins. They are public: the code is the secret. A code that is unknown,
// expired or used up gets no answer.
func (s *Service) JoinRoutes(r rest.Router) {
	r.Get("/{code}/install.sh", s.joinScript)
	r.Get("/{code}/token", s.joinToken)
	r.Get("/{code}/agent-{arch}", s.joinBinary)
}

// joining returns the install token and the server of the request's code, or rest.ErrDrop.
func (s *Service) joining(r *http.Request) (storage.InstallToken, storage.Server, error) {
	code := rest.Param(r, "code")
	if len(code) != codeLength {
		return storage.InstallToken{}, storage.Server{}, rest.ErrDrop
	}
	t, err := s.o.Store.InstallToken(r.Context(), hashCode(code))
	if errors.Is(err, storage.ErrNotFound) || err == nil && !s.now().Before(t.ExpiresAt) {
		return t, storage.Server{}, rest.ErrDrop
	}
	if err != nil {
		s.log.Error("look up install token", "err", err)
		return t, storage.Server{}, rest.ErrDrop // strangers learn nothing of our troubles
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.nodes[t.ServerID]
	if n == nil || n.joined(s.now()) {
		return t, storage.Server{}, rest.ErrDrop
	}
	return t, n.server, nil
}

func (s *Service) joinToken(w http.ResponseWriter, r *http.Request) error {
	s.change.Lock()
	defer s.change.Unlock()
	t, srv, err := s.joining(r) // under the lock: a newer token may be revoking this one
	if err != nil {
		return err
	}
	n := s.node(srv.ID)
	if s.firstCertificates(n) >= maxFirstCerts {
		s.log.Warn("install token fetched too often", "server", srv.ID, "limit", maxFirstCerts)
		return rest.ErrDrop
	}
	text, cert, err := s.makeToken(r.Context(), s.o.Store, srv, t.ExpiresAt)
	if err != nil {
		return err
	}
	s.addCertificate(n, cert)
	return plain(w, "text/plain; charset=utf-8", text+"\n")
}

func (s *Service) firstCertificates(n *node) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	count := 0
	for _, c := range n.certs {
		if c.Install && c.RevokedAt == nil {
			count++
		}
	}
	return count
}

func (s *Service) joinScript(w http.ResponseWriter, r *http.Request) error {
	t, srv, err := s.joining(r)
	if err != nil {
		return err
	}
	text, err := s.script(rest.Param(r, "code"), t, srv)
	if err != nil {
		return err
	}
	return plain(w, "text/x-shellscript; charset=utf-8", text)
}

func (s *Service) joinBinary(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := s.joining(r); err != nil {
		return err
	}
	arch := rest.Param(r, "arch")
	if arch != "amd64" && arch != "arm64" {
		return rest.ErrDrop
	}
	f, err := s.binaries.open(arch)
	if err != nil {
		s.log.Error("serve agent binary", "arch", arch, "err", err)
		return rest.Fail(http.StatusNotFound, "no_binary", "this panel carries no agent for %s", arch)
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	rest.AllowTime(w, 15*time.Minute) // a slow node takes longer than a minute
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

func plain(w http.ResponseWriter, contentType, text string) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = strings.NewReader(text).WriteTo(w) // the node has gone; nobody is left to tell
	return nil
}
