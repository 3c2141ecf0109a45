package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
)

// exchange sends raw bytes and returns all that comes back until the agent closes the connection.
func exchange(t *testing.T, address, send string) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, send); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		t.Errorf("the connection stays open after %q", send)
	}
	return got
}

// clientHello is what a TLS client says first.
func clientHello(t *testing.T, config *tls.Config) string {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		conn := tls.Client(client, config)
		_ = conn.Handshake() // ends when the test has read enough
		_ = client.Close()
	}()
	buf := make([]byte, 16<<10)
	n, err := server.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// TestStrangersGetNoByte looks at the raw socket: nothing at all comes back, not even a TLS alert.
func TestStrangersGetNoByte(t *testing.T) {
	t.Parallel()
	f := func(what, send string) {
		t.Helper()
		a := startAgent(t) // one each: ten of these would ban the address
		if got := exchange(t, a.addr, send); len(got) != 0 {
			t.Errorf("%s: the agent answers %q", what, got)
		}
	}
	own := testID + api.AgentSuffix
	f("HTTP", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	f("SSH", "SSH-2.0-OpenSSH_9.2\r\n")
	f("zeros", strings.Repeat("\x00", 64))
	f("a TLS alert", "\x15\x03\x01\x00\x02\x02\x28")
	f("a huge TLS record", "\x16\x03\x01\xff\xff"+strings.Repeat("x", 1000))
	f("a broken greeting", "\x16\x03\x01\x00\x05hello")
	f("a greeting without a name", clientHello(t, &tls.Config{InsecureSkipVerify: true}))
	f("a greeting for a web site", clientHello(t, &tls.Config{ServerName: "www.example.org"}))
	f("a greeting for the panel", clientHello(t, &tls.Config{ServerName: api.PanelName}))
	f("TLS 1.2 with the right name", clientHello(t, &tls.Config{ServerName: own, MaxVersion: tls.VersionTLS12}))
	f("HTTP/2 only", clientHello(t, &tls.Config{ServerName: own, NextProtos: []string{"h2"}}))
}

// TestOnlyThePanelGetsIn: whoever lacks the panel's certificate gets the server's half of the handshake and then
// nothing: no alert, no HTTP.
func TestOnlyThePanelGetsIn(t *testing.T) {
	t.Parallel()
	ca, other := newTestCA(t), newTestCA(t)
	start := func(t *testing.T) *testAgent {
		return startAgentWith(t, ca, options(t, t.TempDir(), ca.token(t, testID)))
	}
	refused := func(what string, certs ...tls.Certificate) {
		t.Helper()
		a := start(t)
		conn, err := net.Dial("tcp", a.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		client := tls.Client(conn, a.tlsConfig(certs...))
		if err := client.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := client.Handshake(); err != nil {
			t.Fatalf("%s: handshake: %v", what, err)
		}
		_, _ = io.WriteString(client, "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n") // the agent may have hung up already
		n, err := client.Read(make([]byte, 1))
		var op *net.OpError
		if n != 0 || err == nil || errors.As(err, &op) && op.Op == "remote error" {
			t.Errorf("%s: %d bytes, %v; want a closed connection without an alert", what, n, err)
		}
	}
	spoil := func(f func(*x509.Certificate)) tls.Certificate {
		template := ca.template(t, api.PanelName, x509.ExtKeyUsageClientAuth)
		f(template)
		return ca.sign(t, template)
	}
	agentCert := ca.sign(t, ca.template(t, "ffff"+api.AgentSuffix, x509.ExtKeyUsageServerAuth))
	panelCert := ca.panel(t)
	mixed := tls.Certificate{Certificate: append(append([][]byte{}, other.panel(t).Certificate...), ca.cert.Raw), PrivateKey: other.panel(t).PrivateKey}

	refused("no certificate")
	refused("another agent's certificate", agentCert)
	refused("the panel of another CA", other.panel(t))
	refused("another CA's certificate with our CA in the chain", mixed)
	refused("a server certificate with the panel's name", spoil(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))
	refused("no stated role", spoil(func(c *x509.Certificate) { c.ExtKeyUsage = nil }))
	refused("both roles", spoil(func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	}))
	refused("an agent's name", spoil(func(c *x509.Certificate) { c.DNSNames = []string{"ffff" + api.AgentSuffix} }))
	refused("two names", spoil(func(c *x509.Certificate) { c.DNSNames = []string{api.PanelName, "ffff" + api.AgentSuffix} }))
	refused("the name in the subject only", spoil(func(c *x509.Certificate) { c.DNSNames = nil }))
	refused("out of date", spoil(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }))
	refused("not valid yet", spoil(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }))
	refused("a CA", spoil(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }))

	a := start(t)
	if _, err := a.client(panelCert).Health(t.Context()); err != nil {
		t.Errorf("the panel is refused: %v", err)
	}
}

