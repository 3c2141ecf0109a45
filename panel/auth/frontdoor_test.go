package auth

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/panel/rest"
	"monitoring/storage/storagetest"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	token := d.login(t)
	f := func(method, path string, stranger, admin int) {
		t.Helper()
		d.expect(t, stranger, method, path, "", from("198.51.100.1"))
		d.expect(t, admin, method, path, "", cookie(token))
	}
	f("GET", "/", 0, 0)
	f("GET", "/favicon.ico", 0, 0)
	f("GET", "/robots.txt", 0, 0)
	f("GET", "/secret-pat/", 0, 0)
	f("GET", "/secret-path2/", 0, 0)
	f("GET", "/Secret-Path/", 0, 0)
	f("GET", "//secret-path/", 0, 0)
	f("GET", "/x/secret-path/", 0, 0)
	f("GET", "/secret%2Dpath/a%2Fb", 0, 0)
	f("GET", "/prometheus/api/v1/query", 0, 0)
	f("GET", "/metrics", 0, 0)
	f("GET", "/api", 0, 0)
	f("GET", "/api/", 0, 0)
	f("GET", "/api/nothing", 0, 0)
	f("GET", "/secret-path/api/nothing", 0, 0)
	f("GET", "/api/servers", 0, 200)
	f("GET", "/secret-path/api/servers", 0, 200)
	f("PATCH", "/api/servers", 0, 0)
	f("HEAD", "/api/servers", 0, 0)
	f("OPTIONS", "/api/servers", 0, 0)
	f("GET", "/secret-path/prometheus/api/v1/query", 0, 200)
	f("GET", "/secret-path/metrics", 0, 200)
	f("GET", "/secret-path", 302, 302)
	f("GET", "/secret-path/", 200, 200)
	f("GET", "/secret-path/favicon.ico", 200, 200)
	f("GET", "/secret-path/servers/7", 200, 200)
	f("HEAD", "/secret-path/", 200, 200)
	f("POST", "/secret-path/", 0, 0)
	f("GET", "/api/auth/check", 0, 200)
	f("GET", "/secret-path/api/auth/check", 200, 200)
	f("GET", "/api/open", 200, 200)
	f("GET", "/api/open/missing", 0, 404) // a stranger learns nothing from a mistake
	f("GET", "/secret-path/api/open/missing", 404, 404)

	if got := d.send(t, "GET", "/secret-path?x=1", ""); got.header.Get("Location") != "/secret-path/?x=1" {
		t.Errorf("the entrance leads to %q", got.header.Get("Location"))
	}
	if got := d.send(t, "GET", "/secret-path/a/b%2Fc", ""); !strings.HasPrefix(got.body, "page /a/b/c ") {
		t.Errorf("the page sees %q", got.body)
	}
	if testutil.ToFloat64(d.metrics.dropped.WithLabelValues("path")) < 20 {
		t.Error("drops are not counted")
	}
}

