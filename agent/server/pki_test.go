package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"monitoring/agent/api"
)

// testCA plays the panel's side of the PKI.
type testCA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newTestCA(t testing.TB) *testCA {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &testCA{mustParse(t, der), key}
}

func (ca *testCA) pem() string { return certPEM(ca.cert.Raw) }

// template is a certificate that is good for one hour; a test spoils it.
func (ca *testCA) template(t testing.TB, name string, usage ...x509.ExtKeyUsage) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: usage,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

func (ca *testCA) sign(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: mustParse(t, der)}
}

// answer signs a request for an agent, as the panel does.
func (ca *testCA) answer(t testing.TB, csr, name string, usage ...x509.ExtKeyUsage) string {
	t.Helper()
	block, _ := pem.Decode([]byte(csr))
	if block == nil {
		t.Fatalf("no PEM in %q", csr)
	}
	req, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := req.CheckSignature(); err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, ca.template(t, name, usage...), ca.cert, req.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return certPEM(der)
}

func (ca *testCA) panel(t testing.TB) tls.Certificate {
	return ca.sign(t, ca.template(t, api.PanelName, x509.ExtKeyUsageClientAuth))
}

// token makes the install token of an agent.
func (ca *testCA) token(t testing.TB, agentID string) string {
	t.Helper()
	cert := ca.sign(t, ca.template(t, agentID+api.AgentSuffix, x509.ExtKeyUsageServerAuth))
	key, err := encodeKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return api.InstallToken{AgentID: agentID, CA: ca.pem(), Certificate: certPEM(cert.Certificate[0]), Key: string(key)}.Encode()
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustParse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func certPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

const testID = "0123456789abcdef0123456789abcdef"

// testAgent is a running server on a loopback port.
type testAgent struct {
	*Server
	ca   *testCA
	dir  string
	addr string
	stop func()
}

func options(t testing.TB, dir, token string) Options {
	allow, err := ParseAllow("monitor")
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		StateDir: dir, Token: token, Allow: allow, Version: "1.2.3", HostName: "node-1",
		Exposition: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up 1\n")) }),
		Metrics: func(context.Context) (api.Metrics, error) {
			return api.Metrics{ServerName: "node-1"}, nil
		},
		Processes: func(context.Context) (api.Processes, error) { return api.Processes{Count: 7}, nil },
		Log:       slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func startAgent(t testing.TB) *testAgent {
	t.Helper()
	ca, dir := newTestCA(t), t.TempDir()
	return startAgentWith(t, ca, options(t, dir, ca.token(t, testID)))
}

func startAgentWith(t testing.TB, ca *testCA, o Options) *testAgent {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	a := &testAgent{Server: s, ca: ca, dir: o.StateDir, addr: ln.Addr().String()}
	stopped := false
	a.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
	t.Cleanup(a.stop)
	return a
}

// client speaks to the agent with a certificate and trusts whatever the agent shows.
func (a *testAgent) client(cert ...tls.Certificate) *api.Client {
	return api.NewClient("https://"+a.addr, &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   a.tlsConfig(cert...),
	}})
}

func (a *testAgent) tlsConfig(cert ...tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: cert, InsecureSkipVerify: true, ServerName: testID + api.AgentSuffix, NextProtos: []string{"http/1.1"}}
}

// served returns the certificate that the agent shows at the moment.
func (a *testAgent) served(t testing.TB) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", a.addr, a.tlsConfig(a.ca.panel(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}
