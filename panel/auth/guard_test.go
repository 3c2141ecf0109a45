package auth

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage/storagetest"
)

// newToken makes an API token through the API.
func (d *door) newToken(t *testing.T, session, name string, scopes ...string) (id int64, secret string) {
	t.Helper()
	body := `{"name":"` + name + `","scopes":["` + strings.Join(scopes, `","`) + `"]}`
	made := decode[CreateTokenResponse](t, d.expect(t, 200, "POST", "/api/tokens", body, cookie(session)))
	return made.Token.ID, made.Secret
}

func TestRolesTimesRoutes(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t)
	_, metrics := d.newToken(t, session, "grafana", "metrics:read")
	_, fleet := d.newToken(t, session, "automation", "fleet:read", "fleet:write")
	_, visits := d.newToken(t, session, "reports", "visits:read")
	callers := []struct {
		name   string
		option option
	}{
		{"stranger", func(*http.Request) {}}, {"session cookie", cookie(session)}, {"session bearer", bearer(session)},
		{"metrics token", bearer(metrics)}, {"fleet token", bearer(fleet)}, {"visits token", bearer(visits)},
	}
	f := func(method, path, body string, want ...int) {
		t.Helper()
		for i, c := range callers {
			if got := d.send(t, method, path, body, c.option); got.status != want[i] {
				t.Errorf("%s: %s %s: status %d, want %d", c.name, method, path, got.status, want[i])
			}
		}
	}
	//                                                              none admin admin metr fleet visits
	f("GET", "/api/open", "" /*                                 */, 200, 200, 200, 200, 200, 200)
	f("GET", "/secret-path/api/auth/check", "" /*               */, 200, 200, 200, 200, 200, 200)
	f("GET", "/api/servers", "" /*                              */, 0, 200, 200, 0, 200, 0)
	f("POST", "/api/servers", "{}" /*                           */, 0, 201, 201, 0, 201, 0)
	f("PUT", "/api/servers/1", "{}" /*                          */, 0, 400, 400, 0, 400, 0)
	f("GET", "/api/settings", "" /*                             */, 0, 200, 200, 0, 0, 0)
	f("GET", "/api/visits", "" /*                               */, 0, 200, 200, 0, 0, 200)
	f("GET", "/secret-path/prometheus/api/v1/query", "" /*      */, 0, 200, 200, 200, 0, 0)
	f("POST", "/secret-path/prometheus/api/v1/query", "" /*     */, 0, 200, 200, 200, 0, 0)
	f("GET", "/secret-path/metrics", "" /*                      */, 0, 200, 200, 200, 0, 0)
	f("GET", "/api/tokens", "" /*                               */, 0, 200, 200, 0, 0, 0)
	f("GET", "/api/audit", "" /*                                */, 0, 200, 200, 0, 0, 0)
	f("GET", "/api/auth/sessions", "" /*                        */, 0, 200, 200, 0, 0, 0)
	f("POST", "/api/tokens", "{}" /*                            */, 0, 400, 400, 0, 0, 0)
	f("DELETE", "/api/auth/clear-all-bans", "" /*               */, 0, 200, 200, 0, 0, 0)
}

// Nothing that is not public answers a stranger, and no handler is reached without the front door.
func TestWalk(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	walked := 0
	for _, r := range d.mux.Routes() {
		if r.Role == rest.Public {
			continue
		}
		walked++
		path := strings.ReplaceAll(r.Path, "{id}", "1")
		d.expect(t, 0, r.Method, path, "")
		d.expect(t, 0, r.Method, "/secret-path"+path, "")
	}
	if walked < 20 {
		t.Errorf("walked %d routes", walked)
	}
	reached := false
	guarded := d.Guard(rest.Public, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	func() {
		defer func() { _ = recover() }() // the drop
		guarded.ServeHTTP(deaf{}, &http.Request{Method: "GET"})
	}()
	if reached {
		t.Error("a request that did not come through the front door was let in")
	}
}

type deaf struct{}

func (deaf) Header() http.Header         { return http.Header{} }
func (deaf) Write(b []byte) (int, error) { return len(b), nil }
func (deaf) WriteHeader(int)             {}

func TestCrossOriginRequestsAreDropped(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t)
	f := func(want int, path string, options ...option) {
		t.Helper()
		d.expect(t, want, "POST", path, passwordBody(testPassword), options...)
	}
	foreign, site := header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site")
	f(201, "/api/servers", cookie(session))
	f(201, "/api/servers", cookie(session), header("Sec-Fetch-Site", "same-origin"))
	f(0, "/api/servers", cookie(session), foreign)
	f(0, "/api/servers", cookie(session), site)
	f(0, "/api/servers", cookie(session), header("Origin", "https://evil.example"))
	f(201, "/api/servers", bearer(session), foreign)
	f(0, "/api/servers", cookie(session), bearer(session), foreign) // the cookie decides
	f(0, "/secret-path/api/auth/login", foreign)
	d.expect(t, 200, "GET", "/api/servers", "", cookie(session), foreign)
}

