package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/server"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

// clock is the panel's time: the real one, moved by the test.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// bench is a fleet on a real Postgres, with its routes behind a real HTTP server.
type bench struct {
	*Service
	store *postgres.Store
	dir   string
	clock *clock
	http  *httptest.Server
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{store: storagetest.Postgres(t), dir: t.TempDir(), clock: &clock{}}
	b.Service = b.open(t)
	mux := rest.NewMux(func(_ rest.Role, next http.Handler) http.Handler { return next }, b.log)
	mux.Mount("/api/servers", rest.Only(rest.Session), func(r rest.Router) { b.Routes(r) })
	mux.Mount("/api/join", rest.Only(rest.Public), func(r rest.Router) { b.JoinRoutes(r) })
	b.http = httptest.NewServer(mux)
	t.Cleanup(b.http.Close)
	return b
}

// open loads the fleet from the store, as a start of the panel does.
func (b *bench) open(t testing.TB) *Service {
	t.Helper()
	s, err := newService(t.Context(), Options{
		Store: b.store, DataDir: b.dir, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		PublicURL: func() string { return "https://panel.example.net" },
		AgentBinaries: fstest.MapFS{
			"agent-linux-amd64": {Data: []byte("the agent for amd64"), ModTime: time.Unix(1, 0)},
		},
	}, b.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.closeAll)
	return s
}

// restart replaces the fleet by one that knows only what was stored.
func (b *bench) restart(t testing.TB) {
	t.Helper()
	b.closeAll()
	b.Service = b.open(t)
}

// add makes a server whose agent is to listen on the returned address.
func (b *bench) add(t testing.TB, name string) (Created, net.Listener) {
	t.Helper()
	ln := listen(t, "127.0.0.1:0")
	c, err := b.Create(t.Context(), CreateServerRequest{Name: name, URL: ln.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	return c, ln
}

// join adds a server and lets its agent join.
func (b *bench) join(t testing.TB, name string) (storage.Server, *agent) {
	t.Helper()
	c, ln := b.add(t, name)
	a := runAgent(t, t.TempDir(), c.Install.Token, ln)
	b.version(t, c.Server.ID)
	return c.Server, a
}

func (b *bench) version(t testing.TB, id int64) api.Version {
	t.Helper()
	v, err := b.ask(t, id)
	if err != nil {
		t.Fatalf("ask agent of server %d: %v", id, err)
	}
	return v
}

func (b *bench) ask(t testing.TB, id int64) (api.Version, error) {
	t.Helper()
	c, err := b.Client(id)
	if err != nil {
		return api.Version{}, err
	}
	return c.Version(t.Context())
}

func (b *bench) joined(id int64) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.nodes[id].joined(b.now())
}

// certificates counts the stored certificates that are not revoked.
func (b *bench) certificates(t testing.TB, id int64) (install, lasting, seen int) {
	t.Helper()
	list, err := b.store.AgentCertificates(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		switch {
		case c.RevokedAt != nil:
		case c.Install:
			install++
		default:
			lasting++
			if c.SeenAt != nil {
				seen++
			}
		}
	}
	return install, lasting, seen
}

// call sends a JSON request; status 0 is a connection that was closed without an answer.
func (b *bench) call(t testing.TB, method, path, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.http.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := b.http.Client().Do(req)
	if err != nil {
		if !errors.Is(err, io.EOF) {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		return 0, nil
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, page
}

// get demands success and decodes the answer.
func get[T any](t testing.TB, b *bench, method, path, body string) T {
	t.Helper()
	status, page := b.call(t, method, path, body)
	var v T
	if status != http.StatusOK {
		t.Fatalf("%s %s: status %d: %s", method, path, status, page)
	}
	dec := json.NewDecoder(bytes.NewReader(page))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, page)
	}
	return v
}

// agent is a running agent with the real mTLS listener and invented metrics.
type agent struct {
	*server.Server
	dir     string
	stop    func()
	hanging *atomic.Int64 // questions for the process table that hang, when told to
	hang    *atomic.Bool
}

func runAgent(t testing.TB, dir, token string, ln net.Listener) *agent {
	t.Helper()
	allow, err := server.ParseAllow("monitor")
	if err != nil {
		t.Fatal(err)
	}
	hanging, hang := new(atomic.Int64), new(atomic.Bool)
	s, err := server.New(server.Options{
		StateDir: dir, Token: token, Allow: allow, Version: "9.9.9", HostName: "node",
		Exposition: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		Metrics:    func(context.Context) (api.Metrics, error) { return api.Metrics{ServerName: "node"}, nil },
		Processes: func(ctx context.Context) (api.Processes, error) {
			if hang.Load() {
				hanging.Add(1)
				<-ctx.Done()
			}
			return api.Processes{}, ctx.Err()
		},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	a := &agent{Server: s, dir: dir, hanging: hanging, hang: hang, stop: sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("agent: %v", err)
		}
	})}
	t.Cleanup(a.stop)
	return a
}

func listen(t testing.TB, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}
