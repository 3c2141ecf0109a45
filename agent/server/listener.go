package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"monitoring/agent/api"
)

const handshakeTimeout = 10 * time.Second

var (
	errStranger = errors.New("the client did not ask for an agent")
	errBlocked  = errors.New("the address is banned or over its rate")
	errNotPanel = errors.New("the client does not hold the panel's certificate")
)

// panelListener yields only connections whose client has proved to be the panel. Everyone else is closed without an
// answer: a client that does not greet an agent by name gets no byte at all, one that does gets the server's half of
// the TLS handshake, which comes before the client's certificate, and nothing after it.
type panelListener struct {
	net.Listener
	enrol *enrolment
	guard *guard
	log   *slog.Logger
	ready chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPanelListener(ln net.Listener, e *enrolment, g *guard, log *slog.Logger) *panelListener {
	return &panelListener{Listener: ln, enrol: e, guard: g, log: log, ready: make(chan net.Conn), done: make(chan struct{})}
}

// run accepts until the listener closes and ends when every handshake has.
func (l *panelListener) run() error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			if !waitAfter(err, l.done) {
				return err
			}
			continue
		}
		wg.Go(func() { l.handshake(conn) })
	}
}

// waitAfter pauses after an error that passes, such as too many open files.
func waitAfter(err error, done <-chan struct{}) bool {
	if _, ok := errors.AsType[net.Error](err); !ok {
		return false
	}
	select {
	case <-done:
	case <-time.After(100 * time.Millisecond):
	}
	return true
}

// Accept implements net.Listener for http.Server.
func (l *panelListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *panelListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

func (l *panelListener) handshake(raw net.Conn) {
	addr := remoteAddr(raw)
	blocked, ok := l.guard.begin(addr)
	if !ok {
		_ = raw.Close()
		return
	}
	conn, err := l.authenticate(raw, blocked)
	l.guard.end(addr)
	if err != nil {
		defer raw.Close() // last, so that whoever sees it closed has been counted
		if culpable(err) && l.guard.fail(addr) {
			l.log.Warn("address banned", "addr", addr, "failures", maxFailures, "for", banTime, "last", err)
		}
		l.log.Debug("connection refused", "addr", addr, "err", err)
		return
	}
	l.guard.trust(addr)
	select {
	case l.ready <- conn:
	case <-l.done:
		_ = raw.Close()
	}
}

func (l *panelListener) authenticate(raw net.Conn, blocked bool) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	quiet := &quietConn{Conn: raw, opened: time.Now()}
	conn := tls.Server(quiet, l.config(quiet, blocked))
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	quiet.state.Store(stateOpen)
	return conn, nil
}

// config is made per connection, because both checks need the state of this one.
func (l *panelListener) config(quiet *quietConn, blocked bool) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{"http/1.1"},
		SessionTicketsDisabled: true,                  // each connection proves itself anew, so that a refusal is final
		ClientAuth:             tls.RequestClientCert, // VerifyConnection checks, so that its refusal is silent
		GetCertificate:         l.enrol.certificate,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name := strings.ToLower(hello.ServerName)
			switch {
			case !strings.HasSuffix(name, api.AgentSuffix):
				return nil, errStranger
			case blocked && name != l.enrol.current.Load().serverName():
				return nil, errBlocked // our own name is unguessable: its caller may be the panel behind a shared address
			}
			return nil, nil
		},
		VerifyConnection: func(cs tls.ConnectionState) error {
			quiet.state.Store(stateMuted) // until the handshake is over: an alert would be an answer
			return checkPanel(cs.PeerCertificates, l.enrol.current.Load().pool)
		},
	}
}

// checkPanel accepts a client certificate from a trusted CA that is for a client only and carries the panel's name.
func checkPanel(chain []*x509.Certificate, roots *x509.CertPool) error {
	if len(chain) == 0 {
		return errNotPanel
	}
	leaf := chain[0]
	if leaf.IsCA || !slices.Equal(leaf.DNSNames, []string{api.PanelName}) ||
		!slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) {
		return errNotPanel
	}
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, c := range chain[1:] {
		opts.Intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(opts); err != nil {
		return errors.Join(errNotPanel, err)
	}
	return nil
}

// culpable tells what a stranger did from what happens to honest clients: lost connections, silence, and a client
// that refuses us, as a panel does that was given the address of the wrong agent.
func culpable(err error) bool {
	var op *net.OpError
	switch {
	case errors.Is(err, errBlocked), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &op):
		return op.Op == "local error" // our side found fault; anything else is the network or a client that refuses us
	}
	return true
}

func remoteAddr(conn net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.IPv6Unspecified() // no TCP address: all such peers share one count
	}
	return ap.Addr()
}

const (
	stateGreeting int32 = iota // alerts are still in clear text: they are recognised and left out
	stateMuted                 // nothing goes out
	stateOpen                  // the client is the panel
)

const recordTypeAlert = 21 // RFC 8446, section 5.1

// quietConn keeps the TLS stack from telling a wrong client why it is refused.
type quietConn struct {
	net.Conn
	opened time.Time // when it was accepted
	state  atomic.Int32
}

func (c *quietConn) Write(b []byte) (int, error) {
	switch c.state.Load() {
	case stateGreeting:
		if len(b) > 0 && b[0] == recordTypeAlert {
			return len(b), nil
		}
	case stateMuted:
		return len(b), nil
	}
	return c.Conn.Write(b)
}
