package server

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"monitoring/agent/api"
)

const ownName = testID + api.AgentSuffix

func request(t *testing.T, a *testAgent) string {
	t.Helper()
	req, err := a.client(a.ca.panel(t)).EnrolCSR(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return req.CSR
}

func (a *testAgent) offer(t *testing.T, c api.Certificate) error {
	return a.client(a.ca.panel(t)).EnrolAccept(t.Context(), c)
}

func enrolled(t *testing.T, a *testAgent) string {
	t.Helper()
	cert := a.ca.answer(t, request(t, a), ownName, x509.ExtKeyUsageServerAuth)
	if err := a.offer(t, api.Certificate{Certificate: cert}); err != nil {
		t.Fatal(err)
	}
	return cert
}

func sameKey(one, other *x509.Certificate) bool {
	return one.PublicKey.(*ecdsa.PublicKey).Equal(other.PublicKey)
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	first := a.served(t)
	if a.Joined() {
		t.Error("joined before the enrolment")
	}
	cert := enrolled(t, a)
	lasting := a.served(t)
	if certPEM(lasting.Raw) != cert || sameKey(lasting, first) {
		t.Error("new connections do not get the lasting certificate with a key of its own")
	}
	if !a.Joined() {
		t.Error("not joined after the enrolment")
	}
	if _, err := os.Stat(filepath.Join(a.dir, pendingFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the pending key is still there: %v", err)
	}
	info, err := os.Stat(filepath.Join(a.dir, identityFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("identity file has mode %v, want 0600", info.Mode())
	}
	enrolled(t, a)
	if renewed := a.served(t); sameKey(renewed, lasting) {
		t.Error("the renewal keeps the old key")
	}
}

// TestLostAnswers cuts the exchange after each step and goes on as a panel would.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	one, two := request(t, a), request(t, a) // the first answer was lost
	cert := a.ca.answer(t, one, ownName, x509.ExtKeyUsageServerAuth)
	again := a.ca.answer(t, two, ownName, x509.ExtKeyUsageServerAuth)
	if !sameKey(parsePEM(t, cert), parsePEM(t, again)) {
		t.Error("a repeated request is for another key: the certificate for the first one would be lost")
	}
	for range 2 { // the answer to the first acceptance was lost
		if err := a.offer(t, api.Certificate{Certificate: cert}); err != nil {
			t.Fatal(err)
		}
	}
	if certPEM(a.served(t).Raw) != cert {
		t.Error("the agent does not serve the certificate that it accepted")
	}
}

// TestRestarts: the agent may be killed between any two steps.
func TestRestarts(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	o := a.o
	restart := func() *testAgent {
		a.stop()
		return startAgentWith(t, a.ca, o)
	}
	req := request(t, a)
	a = restart()
	cert := a.ca.answer(t, req, ownName, x509.ExtKeyUsageServerAuth)
	if err := a.offer(t, api.Certificate{Certificate: cert}); err != nil {
		t.Fatalf("the pending key did not outlive a restart: %v", err)
	}
	a = restart()
	if certPEM(a.served(t).Raw) != cert || !a.Joined() {
		t.Error("the lasting certificate did not outlive a restart with the same token")
	}
	o.Token = ""
	if a = restart(); certPEM(a.served(t).Raw) != cert {
		t.Error("the lasting certificate did not outlive the removal of the token")
	}
	o.Token = a.ca.token(t, testID)
	if a = restart(); a.Joined() || certPEM(a.served(t).Raw) == cert {
		t.Error("a new token does not make the agent join anew")
	}
	if certPEM(a.served(t).Raw) == enrolled(t, a) {
		t.Error("served before it was accepted")
	}
	if a = restart(); !a.Joined() {
		t.Error("the second joining did not last")
	}
}

// TestLeftoverPendingKey: killed after the certificate was stored and before the pending key was removed.
func TestLeftoverPendingKey(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	req := request(t, a)
	path := filepath.Join(a.dir, pendingFile)
	leftover, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("pending key: %v, %v; want mode 0600", info.Mode(), err)
	}
	if err := a.offer(t, api.Certificate{Certificate: a.ca.answer(t, req, ownName, x509.ExtKeyUsageServerAuth)}); err != nil {
		t.Fatal(err)
	}
	old := a.served(t)
	if err := os.WriteFile(path, leftover, 0o600); err != nil {
		t.Fatal(err)
	}
	enrolled(t, a)
	if sameKey(a.served(t), old) {
		t.Error("a leftover pending key is used for a second certificate")
	}
}

func TestRefusedCertificates(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	other := newTestCA(t)
	if err := a.offer(t, api.Certificate{Certificate: a.ca.pem()}); err == nil || !strings.Contains(err.Error(), "no signing request") {
		t.Errorf("without a request: %v", err)
	}
	req := request(t, a)
	before := a.served(t)
	f := func(what string, c api.Certificate, why string) {
		t.Helper()
		err := a.offer(t, c)
		var status *api.StatusError
		if !errors.As(err, &status) || status.Code != 409 || !strings.Contains(status.Detail, why) {
			t.Errorf("%s: %v, want status 409 with %q", what, err, why)
		}
	}
	answer := func(ca *testCA, name string, usage ...x509.ExtKeyUsage) api.Certificate {
		return api.Certificate{Certificate: ca.answer(t, req, name, usage...)}
	}
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	f("no PEM", api.Certificate{Certificate: "hello"}, "certificate refused")
	f("empty", api.Certificate{}, "certificate refused")
	f("another key", api.Certificate{Certificate: certPEM(a.ca.sign(t, a.ca.template(t, ownName, server)).Certificate[0])}, "private key does not match")
	f("another CA", answer(other, ownName, server), "not from the trusted CA")
	f("another agent", answer(a.ca, "ffff"+api.AgentSuffix, server), "not for this agent")
	f("the panel's role", answer(a.ca, ownName, client), "no server certificate")
	f("both roles", answer(a.ca, ownName, server, client), "no server certificate")
	f("no role", answer(a.ca, ownName), "no server certificate")
	f("a bad CA bundle", api.Certificate{Certificate: a.ca.answer(t, req, ownName, server), CA: "hello"}, "no CA certificate")
	if !a.served(t).Equal(before) || a.Joined() {
		t.Error("a refused certificate changed the identity")
	}
	if err := a.offer(t, answer(a.ca, ownName, server)); err != nil {
		t.Errorf("the right certificate after all the wrong ones: %v", err)
	}
}

// TestRotation walks from one CA to another: both are trusted in between.
func TestRotation(t *testing.T) {
	t.Parallel()
	a, next := startAgent(t), newTestCA(t)
	cert := a.ca.answer(t, request(t, a), ownName, x509.ExtKeyUsageServerAuth)
	if err := a.offer(t, api.Certificate{Certificate: cert, CA: a.ca.pem() + next.pem()}); err != nil {
		t.Fatal(err)
	}
	for _, ca := range []*testCA{a.ca, next} {
		if _, err := a.client(ca.panel(t)).Health(t.Context()); err != nil {
			t.Errorf("with both CAs trusted: %v", err)
		}
	}
	cert = next.answer(t, request(t, a), ownName, x509.ExtKeyUsageServerAuth)
	if err := a.offer(t, api.Certificate{Certificate: cert, CA: next.pem()}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.client(a.ca.panel(t)).Health(t.Context()); err == nil {
		t.Error("the old CA is still trusted")
	}
	if _, err := a.client(next.panel(t)).Health(t.Context()); err != nil {
		t.Errorf("the new CA is not trusted: %v", err)
	}
}

func TestTrustedCAFile(t *testing.T) {
	t.Parallel()
	ca, second := newTestCA(t), newTestCA(t)
	o := options(t, t.TempDir(), ca.token(t, testID))
	o.TrustedCA = []byte(second.pem())
	a := startAgentWith(t, ca, o)
	if _, err := a.client(second.panel(t)).Health(t.Context()); err != nil {
		t.Errorf("the CA of the file is not trusted: %v", err)
	}
	o.TrustedCA, o.StateDir = []byte("hello"), t.TempDir()
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "trusted CA file") {
		t.Errorf("a file without a certificate: %v", err)
	}
}

func TestBadIdentity(t *testing.T) {
	t.Parallel()
	ca, other := newTestCA(t), newTestCA(t)
	f := func(what, stored, token, want string) {
		t.Helper()
		dir := t.TempDir()
		if stored != "" {
			if err := os.WriteFile(filepath.Join(dir, identityFile), []byte(stored), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := New(options(t, dir, token))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", what, err, want)
		}
	}
	mixed, err := api.ParseInstallToken(ca.token(t, testID))
	if err != nil {
		t.Fatal(err)
	}
	mixed.CA = other.pem()
	renamed := mixed
	renamed.CA, renamed.AgentID = ca.pem(), "ffff"
	f("nothing at all", "", "", ErrNoIdentity.Error())
	f("no token", "", "hello", "does not start with")
	f("half a token", "", ca.token(t, testID)[:200], "copy it again")
	f("a token whose certificate is of another CA", "", mixed.Encode(), "not from the trusted CA")
	f("a token for another agent", "", renamed.Encode(), "not for this agent")
	f("a damaged file", `{"id":`, "", "damaged")
	f("an empty identity", `{}`, "", "read identity")
	f("a damaged file does not give way to a token", `{"id":`, ca.token(t, testID), "damaged")
}

func parsePEM(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no PEM in %q", text)
	}
	return mustParse(t, block.Bytes)
}
