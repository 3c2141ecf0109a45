package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/panel/rest"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

const (
	testUID      = "secret-path"
	testPassword = "correct horse"
	testJWTKey   = "a key that only the tests know"
)

// door is a front door with a small panel behind it, on a loopback port. 127.0.0.1 is a trusted proxy unless a test
// says otherwise, so that from() can play any client.
type door struct {
	*Service
	mux  *rest.Mux
	url  string
	log  *lockedBuffer
	work chan struct{} // POST /api/slow waits for it
}

func openDoor(t *testing.T, change ...func(*Options)) *door {
	t.Helper()
	return openDoorOn(t, storagetest.Postgres(t), change...)
}

func openDoorOn(t *testing.T, store *postgres.Store, change ...func(*Options)) *door {
	t.Helper()
	d := &door{log: &lockedBuffer{}, work: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(d.log, nil))
	o := Options{Store: store, Log: log, Registerer: prometheus.NewRegistry(), UID: testUID, Password: testPassword,
		JWTSecret: testJWTKey, TrustedProxies: prefixes("127.0.0.1/32")}
	for _, c := range change {
		c(&o)
	}
	var err error
	if d.Service, err = New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	d.mux = rest.NewMux(d.Guard, log)
	d.mount()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := rest.NewServer(d.FrontDoor(d.mux, http.HandlerFunc(servePage)), log)
	go func() { _ = server.Serve(ln) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	d.url = "http://" + ln.Addr().String()
	return d
}

func servePage(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "page %s nonce=%s", r.URL.Path, Nonce(r.Context()))
}

func (d *door) mount() {
	d.mux.Mount("/api/auth", rest.Only(rest.Public), d.PublicRoutes)
	d.mux.Mount("/api/auth", rest.Only(rest.Session), d.Routes)
	d.mux.Mount("/api/tokens", rest.Only(rest.Session), d.TokenRoutes)
	d.mux.Mount("/api/audit", rest.Only(rest.Session), d.AuditRoutes)
	whoami := func(w http.ResponseWriter, r *http.Request) error {
		ctx := r.Context()
		return rest.Encode(w, 200, map[string]any{"actor": Actor(ctx), "ip": ClientIP(ctx), "uid": ViaUID(ctx), "session": SessionID(ctx) != ""})
	}
	d.mux.Mount("/api/servers", rest.Access{Read: rest.FleetRead, Write: rest.FleetWrite}, func(r rest.Router) {
		r.Get("/", whoami)
		r.Post("/", func(w http.ResponseWriter, r *http.Request) error {
			rest.Note(r.Context(), "alpha", "added")
			return rest.Encode(w, http.StatusCreated, nil)
		})
		r.Put("/{id}", func(http.ResponseWriter, *http.Request) error { return rest.Fail(http.StatusBadRequest, "bad", "bad") })
		r.Delete("/{id}", func(http.ResponseWriter, *http.Request) error { panic("broken handler") })
	})
	d.mux.Mount("/api/settings", rest.Only(rest.Session), func(r rest.Router) { r.Get("/", whoami) })
	d.mux.Mount("/api/visits", rest.Only(rest.VisitsRead), func(r rest.Router) { r.Get("/", whoami) })
	d.mux.Mount("/api/open", rest.Only(rest.Public), func(r rest.Router) {
		r.Get("/", whoami)
		r.Get("/missing", func(http.ResponseWriter, *http.Request) error {
			return rest.Fail(http.StatusNotFound, "not_found", "no")
		})
	})
	d.mux.Mount("/prometheus/api/v1", rest.Only(rest.MetricsRead), func(r rest.Router) {
		r.Get("/query", whoami)
		r.Post("/query", whoami)
	})
	d.mux.Mount("/metrics", rest.Only(rest.MetricsRead), func(r rest.Router) { r.Get("/", whoami) })
	d.mux.Mount("/api/events", rest.Only(rest.FleetRead), func(r rest.Router) { r.Get("/", endless) })
	d.mux.Mount("/api/slow", rest.Only(rest.Session), func(r rest.Router) {
		r.Post("/", func(w http.ResponseWriter, r *http.Request) error {
			select {
			case <-d.work:
				return rest.Encode(w, http.StatusCreated, "done")
			case <-r.Context().Done():
				return r.Context().Err()
			}
		})
	})
}

// endless streams until its request is cancelled.
func endless(w http.ResponseWriter, r *http.Request) error {
	if _, err := rest.OpenStream(w); err != nil {
		return err
	}
	<-r.Context().Done()
	return rest.ErrDrop
}

type answered struct {
	status int // 0: dropped
	header http.Header
	body   string
}

type option func(*http.Request)

func from(addr string) option { return func(r *http.Request) { r.Header.Set("X-Forwarded-For", addr) } }
func header(name, value string) option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}
func bearer(secret string) option { return header("Authorization", "Bearer "+secret) }
func cookie(secret string) option { return header("Cookie", cookieName+"="+secret) }

// strangers never reuses a connection: a drop is then an error at once and never a silent second try.
var strangers = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (d *door) send(t *testing.T, method, path, body string, options ...option) answered {
	t.Helper()
	resp, err := d.try(t.Context(), method, path, body, options...)
	if err != nil {
		return answered{}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{resp.StatusCode, resp.Header, string(b)}
}

func (d *door) try(ctx context.Context, method, path, body string, options ...option) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, o := range options {
		o(req)
	}
	return strangers.Do(req)
}

// expect sends a request and compares the status.
func (d *door) expect(t *testing.T, status int, method, path, body string, options ...option) answered {
	t.Helper()
	got := d.send(t, method, path, body, options...)
	if got.status != status {
		t.Errorf("%s %s %s: status %d %.200s, want %d", method, path, body, got.status, got.body, status)
	}
	return got
}

// login returns the token of a new session.
func (d *door) login(t *testing.T, options ...option) string {
	t.Helper()
	got := d.expect(t, 200, "POST", "/secret-path/api/auth/login", passwordBody(testPassword), options...)
	var answer LoginResponse
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || answer.Token == "" {
		t.Fatalf("login: %s, %v", got.body, err)
	}
	return answer.Token
}

func passwordBody(password string) string { return fmt.Sprintf(`{"password":%q}`, password) }

func decode[T any](t *testing.T, a answered) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return v
}

// eventually polls until ok or ten seconds have passed.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *lockedBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *lockedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
