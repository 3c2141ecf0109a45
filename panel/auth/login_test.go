package auth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestLogin(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	n := 0
	f := func(want int, path, body string, options ...option) {
		t.Helper()
		n++ // another address each time: no failure adds up
		d.expect(t, want, "POST", path, body, append(options, from("198.51.100."+strconv.Itoa(n)))...)
	}
	f(200, "/secret-path/api/auth/login", `{"password":"correct horse"}`)
	f(200, "/secret-path/api/auth/login", `{"password":"  correct horse\n"}`)
	f(200, "/api/auth/login", `{"password":"correct horse","uid":"secret-path"}`)
	f(200, "/secret-path/api/auth/login", `{"password":"correct horse","uid":"whatever"}`)
	f(0, "/api/auth/login", `{"password":"correct horse"}`)
	f(0, "/api/auth/login", `{"password":"correct horse","uid":"secret-pat"}`)
	f(0, "/secret-path/api/auth/login", `{"password":"Correct horse"}`)
	f(0, "/secret-path/api/auth/login", `{"password":""}`)
	f(0, "/secret-path/api/auth/login", `{}`)
	f(400, "/secret-path/api/auth/login", `no json`)
	f(400, "/secret-path/api/auth/login", `{"password":"x","admin":true}`)
	f(0, "/api/auth/login", `no json`)
	f(200, "/api/auth/validate-uid", `{"uid":"secret-path"}`)
	f(0, "/api/auth/validate-uid", `{"uid":"secret-pat"}`)
	f(0, "/api/auth/validate-uid", `{"uid":""}`)
	f(0, "/api/auth/validate-uid", ``)
}

func TestLoginAnswer(t *testing.T) {
	t.Parallel()
	store := storagetest.Postgres(t)
	d := openDoorOn(t, store, func(o *Options) { o.JWTExpire = time.Hour })
	got := d.expect(t, 200, "POST", "/secret-path/api/auth/login", passwordBody(testPassword), header("User-Agent", "curl"))
	token := decode[LoginResponse](t, got).Token
	if want := "auth_token=" + token + "; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"; token == "" || got.header.Get("Set-Cookie") != want {
		t.Errorf("cookie %s, want %s", got.header.Get("Set-Cookie"), want)
	}
	browser := d.expect(t, 200, "POST", "/secret-path/api/auth/login", passwordBody(testPassword), header("Sec-Fetch-Site", "same-origin"))
	if browser.body != `{"success":true}` || !strings.HasPrefix(browser.header.Get("Set-Cookie"), "auth_token=ey") {
		t.Errorf("a browser got %s, %s", browser.body, browser.header.Get("Set-Cookie"))
	}
	secure := openDoorOn(t, store, func(o *Options) { o.Secure = true })
	if got := secure.expect(t, 200, "POST", "/secret-path/api/auth/login", passwordBody(testPassword)); !strings.Contains(got.header.Get("Set-Cookie"), "; Secure") {
		t.Errorf("with TLS: %s", got.header.Get("Set-Cookie"))
	}
	if check := d.expect(t, 200, "GET", "/secret-path/api/auth/check", ""); check.body != `{"authenticated":false}` {
		t.Errorf("a stranger: %s", check.body)
	}
	if check := d.expect(t, 200, "GET", "/api/auth/check", "", cookie(token)); check.body != `{"authenticated":true}` {
		t.Errorf("a session: %s", check.body)
	}
}

