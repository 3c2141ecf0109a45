package rest

import (
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// Limits of the server that strangers talk to.
const (
	headerTimeout  = 10 * time.Second // also bounds the TLS handshake
	writeTimeout   = 60 * time.Second // per request; event streams set their own, AllowTime extends it
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// NewServer returns an HTTP server with limits on everything a client can drag out, ready for Drop and Keep.
// There is no read timeout for whole requests, since it would end event streams: NewMux bounds bodies instead.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:                      handler,
		DisableGeneralOptionsHandler: true, // net/http would answer OPTIONS * by itself
		ReadHeaderTimeout:            headerTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     log.New(errorLog{logger}, "", 0),
		ConnContext:                  withConnection,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: 100, SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// AllowTime gives an answer longer than the minute that NewServer allows, as for a large file over a slow line.
func AllowTime(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d)) // a writer without deadlines is a test's
}

// errorLog takes what net/http has to say: handshakes of scanners are debug lines, a panic outside of the Mux is not.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if strings.Contains(text, "panic serving") {
		l.log.Error("serve http", "err", text)
	} else {
		l.log.Debug("serve http", "err", text)
	}
	return len(line), nil
}

// recordTypeHandshake is the first byte of every TLS connection (RFC 8446, section 5.1).
const recordTypeHandshake = 0x16

var errNoTLS = errors.New("the first byte is no TLS handshake")

// TLSGate wraps a listener below TLS: a connection that does not begin with a TLS handshake is closed without the
// plain-text answer or alert that the layers above would send. The check happens at the first Read, which is the
// server's handshake in the connection's own goroutine, under the server's handshake timeout: Accept never waits.
func TLSGate(ln net.Listener) net.Listener { return gate{ln} }

type gate struct{ net.Listener }

func (g gate) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &gatedConn{Conn: conn}, nil
}

// gatedConn checks the first byte that is read. TLS reads from one goroutine during the handshake.
type gatedConn struct {
	net.Conn
	checked bool
}

func (c *gatedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.checked || n == 0 {
		return n, err
	}
	c.checked = true
	if p[0] != recordTypeHandshake {
		_ = c.Close()
		return 0, errNoTLS
	}
	return n, err
}
