package auth

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"monitoring/storage"
)

func (d *door) auditLog(t *testing.T, session, query string) []storage.AuditEntry {
	t.Helper()
	return decode[AuditResponse](t, d.expect(t, 200, "GET", "/api/audit"+query, "", cookie(session))).Entries
}

func TestAuditLog(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t, from("198.51.100.1"))
	_, token := d.newToken(t, session, "automation", "fleet:read", "fleet:write")
	d.expect(t, 201, "POST", "/api/servers", `{}`, cookie(session), from("2001:db8::9"))
	d.expect(t, 400, "PUT", "/api/servers/7", `{}`, bearer(token))
	d.expect(t, 400, "PUT", "/api/servers/7?dry_run=true", `{}`, bearer(token))
	d.expect(t, 500, "DELETE", "/api/servers/8", "", bearer(token)) // its handler panics
	d.expect(t, 200, "GET", "/api/servers", "", cookie(session))
	d.expect(t, 200, "POST", "/secret-path/prometheus/api/v1/query", "", cookie(session)) // a question, no change
	d.expect(t, 0, "POST", "/api/settings", "", from("198.51.100.3"))
	for i := range 5 {
		d.guess(t, fmt.Sprint("guess", i), from("198.51.100.2"))
	}
	d.expect(t, 200, "PUT", "/api/auth/password", `{"current_password":"correct horse","new_password":"battery staple"}`, cookie(session))

	var got []string
	entries := d.auditLog(t, session, "")
	for _, e := range slices.Backward(entries) {
		server := "-"
		if e.ServerID != nil {
			server = itoa(*e.ServerID)
		}
		detail := e.Detail
		if e.Action == "ban" {
			detail, _, _ = strings.Cut(detail, " ")
		}
		got = append(got, strings.Join([]string{e.Actor, e.IP, e.Action, server, e.Target, detail, fmt.Sprint(e.Status)}, "|"))
	}
	want := []string{
		"admin|198.51.100.1|login|-|||200",
		"admin|127.0.0.1|POST /api/tokens|-|automation|fleet:read fleet:write|200",
		"admin|2001:db8::9|POST /api/servers|-|alpha|added|201",
		"token:automation|127.0.0.1|PUT /api/servers/{id}|7|7||400",
		"token:automation|127.0.0.1|PUT /api/servers/{id}?dry_run=true|7|7||400",
		"token:automation|127.0.0.1|DELETE /api/servers/{id}|8|8||500",
		"anonymous|198.51.100.2|login|-||wrong password|0",
		"anonymous|198.51.100.2|login|-||wrong password|0",
		"anonymous|198.51.100.2|login|-||wrong password|0",
		"anonymous|198.51.100.2|login|-||wrong password|0",
		"anonymous|198.51.100.2|login|-||wrong password|0",
		"panel|198.51.100.2|ban|-|198.51.100.2|until|0",
		"admin|127.0.0.1|PUT /api/auth/password|-|password|0 other sessions ended|200",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	all, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{token, session, "guess0", "battery", "horse"} {
		if strings.Contains(string(all), secret) || strings.Contains(d.log.String(), secret) {
			t.Errorf("%.8s... stands in the audit log or the panel's log", secret)
		}
	}
	if !strings.Contains(d.log.String(), "broken handler") {
		t.Error("the panic is not in the log")
	}
}

func TestAuditPages(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	session := d.login(t)
	for i := range 7 {
		d.expect(t, 400, "PUT", "/api/servers/"+itoa(int64(i%2+1)), "{}", cookie(session))
	}
	page := func(query string) AuditResponse {
		t.Helper()
		return decode[AuditResponse](t, d.expect(t, 200, "GET", "/api/audit"+query, "", cookie(session)))
	}
	var pages, entries int
	for query := "?limit=3"; ; pages++ {
		p := page(query)
		if p.Count != len(p.Entries) {
			t.Errorf("%s: count %d of %d", query, p.Count, len(p.Entries))
		}
		entries += len(p.Entries)
		if p.NextBeforeID == nil {
			break
		}
		query = "?limit=3&before_id=" + itoa(*p.NextBeforeID)
	}
	if pages != 2 || entries != 8 {
		t.Errorf("%d entries on %d pages", entries, pages+1)
	}
	if p := page("?limit=8"); p.Count != 8 || p.NextBeforeID != nil {
		t.Errorf("a page that just fits: %d, %v", p.Count, p.NextBeforeID)
	}
	if p := page("?server_id=2"); p.Count != 3 {
		t.Errorf("server 2: %d", p.Count)
	}
	if p := page("?query=LOGIN"); p.Count != 1 || p.Entries[0].Action != "login" {
		t.Errorf("search: %+v", p)
	}
	if got := d.expect(t, 200, "GET", "/api/audit?query=nothing", "", cookie(session)); got.body != `{"entries":[],"count":0,"next_before_id":null}` {
		t.Errorf("empty: %s", got.body)
	}
	for _, bad := range []string{"limit=0", "limit=501", "limit=x", "server_id=0", "server_id=x", "before_id=-1"} {
		got := d.expect(t, 400, "GET", "/api/audit?"+bad, "", cookie(session))
		if field, _, _ := strings.Cut(bad, "="); !strings.Contains(got.body, `"field":"`+field+`"`) {
			t.Errorf("%s: %s", bad, got.body)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string {
			return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		})).Draw(t, "text")
		n := rapid.IntRange(0, 20).Draw(t, "n")
		got := cut(text, n)
		if len(got) > n || !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Fatalf("%q cut to %d: %q", text, n, got)
		}
		if clean := strings.ReplaceAll(text, "\x00", ""); utf8.ValidString(text) && len(clean) <= n && got != clean {
			t.Fatalf("%q was changed to %q", text, got)
		}
	})
}