// signed makes a token with anything in it.
func signed(t *testing.T, method jwt.SigningMethod, key any, claims jwt.Claims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestForgedAndEndedSessions(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	now := time.Now()
	add := func(id string, expires time.Time) {
		t.Helper()
		if err := d.Store.CreateSession(t.Context(), storage.Session{ID: id, IP: "::1", CreatedAt: now, LastUsed: now, ExpiresAt: expires}); err != nil {
			t.Fatal(err)
		}
	}
	add("live", now.Add(time.Hour))
	add("over", now.Add(-time.Second))
	claims := func(id string, expires time.Time) jwt.RegisteredClaims {
		return jwt.RegisteredClaims{Issuer: issuer, ID: id, ExpiresAt: jwt.NewNumericDate(expires)}
	}
	good := signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), claims("live", now.Add(time.Hour)))
	f := func(want int, token string) {
		t.Helper()
		d.expect(t, want, "GET", "/api/servers", "", cookie(token))
	}
	f(200, good)
	f(0, "")
	f(0, "rubbish")
	f(0, good[:len(good)-2])
	f(0, signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims("live", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS256, []byte("another key"), claims("live", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS256, []byte(""), claims("live", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS384, []byte(testJWTKey), claims("live", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS512, []byte(testJWTKey), claims("live", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), claims("live", now.Add(-time.Minute))))
	f(0, signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), claims("over", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), claims("never was", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), claims("", now.Add(time.Hour))))
	f(0, signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), jwt.RegisteredClaims{Issuer: issuer, ID: "live"}))
	f(0, signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), jwt.RegisteredClaims{Issuer: "else", ID: "live", ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour))}))
	parts := strings.Split(good, ".")
	noneHeader := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	f(0, noneHeader+"."+parts[1]+".")
	f(0, noneHeader+"."+parts[1]+"."+parts[2])
	if n := d.failures.count("127.0.0.1", time.Now()); n != 0 {
		t.Errorf("old cookies count as %d failures", n)
	}

	// As a bearer the same tokens are guesses, unless they were ours once.
	d.expect(t, 0, "GET", "/api/servers", "", bearer(signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), claims("live", now.Add(-time.Minute)))))
	d.expect(t, 0, "GET", "/api/servers", "", bearer(signed(t, jwt.SigningMethodHS256, []byte(testJWTKey), claims("over", now.Add(time.Hour)))))
	if n := d.failures.count("127.0.0.1", time.Now()); n != 0 {
		t.Errorf("ended sessions count as %d failures", n)
	}
	d.expect(t, 0, "GET", "/api/servers", "", bearer(signed(t, jwt.SigningMethodHS256, []byte("another key"), claims("live", now.Add(time.Hour)))))
	d.expect(t, 0, "GET", "/api/servers", "", bearer("rubbish"))
	d.expect(t, 0, "GET", "/api/open", "", bearer("mon_guess"))
	if n := d.failures.count("127.0.0.1", time.Now()); n != 3 {
		t.Errorf("three wrong bearers count as %d failures", n)
	}
	d.expect(t, 200, "GET", "/api/open", "", header("Authorization", "Basic eDp5"))
}

func TestSessions(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	one := d.login(t, from("198.51.100.1"), header("User-Agent", "Firefox\x80"))
	two := d.login(t, from("2001:db8::1"), header("User-Agent", strings.Repeat("x", 400)))
	list := func(token string) SessionsResponse {
		t.Helper()
		return decode[SessionsResponse](t, d.expect(t, 200, "GET", "/api/auth/sessions", "", cookie(token)))
	}
	got := list(two)
	if got.Count != 2 || len(got.Sessions) != 2 {
		t.Fatalf("%+v", got)
	}
	byIP := map[string]SessionItem{}
	for _, s := range got.Sessions {
		byIP[s.IP] = s
	}
	if s := byIP["198.51.100.1"]; s.Current || s.UserAgent != "Firefox\uFFFD" || s.ExpiresAt.Sub(s.CreatedAt) != 24*time.Hour {
		t.Errorf("%+v", s)
	}
	if s := byIP["2001:db8::1"]; !s.Current || len(s.UserAgent) != 300 {
		t.Errorf("%+v", s)
	}
	d.expect(t, 404, "DELETE", "/api/auth/sessions/unknown", "", cookie(two))
	d.expect(t, 200, "DELETE", "/api/auth/sessions/"+byIP["198.51.100.1"].ID, "", cookie(two))
	d.expect(t, 0, "GET", "/api/servers", "", cookie(one))
	d.login(t)
	d.login(t)
	if got := decode[ClearedResponse](t, d.expect(t, 200, "DELETE", "/api/auth/sessions", "", cookie(two))); got.Count != 2 {
		t.Errorf("log out everywhere: %+v", got)
	}
	if got := list(two); got.Count != 1 {
		t.Errorf("%+v", got)
	}
	out := d.expect(t, 200, "POST", "/api/auth/logout", "", cookie(two))
	if want := "auth_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"; out.header.Get("Set-Cookie") != want {
		t.Errorf("logout sets %q", out.header.Get("Set-Cookie"))
	}
	d.expect(t, 0, "GET", "/api/servers", "", cookie(two))
}