func TestContextTellsFeaturesWhoCalls(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	token := d.login(t)
	f := func(path, want string, options ...option) {
		t.Helper()
		if got := d.send(t, "GET", path, "", options...).body; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	f("/api/servers", `{"actor":"admin","ip":"198.51.100.1","session":true,"uid":false}`, cookie(token), from("198.51.100.1"))
	f("/secret-path/api/servers", `{"actor":"admin","ip":"2001:db8::1","session":true,"uid":true}`, bearer(token), from("2001:db8::1"))
	f("/secret-path/api/open", `{"actor":"anonymous","ip":"127.0.0.1","session":false,"uid":true}`)
	ctx := t.Context()
	if Actor(ctx) != "anonymous" || ClientIP(ctx) != "" || ViaUID(ctx) || SessionID(ctx) != "" || Nonce(ctx) != "" {
		t.Error("a bare context names a caller")
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	store := storagetest.Postgres(t)
	d := openDoorOn(t, store)
	page := d.expect(t, 200, "GET", "/secret-path/", "")
	nonce := regexp.MustCompile(`nonce=([\w-]{22})$`).FindStringSubmatch(page.body)
	policy := page.header.Get("Content-Security-Policy")
	if nonce == nil || !strings.Contains(policy, "'nonce-"+nonce[1]+"'") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("page %q, policy %q", page.body, policy)
	}
	if again := d.expect(t, 200, "GET", "/secret-path/", ""); again.body == page.body {
		t.Error("the nonce is used twice")
	}
	api := d.expect(t, 200, "GET", "/secret-path/api/open", "")
	if !strings.HasPrefix(api.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("an API answer has the policy %q", api.header.Get("Content-Security-Policy"))
	}
	for _, a := range []answered{page, api} {
		for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"X-Frame-Options": "DENY", "Strict-Transport-Security": ""} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	secure := openDoorOn(t, store, func(o *Options) { o.Secure = true })
	if got := secure.expect(t, 200, "GET", "/secret-path/", "").header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
		t.Errorf("with TLS: HSTS %q", got)
	}
}

func TestRateLimitStopsStrangersOnly(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	token := d.login(t, from("198.51.100.1"))
	for i := range requestsPerMinute - 1 { // the login was the first
		path := "/secret-path/api/auth/check"
		if i%2 == 0 {
			path = "/nowhere"
		}
		d.send(t, "GET", path, "", from("198.51.100.1"))
	}
	d.expect(t, 0, "GET", "/secret-path/api/auth/check", "", from("198.51.100.1"))
	d.expect(t, 0, "POST", "/secret-path/api/auth/login", passwordBody(testPassword), from("198.51.100.1"))
	d.expect(t, 200, "GET", "/secret-path/", "", from("198.51.100.1"))
	d.expect(t, 200, "GET", "/api/servers", "", from("198.51.100.1"), cookie(token))
	d.expect(t, 200, "GET", "/secret-path/api/auth/check", "", from("198.51.100.2"))
	if n := d.failures.count("198.51.100.1", time.Now()); n != 0 {
		t.Errorf("wrong paths count as %d failures", n)
	}
}

func TestUnreadableAddressIsDropped(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	d.expect(t, 0, "GET", "/secret-path/", "", from("unknown"))
	d.expect(t, 200, "GET", "/secret-path/", "", from("198.51.100.1"))
}

func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	token := d.login(t)
	d.Store.Close()
	d.expect(t, 0, "GET", "/api/servers", "", cookie(token))
	got := d.expect(t, 503, "GET", "/secret-path/api/servers", "", cookie(token))
	if e := decode[rest.Error](t, got); e.Code != "database" {
		t.Errorf("%+v", e)
	}
	d.expect(t, 0, "GET", "/secret-path/api/servers", "")
	d.expect(t, 0, "GET", "/api/servers", "", bearer("mon_guess"))
	d.expect(t, 500, "POST", "/secret-path/api/auth/login", passwordBody(testPassword))
}

func TestNewRefusesUnsafeOptions(t *testing.T) {
	t.Parallel()
	f := func(change func(*Options), want string) {
		t.Helper()
		o := Options{UID: testUID, Password: "p", JWTSecret: "k", Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()}
		change(&o)
		if _, err := New(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	f(func(o *Options) { o.UID = "" }, "PANEL_UID")
	f(func(o *Options) { o.UID = "abc" }, "PANEL_UID")
	f(func(o *Options) { o.UID = "with/slash" }, "PANEL_UID")
	f(func(o *Options) { o.UID = "with%2fescape" }, "PANEL_UID")
	f(func(o *Options) { o.UID = "api" }, "PANEL_UID")
	f(func(o *Options) { o.Password = "" }, "PANEL_PASSWORD")
	f(func(o *Options) { o.JWTSecret = "" }, "JWT_SECRET")
}
