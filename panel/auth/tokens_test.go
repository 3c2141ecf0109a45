package auth

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t)
	got := d.expect(t, 200, "POST", "/api/tokens", `{"name":" Grafana ","scopes":["visits:read","metrics:read","metrics:read"]}`, cookie(session))
	made := decode[CreateTokenResponse](t, got)
	if !made.Success || made.Token.Name != "Grafana" || strings.Join(made.Token.Scopes, " ") != "metrics:read visits:read" ||
		made.Token.LastUsed != nil || !regexp.MustCompile(`\Amon_[\w-]{43}\z`).MatchString(made.Secret) {
		t.Errorf("%+v", made)
	}
	hash := sha256.Sum256([]byte(made.Secret))
	if stored, err := d.Store.TokenByHash(t.Context(), hash[:]); err != nil || stored.ID != made.Token.ID {
		t.Errorf("stored: %+v, %v", stored, err)
	}
	list := func() (TokensResponse, string) {
		t.Helper()
		a := d.expect(t, 200, "GET", "/api/tokens", "", cookie(session))
		return decode[TokensResponse](t, a), a.body
	}
	if l, body := list(); l.Count != 1 || l.Tokens[0].LastUsed != nil || strings.Contains(body, made.Secret) || strings.Contains(body, "hash") {
		t.Errorf("list: %s", body)
	}
	d.expect(t, 200, "GET", "/secret-path/metrics", "", bearer(made.Secret))
	if l, body := list(); l.Tokens[0].LastUsed == nil {
		t.Errorf("after use: %s", body)
	}
	taken := d.expect(t, 409, "POST", "/api/tokens", `{"name":"Grafana","scopes":["metrics:read"]}`, cookie(session))
	if !strings.Contains(taken.body, `"field":"name"`) {
		t.Errorf("a name that is taken: %s", taken.body)
	}
	d.expect(t, 404, "DELETE", "/api/tokens/999", "", cookie(session))
	d.expect(t, 200, "DELETE", "/api/tokens/"+itoa(made.Token.ID), "", cookie(session))
	d.expect(t, 0, "GET", "/secret-path/metrics", "", bearer(made.Secret))
	if l, body := list(); l.Count != 0 || !strings.Contains(body, `"tokens":[]`) {
		t.Errorf("after deleting: %s", body)
	}
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t)
	f := func(body, field string) {
		t.Helper()
		got := d.expect(t, 400, "POST", "/api/tokens", body, cookie(session))
		if !strings.Contains(got.body, `"field":"`+field+`"`) {
			t.Errorf("%s: %s", body, got.body)
		}
	}
	f(`{"name":"","scopes":["metrics:read"]}`, "name")
	f(`{"name":"  ","scopes":["metrics:read"]}`, "name")
	f(`{"name":"a\u0000","scopes":["metrics:read"]}`, "name")
	f(`{"name":"`+strings.Repeat("я", 101)+`","scopes":["metrics:read"]}`, "name")
	f(`{"name":"a","scopes":[]}`, "scopes")
	f(`{"name":"a"}`, "scopes")
	f(`{"name":"a","scopes":["session"]}`, "scopes")
	f(`{"name":"a","scopes":["public"]}`, "scopes")
	f(`{"name":"a","scopes":["metrics:read","root"]}`, "scopes")
	f(`{"name":"a","scopes":["metrics:read"],"hash":"x"}`, "hash")
}
