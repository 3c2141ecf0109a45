package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// serve runs handler as the panel would, with or without TLS, and returns its address.
func serve(t *testing.T, handler http.Handler, log *slog.Logger, encrypted bool, change ...func(*http.Server)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(handler, log)
	for _, c := range change {
		c(server)
	}
	done := make(chan error, 1)
	go func() {
		if encrypted {
			server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
			done <- server.ServeTLS(TLSGate(ln), "", "")
		} else {
			done <- server.Serve(ln)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// certificate borrows the one of net/http/httptest.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	return s.TLS.Certificates[0]
}

func dial(t *testing.T, addr string, encrypted bool) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if encrypted {
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // a throw-away certificate
	}
	return conn
}

// exchange writes text and returns everything that comes back until the server closes the connection.
func exchange(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		t.Errorf("%.30q: the connection stays open", text)
	}
	return string(b)
}

func dropMux() *Mux {
	mux := NewMux(open, quiet())
	mux.Mount("/x", Only(Session), func(r Router) {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) error { Keep(r); return Done(w) })
		for _, status := range []int{401, 403, 429} {
			r.Get(fmt.Sprint("/", status), func(http.ResponseWriter, *http.Request) error { return Fail(status, "no", "no") })
		}
		r.Get("/hidden", func(_ http.ResponseWriter, r *http.Request) error {
			HideErrors(r.Context())
			return Fail(404, "no", "no")
		})
		r.Get("/drop", func(http.ResponseWriter, *http.Request) error { return ErrDrop })
	})
	return mux
}

func TestDropOverHTTP1(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		addr := serve(t, Compress(dropMux()), quiet(), encrypted)
		f := func(text string) {
			t.Helper()
			if got := exchange(t, dial(t, addr, encrypted), text); got != "" {
				t.Errorf("%.30q: %.80q", text, got)
			}
		}
		for _, path := range []string{"/", "/x/401", "/x/403", "/x/429", "/x/hidden", "/x/drop", "/x/y"} {
			f("GET " + path + " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
			f("GET " + path + " HTTP/1.0\r\n\r\n")
		}
		f("POST /x HTTP/1.1\r\nHost: a\r\n\r\n")
		f("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
		f("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
		f("OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n")
		f("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")

		got := exchange(t, dial(t, addr, encrypted), "GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /x/drop HTTP/1.1\r\nHost: a\r\n\r\n")
		if strings.Count(got, "HTTP/1.1 ") != 1 || !strings.Contains(got, `{"success":true}`) {
			t.Errorf("a good request and a dropped one: %q", got)
		}
	}
}

func TestTLSGate(t *testing.T) {
	t.Parallel()
	var logged safeBuffer
	addr := serve(t, dropMux(), slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})), true, func(s *http.Server) {
		if s.ReadHeaderTimeout != headerTimeout {
			t.Error("there is no limit on handshakes")
		}
		s.ReadHeaderTimeout = 2 * time.Second
	})
	silent := dial(t, addr, false) // says nothing and must hold up nobody
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-x\r\n", "\x00\x00", "\x15\x03\x01\x00\x02\x02\x28", "\x80\x2e\x01\x00\x02"} {
		if got := exchange(t, dial(t, addr, false), text); got != "" {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := exchange(t, dial(t, addr, true), "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("a TLS client got %q", got)
	}
	if got := logged.String(); !strings.Contains(got, "DEBUG") || strings.Contains(got, "ERROR") {
		t.Errorf("log %q", got)
	}
	if n, err := silent.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a silent client got %d bytes, %v", n, err)
	}
}

// http2Client returns a client that speaks HTTP/2 over one connection and counts how many it had to dial.
func http2Client(t *testing.T, addr string) (client *http.Client, dials func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	transport := http2Only()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		mu.Lock()
		n++
		mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// http2Only speaks HTTP/2 to whoever is there.
func http2Only() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	return &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // a throw-away certificate
}

func TestDropOverHTTP2(t *testing.T) {
	t.Parallel()
	var logged safeBuffer
	addr := serve(t, Compress(dropMux()), slog.New(slog.NewTextHandler(&logged, nil)), true)
	client, dials := http2Client(t, addr)
	get := func(path string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return client.Do(req)
	}
	resp, err := get("/x")
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, resp); got != `{"success":true}` || resp.ProtoMajor != 2 {
		t.Fatalf("%s %q", resp.Proto, got)
	}
	for _, path := range []string{"/nowhere", "/x/401", "/x/drop", "/x/hidden"} {
		if resp, err := get(path); err == nil {
			t.Errorf("%s: status %d", path, resp.StatusCode)
			_ = resp.Body.Close()
		} else if _, ok := errors.AsType[http2.StreamError](err); !ok {
			t.Errorf("%s: %v, want a reset stream", path, err)
		}
	}
	if resp, err := get("/x"); err != nil || readAll(t, resp) != `{"success":true}` || dials() != 1 {
		t.Errorf("after drops: %v, %d connections", err, dials())
	}

	stranger, dials := http2Client(t, addr)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+addr+"/nowhere", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err = stranger.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatalf("a stranger got status %d", resp.StatusCode)
	}
	if _, reset := errors.AsType[http2.StreamError](err); reset || dials() != 1 {
		t.Errorf("a stranger's connection was not closed: %v, %d connections", err, dials())
	}
	if logged.String() != "" {
		t.Errorf("drops were logged: %s", logged.String())
	}
}

// A large file may take longer than other answers.
func TestAllowTime(t *testing.T) {
	t.Parallel()
	mux := NewMux(open, quiet())
	mux.Mount("/x", Only(Session), func(r Router) {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) error {
			if r.URL.Query().Has("long") {
				AllowTime(w, time.Minute)
			}
			<-time.After(400 * time.Millisecond)
			return Done(w)
		})
	})
	addr := serve(t, mux, quiet(), false, func(s *http.Server) { s.WriteTimeout = 200 * time.Millisecond })
	f := func(query string, ok bool) {
		t.Helper()
		got := exchange(t, dial(t, addr, false), "GET /x?"+query+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if strings.Contains(got, "success") != ok {
			t.Errorf("%q: %.60q", query, got)
		}
	}
	f("", false)
	f("long", true)
}

func TestServerLog(t *testing.T) {
	t.Parallel()
	var logged safeBuffer
	addr := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("outside of the mux") }),
		slog.New(slog.NewTextHandler(&logged, nil)), false)
	exchange(t, dial(t, addr, false), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := logged.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "outside of the mux") {
		t.Errorf("log %q", got)
	}
}

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