func TestBannedAddress(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	for range maxFailures {
		exchange(t, a.addr, "GET / HTTP/1.1\r\n\r\n")
	}
	otherName := a.tlsConfig(a.ca.panel(t))
	otherName.ServerName = "ffff" + api.AgentSuffix
	if conn, err := tls.Dial("tcp", a.addr, otherName); err == nil {
		conn.Close()
		t.Error("a banned address gets the agent's certificate without knowing its name")
	}
	if got := exchange(t, a.addr, clientHello(t, otherName)); len(got) != 0 {
		t.Errorf("a banned address gets %d bytes", len(got))
	}
	if _, err := a.client(a.ca.panel(t)).Health(t.Context()); err != nil {
		t.Errorf("the ban keeps the panel out, which shares the address: %v", err)
	}
}

// TestHonestTroubleDoesNotBan: a panel that was given the address of the wrong agent keeps trying and refuses what it
// finds; a flaky network cuts connections.
func TestHonestTroubleDoesNotBan(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	strict := a.tlsConfig(a.ca.panel(t))
	strict.InsecureSkipVerify, strict.ServerName = false, "ffff"+api.AgentSuffix
	for range maxFailures + 5 {
		if conn, err := tls.Dial("tcp", a.addr, strict); err == nil {
			conn.Close()
			t.Fatal("the client trusts a foreign CA")
		}
		conn, err := net.Dial("tcp", a.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "\x16\x03\x01") // the rest never comes
		conn.Close()
	}
	a.guard.mu.Lock()
	defer a.guard.mu.Unlock()
	for network, p := range a.guard.peers {
		if p.failures != 0 || !p.bannedUntil.IsZero() {
			t.Errorf("%s: %d failures, banned until %v", network, p.failures, p.bannedUntil)
		}
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	c, ctx := a.client(a.ca.panel(t)), t.Context()
	if page, err := c.Exposition(ctx, "host", 10*time.Second, nil); err != nil || string(page) != "up 1\n" {
		t.Errorf("exposition: %q, %v", page, err)
	}
	if m, err := c.Metrics(ctx); err != nil || m.ServerName != "node-1" {
		t.Errorf("metrics: %q, %v", m.ServerName, err)
	}
	if p, err := c.Processes(ctx); err != nil || p.Count != 7 {
		t.Errorf("processes: %d, %v", p.Count, err)
	}
	v, err := c.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if v.Version != "1.2.3" || v.AgentID != testID || v.ServerName != "node-1" || v.Preset != "monitor" || v.Allow["metrics"] != "ro" || len(v.Allow) != 1 {
		t.Errorf("version: %+v", v)
	}
	for _, capability := range []string{"exposition", "metrics", "processes", "version", "enrol"} {
		if !v.Can(capability) {
			t.Errorf("capabilities %v lack %s", v.Capabilities, capability)
		}
	}
	if v.Can("exec") {
		t.Errorf("capabilities %v hold exec", v.Capabilities)
	}
}

func TestUnknownPathsAndBodies(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	f := func(request string, status string) {
		t.Helper()
		conn, err := tls.Dial("tcp", a.addr, a.tlsConfig(a.ca.panel(t)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(got), "HTTP/1.1 "+status) {
			t.Errorf("%q: answer %.60q, want status %s", request[:20], got, status)
		}
	}
	head := " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	f("GET /"+head+"\r\n", "404")
	f("GET /v1/exec"+head+"\r\n", "404")
	f("GET /../etc/passwd"+head+"\r\n", "307") // to the cleaned path, which is a 404
	f("GET /v1/enrol"+head+"\r\n", "404")
	f("DELETE /v1/health"+head+"\r\n", "404")
	f("POST /v1/enrol"+head+"Content-Length: 4\r\n\r\nnope", "400")
	f("POST /v1/enrol"+head+"Content-Length: 400000\r\n\r\n"+strings.Repeat("x", 400000), "413")
	f("GET /v1/health"+head+"X: "+strings.Repeat("x", 40<<10)+"\r\n\r\n", "431")
}

func TestServeEndsWithTheContext(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	conn, err := tls.Dial("tcp", a.addr, a.tlsConfig(a.ca.panel(t))) // a kept-alive connection must not hold it up
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	silent, err := net.Dial("tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	silent.Close()
	ended := make(chan struct{})
	go func() { a.stop(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not end")
	}
}

func TestLocalListener(t *testing.T) {
	t.Parallel()
	a := startAgent(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.ServeLocal(ctx, ln) }()
	f := func(request, want string) {
		t.Helper()
		got := exchange(t, ln.Addr().String(), request+" HTTP/1.0\r\n\r\n")
		if !strings.Contains(string(got), want) {
			t.Errorf("%s: %q, want %q in it", request, got, want)
		}
	}
	f("GET /metrics", "up 1\n")
	f("GET /v1/metrics", "404")
	f("GET /v1/processes", "404")
	f("POST /v1/enrol/csr", "404")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("serve local: %v", err)
	}
}
