package fleet

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
)

// TestStolenAgentCertificate: with root on one node, its certificate and key are known. They open nothing else.
func TestStolenAgentCertificate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	alpha, agentA := b.join(t, "alpha")
	beta, agentB := b.join(t, "beta")

	stolen := identityOf(t, agentA.dir)
	conn, err := tls.Dial("tcp", beta.Instance(), &tls.Config{
		Certificates: []tls.Certificate{stolen}, InsecureSkipVerify: true, ServerName: beta.AgentID + api.AgentSuffix,
	})
	if err != nil {
		t.Fatal(err) // in TLS 1.3 the client learns of its refusal only when it reads
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n") // the agent may have hung up already
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("an agent answers the holder of another agent's certificate: %d bytes, %v", n, err)
	}

	agentB.stop()
	b.closeAll()
	runAgent(t, agentA.dir, "", listen(t, beta.Instance()))
	_, err = b.ask(t, beta.ID)
	var identity *IdentityError
	if !errors.As(err, &identity) || identity.AgentID != alpha.AgentID {
		t.Errorf("alpha's agent at beta's address: %v", err)
	}
	b.version(t, alpha.ID)
}

// identityOf reads what an agent keeps on disk.
func identityOf(t testing.TB, dir string) tls.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "identity.json"))
	if err != nil {
		t.Fatal(err)
	}
	var j struct{ Cert, Key string }
	if err := json.Unmarshal(text, &j); err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair([]byte(j.Cert), []byte(j.Key))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// tlsServer shows a certificate and does the handshake, whoever comes.
func tlsServer(t testing.TB, ln net.Listener, cert tls.Certificate) {
	t.Helper()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				server := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert})
				if server.Handshake() == nil {
					_, _ = server.Read(make([]byte, 1024)) // the panel's request; there is no answer
				}
			}()
		}
	}()
}

// TestImpostors: what the panel must refuse at the address of one of its servers, although our CA signed it.
func TestImpostors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := func(what string, want error, make func(agentID string) tls.Certificate) {
		t.Helper()
		c, ln := b.add(t, what)
		tlsServer(t, ln, make(c.Server.AgentID))
		_, err := b.ask(t, c.Server.ID)
		if stageOf(err) != StageIdentity || !errors.Is(err, want) {
			t.Errorf("%s: %v (stage %s), want %v", what, err, stageOf(err), want)
		}
		if b.joined(c.Server.ID) {
			t.Errorf("%s: counts as joined", what)
		}
	}
	issue := func(name string, usage x509.ExtKeyUsage) tls.Certificate {
		key := newKey(t)
		now := time.Now()
		leaf, err := b.ca.issue(name, usage, &key.PublicKey, now.Add(-time.Hour), now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}
	}
	f("the panel's own certificate", errNoAgentCert, func(string) tls.Certificate {
		c, err := b.ca.panelCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return *c
	})
	f("a client certificate with the agent's name", errNoAgentCert, func(id string) tls.Certificate {
		return issue(id+api.AgentSuffix, x509.ExtKeyUsageClientAuth)
	})
	f("the panel's name for a server", errNoAgentCert, func(string) tls.Certificate {
		return issue(api.PanelName, x509.ExtKeyUsageServerAuth)
	})
	f("a serial that was never recorded", errUnknownSerial, func(id string) tls.Certificate {
		return issue(id+api.AgentSuffix, x509.ExtKeyUsageServerAuth)
	})
	f("the CA itself", errNoAgentCert, func(string) tls.Certificate {
		return tls.Certificate{Certificate: [][]byte{b.ca.cert.Raw}, PrivateKey: b.ca.key}
	})
	other, err := openAuthority(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	f("another panel's agent with the same id", errForeign, func(id string) tls.Certificate {
		key := newKey(t)
		leaf, err := other.issueAgent(id, &key.PublicKey, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{leaf.Raw, b.ca.cert.Raw}, PrivateKey: key}
	})
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := func(what, url string, status, stage string, code int, words ...string) {
		t.Helper()
		c, err := b.Create(t.Context(), CreateServerRequest{Name: what, URL: url})
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Diagnose(t.Context(), c.Server.ID)
		if err != nil {
			t.Fatal(err)
		}
		if r.Success || r.Status != status || r.Stage != stage || r.Code != code {
			t.Errorf("%s: %+v, want status %s, stage %s, code %d", what, r, status, stage, code)
		}
		for _, w := range words {
			if !strings.Contains(r.Message, w) {
				t.Errorf("%s: message %q lacks %q", what, r.Message, w)
			}
		}
	}
	f("unknown host name", "https://no-such-host.invalid", "error", "dns", 500, "DNS")

	closed := listen(t, "127.0.0.1:0")
	_ = closed.Close()
	f("refused port", closed.Addr().String(), "error", "tcp", 502, closed.Addr().String(), "refuses connections")

	plain := listen(t, "127.0.0.1:0")
	serveRaw(plain, func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	f("plain HTTP", plain.Addr().String(), "error", "tls", 495, "does not speak TLS")

	mute := listen(t, "127.0.0.1:0")
	serveRaw(mute, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	f("silent listener", mute.Addr().String(), "timeout", "tls", 504, "does not answer the TLS greeting")

	rude := listen(t, "127.0.0.1:0")
	serveRaw(rude, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) })
	f("closes at once", rude.Addr().String(), "error", "tls", 495, "closed the connection")

	other, err := openAuthority(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t)
	leaf, err := other.issueAgent("ffff", &key.PublicKey, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	foreign := listen(t, "127.0.0.1:0")
	tlsServer(t, foreign, tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key})
	f("other CA", foreign.Addr().String(), "error", "identity", 495, "does not come from this panel")

	_, a := b.join(t, "the real one")
	ln := listen(t, "127.0.0.1:0")
	runAgent(t, a.dir, "", ln)
	f("another server's agent", ln.Addr().String(), "error", "identity", 495, "the real one", "wrong address")
}

// TestDiagnoseDeafAgent: the agent shuts the door after it saw the panel's certificate.
func TestDiagnoseDeafAgent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, a := b.join(t, "alpha")
	a.stop()
	b.closeAll()
	ln := listen(t, srv.Instance())
	cert := identityOf(t, a.dir)
	serveRaw(ln, func(conn net.Conn) {
		_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert}).Handshake()
	})
	r, err := b.Diagnose(t.Context(), srv.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r.Stage != StageHTTP || r.Status != "error" || !strings.Contains(r.Message, "clock") {
		t.Errorf("%+v", r)
	}
}

func TestDiagnoseHealthy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, _ := b.join(t, "alpha")
	r, err := b.Diagnose(t.Context(), srv.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := (TestResponse{Success: true, Status: "online", ServerName: "node", Version: "9.9.9"}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

// serveRaw hands each connection to f and closes it afterwards.
func serveRaw(ln net.Listener, f func(net.Conn)) {
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				f(conn)
			}()
		}
	}()
}
