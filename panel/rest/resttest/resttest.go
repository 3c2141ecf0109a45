// Package resttest serves routes without a guard, and calls them; for tests.
package resttest

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"monitoring/panel/rest"
)

// Serve mounts routes at prefix, open to everybody, and returns the address of the prefix.
func Serve(t testing.TB, prefix string, routes ...func(rest.Router)) (url string) {
	t.Helper()
	mux := Open(t)
	for _, r := range routes {
		mux.Mount(prefix, rest.Only(rest.Session), r)
	}
	return Listen(t, mux) + prefix
}

// Open returns a mux that lets everybody in.
func Open(t testing.TB) *rest.Mux {
	return rest.NewMux(func(_ rest.Role, next http.Handler) http.Handler { return next }, slog.New(slog.NewTextHandler(t.Output(), nil)))
}

// Listen serves until the test ends and returns the address.
func Listen(t testing.TB, h http.Handler) (url string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// Call sends a request with a JSON body, "" for none, and header lines such as "Prefer: respond-async".
func Call(t testing.TB, method, url, body string, header ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// Want sends a request and demands a status and a part of the answer, which it returns.
func Want(t testing.TB, method, url, body string, wantStatus int, want string, header ...string) string {
	t.Helper()
	status, answer := Call(t, method, url, body, header...)
	if status != wantStatus || !strings.Contains(answer, want) {
		t.Errorf("%s %s %.200s: %d %s; want %d with %s", method, url, body, status, answer, wantStatus, want)
	}
	return answer
}

// Decode sends a request, demands a status, and reads the answer.
func Decode[T any](t testing.TB, method, url, body string, wantStatus int, header ...string) (v T) {
	t.Helper()
	status, answer := Call(t, method, url, body, header...)
	if err := json.Unmarshal([]byte(answer), &v); err != nil || status != wantStatus {
		t.Fatalf("%s %s %.200s: %d %s, %v; want %d", method, url, body, status, answer, err, wantStatus)
	}
	return v
}
