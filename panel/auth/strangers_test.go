package auth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"monitoring/panel/rest"
)

// behindTLS serves a front door over TLS and HTTP/2, as in production.
func behindTLS(t *testing.T) (d *door, addr string) {
	t.Helper()
	d = openDoor(t, func(o *Options) { o.Secure = true; o.TrustedProxies = nil })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	borrowed := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer borrowed.Close()
	server := rest.NewServer(d.FrontDoor(d.mux, http.HandlerFunc(servePage)), slog.New(slog.DiscardHandler))
	server.TLSConfig = &tls.Config{Certificates: borrowed.TLS.Certificates}
	go func() { _ = server.ServeTLS(rest.TLSGate(ln), "", "") }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return d, ln.Addr().String()
}

// A stranger without the secret path learns nothing: not one byte comes back.
func TestStrangersGetZeroBytes(t *testing.T) {
	t.Parallel()
	_, addr := behindTLS(t)
	f := func(encrypted bool, text string) {
		t.Helper()
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if encrypted {
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // a throw-away certificate
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			t.Errorf("%.40q: the connection stays open", text)
		}
		if len(got) > 0 {
			t.Errorf("%.40q: %.100q", text, got)
		}
	}
	const plain, encrypted = false, true
	f(plain, "GET /secret-path/ HTTP/1.1\r\nHost: a\r\n\r\n")
	f(plain, "garbage\r\n\r\n")
	f(plain, "\x00\xff\x00\xff")
	for _, head := range []string{
		"GET / HTTP/1.1", "GET / HTTP/1.0", "GET /secret-path0/ HTTP/1.1", "GET /api/servers HTTP/1.1", "GET /api/auth/check HTTP/1.1",
		"GET /secret-path/api/servers HTTP/1.1", "GET /secret-path/prometheus/api/v1/query HTTP/1.1", "GET /metrics HTTP/1.1",
		"DELETE /api/servers/1 HTTP/1.1", "OPTIONS * HTTP/1.1", "OPTIONS /api/servers HTTP/1.1", "TRACE / HTTP/1.1",
		"CONNECT a:443 HTTP/1.1", "GET http://a/ HTTP/1.1", "GET /api/open/missing HTTP/1.1", "GET /.well-known/acme-challenge/x HTTP/1.1",
		"GET /api/servers HTTP/1.1\r\nAuthorization: Bearer mon_guess", "GET /api/servers HTTP/1.1\r\nCookie: auth_token=guess",
	} {
		f(encrypted, head+"\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
	}
	post := func(path, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	}
	f(encrypted, post("/api/auth/login", "{}"))
	f(encrypted, post("/api/auth/login", "no json"))
	f(encrypted, post("/api/auth/validate-uid", "{}"))
	f(encrypted, post("/secret-path/", ""))
}

func TestHTTP2KeepsTheConnectionOfAPageThatWasLetIn(t *testing.T) {
	t.Parallel()
	_, addr := behindTLS(t)
	send := func(client *http.Client, method, path, body, token string) (int, string, error) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "https://"+addr+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Cookie", cookieName+"="+token)
		}
		resp, err := client.Do(req)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b), nil
	}
	newClient := func() *http.Client {
		protocols := new(http.Protocols)
		protocols.SetHTTP2(true)
		transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // a throw-away certificate
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, Timeout: 20 * time.Second}
	}
	page := newClient()
	if status, _, err := send(page, "GET", "/secret-path/", "", ""); status != 200 {
		t.Fatal(status, err)
	}
	_, _, err := send(page, "POST", "/secret-path/api/auth/login", passwordBody("wrong"), "")
	if _, reset := errors.AsType[http2.StreamError](err); !reset {
		t.Errorf("a wrong password on a page's connection: %v, want a reset stream", err)
	}
	status, body, err := send(page, "POST", "/secret-path/api/auth/login", passwordBody(testPassword), "")
	if status != 200 || err != nil {
		t.Fatalf("login on the same connection: %d %s %v", status, body, err)
	}
	_, _, err = send(newClient(), "GET", "/secret-path/api/servers", "", "")
	if _, reset := errors.AsType[http2.StreamError](err); err == nil || reset {
		t.Errorf("a stranger's connection: %v, want it closed", err)
	}
}