// last_used is exact to the minute; not every request writes.
func TestTouchIsThrottled(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	now := time.Now().UTC().Truncate(time.Millisecond)
	f := func(id string, lastUsed time.Time, moved bool) {
		t.Helper()
		s := storage.Session{ID: id, IP: "::1", CreatedAt: lastUsed, LastUsed: lastUsed, ExpiresAt: now.Add(time.Hour)}
		if err := d.Store.CreateSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		token, err := d.signJWT(s)
		if err != nil {
			t.Fatal(err)
		}
		d.expect(t, 200, "GET", "/api/servers", "", cookie(token))
		got, err := d.Store.Session(t.Context(), id)
		if err != nil || got.LastUsed.Equal(lastUsed) == moved {
			t.Errorf("%s: last used %s, then %s, %v", id, lastUsed, got.LastUsed, err)
		}
	}
	f("a minute ago", now.Add(-time.Minute), true)
	f("just now", now.Add(-30*time.Second), false)
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	mine, other := d.login(t), d.login(t)
	change := func(want int, code, field, current, next string) {
		t.Helper()
		got := d.expect(t, want, "PUT", "/api/auth/password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, current, next), cookie(mine))
		if want == 400 {
			if e := decode[struct{ Code, Field string }](t, got); e.Code != code || e.Field != field {
				t.Errorf("%s -> %s: %s", current, next, got.body)
			}
		}
	}
	change(400, "invalid", "new_password", testPassword, "short")
	change(400, "invalid", "new_password", testPassword, strings.Repeat("x", 73))
	change(400, "invalid", "new_password", testPassword, " with spaces ")
	change(400, "invalid", "current_password", "wrong", "new password")
	d.expect(t, 200, "GET", "/api/servers", "", cookie(other))
	change(200, "", "", testPassword, "new password")
	d.expect(t, 200, "GET", "/api/servers", "", cookie(mine))
	d.expect(t, 0, "GET", "/api/servers", "", cookie(other))
	f := func(want int, password string) {
		t.Helper()
		d.expect(t, want, "POST", "/secret-path/api/auth/login", passwordBody(password))
	}
	f(0, testPassword)
	f(0, strings.Repeat("x", 73))
	f(200, "new password")
	stored, err := d.Store.Secret(t.Context(), passwordKey)
	if err != nil || !strings.HasPrefix(stored.Reveal(), "$2a$") {
		t.Errorf("stored: %.5q, %v", stored.Reveal(), err)
	}
	if err := ResetPassword(t.Context(), d.Store, "short"); err == nil {
		t.Error("a short password was set")
	}
	if err := ResetPassword(t.Context(), d.Store, " from the shell\n"); err != nil {
		t.Fatal(err)
	}
	d.expect(t, 0, "GET", "/api/servers", "", cookie(mine))
	f(0, "new password")
	f(200, "from the shell")
}

// A stolen cookie cannot be used to guess the password, whatever it does about bans.
func TestGuessingTheCurrentPasswordEndsTheSession(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t)
	guess := func(want int, password string) {
		t.Helper()
		d.expect(t, want, "PUT", "/api/auth/password", fmt.Sprintf(`{"current_password":%q,"new_password":"mine now!"}`, password), cookie(session))
	}
	for i := range 4 {
		guess(http.StatusBadRequest, fmt.Sprint("guess", i))
		d.expect(t, 200, "POST", "/api/auth/clear-ban", "", cookie(session))
		d.expect(t, 200, "DELETE", "/api/auth/clear-all-bans", "", cookie(session))
	}
	guess(http.StatusBadRequest, "guess3") // sent again by the browser: counts once
	guess(0, "guess4")
	guess(0, testPassword)
	d.expect(t, 0, "GET", "/api/servers", "", cookie(session))
	d.login(t)
}
