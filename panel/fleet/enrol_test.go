package fleet

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"monitoring/storage"
)

func TestEnrolment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, ln := b.add(t, "alpha")
	a := runAgent(t, t.TempDir(), c.Install.Token, ln)
	if b.joined(c.Server.ID) || a.Joined() {
		t.Error("joined before the first contact")
	}
	if v := b.version(t, c.Server.ID); v.Version != "9.9.9" || v.AgentID != c.Server.AgentID {
		t.Errorf("version: %+v", v)
	}
	if !b.joined(c.Server.ID) || !a.Joined() {
		t.Error("not joined after the first contact")
	}
	if err := b.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if install, lasting, seen := b.certificates(t, c.Server.ID); install != 0 || lasting != 1 || seen != 1 {
		t.Errorf("stored: %d install, %d lasting, %d seen; want 0, 1, 1", install, lasting, seen)
	}
	if _, err := b.store.InstallToken(t.Context(), hashCode(codeOf(t, c.Install))); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the install token is still there: %v", err)
	}
	b.restart(t)
	b.version(t, c.Server.ID)
	if _, lasting, _ := b.certificates(t, c.Server.ID); lasting != 1 {
		t.Errorf("%d lasting certificates after a restart of the panel", lasting)
	}
}

// codeOf takes the join code out of an install command.
func codeOf(t testing.TB, i Install) string {
	t.Helper()
	code, ok := strings.CutPrefix(i.Command, "curl -fsSL https://panel.example.net/api/join/")
	code, ok2 := strings.CutSuffix(code, "/install.sh | sudo bash")
	if !ok || !ok2 {
		t.Fatalf("install command %q", i.Command)
	}
	return code
}

func TestManyFirstContactsEnrolOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, ln := b.add(t, "alpha")
	runAgent(t, t.TempDir(), c.Install.Token, ln)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			client, err := b.Client(c.Server.ID)
			if err == nil {
				_, err = client.Health(t.Context())
			}
			if err != nil {
				t.Errorf("first contact: %v", err)
			}
		})
	}
	wg.Wait()
	if _, lasting, _ := b.certificates(t, c.Server.ID); lasting != 1 {
		t.Errorf("%d lasting certificates, want 1", lasting)
	}
}