// stream opens an event stream and returns a channel that is closed when the server ends it.
func (d *door) stream(t *testing.T, o option) <-chan struct{} {
	t.Helper()
	resp, err := d.try(t.Context(), "GET", "/api/events", "", o) //nolint:bodyclose // the goroutine below does it
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("open stream: %v", err)
	}
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != ": \n" {
		t.Fatalf("stream begins with %q, %v", line, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer resp.Body.Close()
		_, _ = bufio.NewReader(resp.Body).ReadString('\n') // any end will do
	}()
	return ended
}

func waitEnd(t *testing.T, what string, ended <-chan struct{}) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Errorf("%s: the stream goes on", what)
	}
}

func goesOn(t *testing.T, what string, ended <-chan struct{}) {
	t.Helper()
	select {
	case <-ended:
		t.Errorf("%s: the stream has ended", what)
	default:
	}
}

func TestRevokingEndsStreams(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	admin, other, third := d.login(t), d.login(t), d.login(t)
	id, secret := d.newToken(t, admin, "wall", "fleet:read")
	mine, theirs, wall, thirds := d.stream(t, cookie(admin)), d.stream(t, cookie(other)), d.stream(t, bearer(secret)), d.stream(t, bearer(third))

	d.expect(t, 200, "POST", "/api/auth/logout", "", cookie(other))
	waitEnd(t, "logout", theirs)
	d.expect(t, 200, "DELETE", "/api/tokens/"+itoa(id), "", cookie(admin))
	waitEnd(t, "token deleted", wall)
	d.expect(t, 200, "DELETE", "/api/auth/sessions", "", cookie(admin))
	waitEnd(t, "log out everywhere", thirds)
	goesOn(t, "own session", mine)
	if err := d.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	goesOn(t, "upkeep", mine)
	if err := RevokeSessions(t.Context(), d.Store); err != nil {
		t.Fatal(err)
	}
	if err := d.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitEnd(t, "panel admin sessions revoke", mine)
	eventually(t, "all requests are forgotten", func() bool { return len(d.running.keys()) == 0 })
}

// With a key the work survives the client's connection, and the browser's second try gets its answer.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t)
	key := header("Idempotency-Key", "7d1c2a34-0000-4000-8000-000000000001")
	ctx, hangUp := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		resp, err := d.try(ctx, "POST", "/api/slow", "", cookie(session), key)
		if err == nil {
			_ = resp.Body.Close()
		}
		first <- err
	}()
	eventually(t, "the work begins", func() bool { return len(d.running.keys()) == 1 })
	hangUp()
	if err := <-first; err == nil {
		t.Fatal("the first try got an answer")
	}
	second := make(chan answered, 1)
	go func() { second <- d.send(t, "POST", "/api/slow", "", cookie(session), key) }()
	d.work <- struct{}{} // the handler still runs; a second one would wait for ever
	got := <-second
	if got.status != 201 || got.body != `"done"` || got.header.Get(repeatedHeader) != "true" {
		t.Errorf("second try: %+v", got)
	}
	if entries := d.auditLog(t, session, "?query=slow"); len(entries) != 1 || entries[0].Status != 201 {
		t.Errorf("audit log: %+v", entries)
	}
	d.expect(t, 400, "POST", "/api/slow", "", cookie(session), header("Idempotency-Key", strings.Repeat("x", 129)))
	if got := d.expect(t, 201, "POST", "/api/servers", "{}", cookie(session), key); got.header.Get(repeatedHeader) != "" {
		t.Error("another route got the answer")
	}
	other := d.login(t)
	if got := d.expect(t, 201, "POST", "/api/servers", "{}", cookie(other), key); got.header.Get(repeatedHeader) != "" {
		t.Error("another caller got the answer")
	}
	if got := d.expect(t, 201, "POST", "/api/servers", "{}", cookie(other), key); got.header.Get(repeatedHeader) != "true" {
		t.Error("the same caller did the work twice")
	}
}

func TestRunKeepsUpAndEnds(t *testing.T) {
	t.Parallel()
	store := storagetest.Postgres(t)
	d := openDoorOn(t, store, func(o *Options) { o.JWTExpire = 50 * time.Millisecond })
	d.login(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	eventually(t, "the session expires", func() bool { return d.sessionCount(t) == 1 && d.firstSessionIsOver(t) })
	go func() { done <- d.Run(ctx) }()
	eventually(t, "the expired session is deleted", func() bool { return d.sessionCount(t) == 0 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func (d *door) sessionCount(t *testing.T) int {
	t.Helper()
	sessions, err := d.Store.Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(sessions)
}

func (d *door) firstSessionIsOver(t *testing.T) bool {
	t.Helper()
	sessions, err := d.Store.Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return time.Now().After(sessions[0].ExpiresAt)
}
