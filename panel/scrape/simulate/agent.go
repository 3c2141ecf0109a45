// Package simulate is made-up agents for tests and benchmarks: they speak the agent's contract over mutual TLS 1.3 on
// loopback and misbehave on request. It measures nothing and is not part of a running panel.
package simulate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"monitoring/agent/api"
)

// Agent is one simulated agent. It serves until Close.
type Agent struct {
	id        string
	seed      float64
	started   time.Time
	listener  net.Listener
	server    *http.Server
	behaviour atomic.Int32
	mux       *http.ServeMux
	allow     atomic.Pointer[api.Version] // what it says its owner allows
	requests  atomic.Int64                // pages that were asked for
	conns     atomic.Int64
	closed    chan struct{}
	closing   sync.Once

	mu      sync.Mutex
	cert    *tls.Certificate // what handshakes present
	pending []byte           // DER key of the signing request that is under way
}

// Listen returns a free loopback port for Start, whose address a server's record can have before there is a token.
func Listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// Start starts an agent with the identity of an install token. It owns the listener.
func Start(listener net.Listener, token api.InstallToken) (*Agent, error) {
	a, err := newAgent(token, listener)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	go func() { _ = a.server.ServeTLS(listener, "", "") }() // ends with Close
	return a, nil
}

func newAgent(token api.InstallToken, listener net.Listener) (*Agent, error) {
	cert, err := tls.X509KeyPair([]byte(token.Certificate), []byte(token.Key))
	if err != nil {
		return nil, fmt.Errorf("load certificate: %w", err)
	}
	panels := x509.NewCertPool()
	if !panels.AppendCertsFromPEM([]byte(token.CA)) {
		return nil, errors.New("load CA: no certificate in the token")
	}
	a := &Agent{id: token.AgentID, started: time.Now(), listener: listener, closed: make(chan struct{}), cert: &cert}
	for _, c := range token.AgentID {
		a.seed = float64(int(a.seed*31+float64(c)) % 1000)
	}
	a.Allow(map[string]string{api.DomainMetrics: api.ReadOnly})
	mux := http.NewServeMux()
	a.mux = mux
	mux.HandleFunc("GET "+api.PathExposition, a.exposition)
	mux.HandleFunc("GET "+api.PathMetrics, a.document)
	mux.HandleFunc("GET "+api.PathHealth, func(w http.ResponseWriter, _ *http.Request) { answer(w, api.Health{Status: "ok"}) })
	mux.HandleFunc("GET "+api.PathVersion, a.version)
	mux.HandleFunc("POST "+api.PathEnrolCSR, a.enrolCSR)
	mux.HandleFunc("POST "+api.PathEnrolAccept, a.enrolAccept)
	a.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute,
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				a.conns.Add(1)
			}
		},
		ErrorLog: log.New(io.Discard, "", 0), // refused handshakes are expected here
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: panels,
			NextProtos: []string{"http/1.1"}, GetCertificate: a.certificate},
	}
	return a, nil
}

// Address is host:port of the agent.
func (a *Agent) Address() string { return a.listener.Addr().String() }

// URL is the address as a server's record has it.
func (a *Agent) URL() string { return "https://" + a.Address() }

// Set changes how the agent behaves from the next request on.
func (a *Agent) Set(b Behaviour) {
	if b == MillionSeries {
		millionPage() // made here, lest the first request pays for it
	}
	a.behaviour.Store(int32(b))
}

// Handle makes the agent answer a path of the contract, as in "POST /v1/haproxy/reload", with what h does.
func (a *Agent) Handle(pattern string, h http.HandlerFunc) { a.mux.HandleFunc(pattern, h) }

// Allow changes what the agent says that its owner allows and what it can do. The panel asks every ten minutes, and
// whenever an operator tests the server.
func (a *Agent) Allow(allow map[string]string, capabilities ...string) {
	a.allow.Store(&api.Version{Allow: allow, Capabilities: capabilities})
}

// Requests tells how many metrics pages were asked for.
func (a *Agent) Requests() int64 { return a.requests.Load() }

// Connections tells how many connections were made.
func (a *Agent) Connections() int64 { return a.conns.Load() }

// Close ends the agent and every request that hangs. The port refuses connections then.
func (a *Agent) Close() {
	a.closing.Do(func() { close(a.closed) })
	_ = a.server.Close()
}

func (a *Agent) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cert, nil
}