// An agent may join over one connection while another still shakes hands with its install certificate.
func TestJoinsDuringAnotherHandshake(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	front, back := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	c, err := b.Create(t.Context(), CreateServerRequest{Name: "alpha", URL: front.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	runAgent(t, t.TempDir(), c.Install.Token, back)
	answered, release := make(chan struct{}), make(chan struct{})
	go passOn(front, back.Addr().String(), func() {
		close(answered)
		<-release
	})
	first := make(chan error, 1)
	go func() {
		conn, err := b.dial(t.Context(), c.Server.ID)
		if err == nil {
			err = conn.Close()
		}
		first <- err
	}()
	<-answered
	conn, err := b.dial(t.Context(), c.Server.ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	close(release)
	if err := <-first; err != nil {
		t.Errorf("the connection that was slower: %v", err)
	}
	if _, lasting, _ := b.certificates(t, c.Server.ID); lasting != 1 {
		t.Errorf("%d lasting certificates, want 1", lasting)
	}
}

// passOn connects what comes to front with an address. It holds back the first answer of the first connection.
func passOn(front net.Listener, address string, hold func()) {
	for hold := hold; ; hold = func() {} {
		near, err := front.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", address)
		if err != nil {
			near.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(far, near) // either side may hang up
			far.Close()
		}()
		go func() {
			defer near.Close()
			buf := make([]byte, 1<<14)
			n, _ := far.Read(buf)
			hold()
			if _, err := near.Write(buf[:n]); err == nil {
				_, _ = io.Copy(near, far)
			}
		}()
	}
}

// TestTokenWorksOnce: a copy of the token is worthless once the real agent has joined, and not before.
func TestTokenWorksOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, ln := b.add(t, "alpha")
	address := ln.Addr().String()
	real := runAgent(t, t.TempDir(), c.Install.Token, ln)
	b.version(t, c.Server.ID)
	real.stop()
	b.closeAll()

	thief := runAgent(t, t.TempDir(), c.Install.Token, listen(t, address))
	if _, err := b.ask(t, c.Server.ID); !errors.Is(err, errSuperseded) {
		t.Errorf("the thief's agent: %v, want %v", err, errSuperseded)
	}
	if thief.Joined() {
		t.Error("the token worked a second time")
	}
	b.restart(t) // killed right after the first contact, before any flush
	if _, err := b.ask(t, c.Server.ID); stageOf(err) != StageIdentity || thief.Joined() {
		t.Errorf("the thief's agent after a restart of the panel: %v, joined %v", err, thief.Joined())
	}
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, ln := b.add(t, "alpha")
	a := runAgent(t, t.TempDir(), c.Install.Token, ln)
	b.clock.advance(tokenLife + time.Second)
	_, err := b.ask(t, c.Server.ID)
	if stageOf(err) != StageIdentity || a.Joined() {
		t.Errorf("a day-old token: %v, joined %v", err, a.Joined())
	}
	code := codeOf(t, c.Install)
	for _, file := range []string{"install.sh", "token", "agent-amd64"} {
		if status, _ := b.call(t, "GET", "/api/join/"+code+"/"+file, ""); status != 0 {
			t.Errorf("%s of a day-old code: status %d, want a closed connection", file, status)
		}
	}
	if err := b.upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.InstallToken(t.Context(), hashCode(code)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the expired token is kept: %v", err)
	}
}

func TestNewTokenRevokes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, a := b.join(t, "alpha")
	install, err := b.Reinstall(t.Context(), srv.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ask(t, srv.ID); !errors.Is(err, errRevoked) {
		t.Errorf("the agent with the old certificate: %v, want %v", err, errRevoked)
	}
	if err := b.flush(t.Context()); err != nil { // the first use of the old certificate must not end the new token
		t.Fatal(err)
	}
	b.restart(t)
	if _, err := b.ask(t, srv.ID); !errors.Is(err, errRevoked) {
		t.Errorf("after a restart of the panel: %v, want %v", err, errRevoked)
	}
	a.stop()
	again := runAgent(t, a.dir, install.Token, listen(t, srv.Instance()))
	b.version(t, srv.ID)
	if !again.Joined() {
		t.Error("the new token did not work")
	}
}

// TestRevocationDuringEnrolment: a signing request that was under way when the new token came gets nothing.
func TestRevocationDuringEnrolment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, ln := b.add(t, "alpha")
	runAgent(t, t.TempDir(), c.Install.Token, ln)
	n := b.node(c.Server.ID)
	conn, err := b.connect(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	req, err := clientOver(conn, n).EnrolCSR(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reinstall(t.Context(), c.Server.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := b.sign(t.Context(), n, conn.leaf, req.CSR); !errors.Is(err, errRevoked) {
		t.Errorf("sign after a new token: %v, want %v", err, errRevoked)
	}
	if _, lasting, _ := b.certificates(t, c.Server.ID); lasting != 0 {
		t.Errorf("%d lasting certificates", lasting)
	}
}

func TestDeletedServerIsCutOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var told []storage.Server
	b.OnRemoved(func(srv storage.Server) { told = append(told, srv) })
	srv, _ := b.join(t, "alpha")
	client, err := b.Client(srv.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(t.Context(), srv.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Health(t.Context()); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a client that was kept: %v, want not found", err)
	}
	if _, err := b.Client(srv.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("client of a deleted server: %v", err)
	}
	if len(told) != 1 || told[0].ID != srv.ID || told[0].Name != "alpha" {
		t.Errorf("hooks were told %v", told)
	}
	if certs, err := b.store.AgentCertificates(t.Context(), srv.ID); err != nil || len(certs) != 0 {
		t.Errorf("certificates left: %d, %v", len(certs), err)
	}
}

func TestMovedServerKeepsItsClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, a := b.join(t, "alpha")
	client, err := b.Client(srv.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.stop()
	ln := listen(t, "127.0.0.1:0")
	address := ln.Addr().String()
	runAgent(t, a.dir, "", ln)
	if err := b.Update(t.Context(), srv.ID, UpdateServerRequest{URL: &address}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Health(t.Context()); err != nil {
		t.Errorf("the client does not follow the server: %v", err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	agentLn, proxyLn := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	c, err := b.Create(t.Context(), CreateServerRequest{Name: "alpha", URL: proxyLn.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: agentLn.Addr().String(), toAgent: -1, toPanel: -1}
	go p.run(proxyLn)
	runAgent(t, t.TempDir(), c.Install.Token, agentLn)
	for range 5 {
		b.version(t, c.Server.ID)
	}
	if got := p.conns.Load(); got != 2 {
		t.Errorf("%d connections for an enrolment and five requests, want 2", got)
	}
}

func TestSigningRequests(t *testing.T) {
	t.Parallel()
	f := func(what, text, want string) {
		t.Helper()
		if _, _, err := parseRequest(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	f("empty", "", "no signing request")
	f("no PEM", "hello", "no signing request")
	f("other PEM", "-----BEGIN X-----\naGVsbG8=\n-----END X-----\n", "parse signing request")
	f("RSA", rsaRequest(t), "not ECDSA P-256")
	f("P-384", p384Request(t), "not ECDSA P-256")
	f("signed by another key", forgedRequest(t), "check signing request")
}
