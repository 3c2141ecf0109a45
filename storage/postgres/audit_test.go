package postgres_test

import (
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

func TestAuditEntries(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	entries := map[string]storage.AuditEntry{
		"a": {At: at, Actor: "admin", IP: "203.0.113.7", Action: "login", Status: 200},
		"b": {At: at.Add(time.Hour), Actor: "token:grafana", Action: "POST /api/servers", Target: "узел_1", ServerID: new(int64(7)), Status: 409},
		"c": {At: at.Add(2 * time.Hour), Actor: "cli", Action: "unban", Detail: `100% of C:\temp`, ServerID: new(int64(8))},
	}
	for _, name := range []string{"a", "b", "c"} { // ids 1, 2, 3
		must(t, s.AddAuditEntry(t.Context(), entries[name]))
	}
	f := func(filter storage.AuditFilter, want string) {
		t.Helper()
		list, err := s.AuditEntries(t.Context(), filter)
		must(t, err)
		wanted := []storage.AuditEntry{}
		for name := range strings.FieldsSeq(want) {
			e := entries[name]
			e.ID = int64(name[0] - 'a' + 1)
			wanted = append(wanted, e)
		}
		same(t, list, wanted)
	}
	f(storage.AuditFilter{}, "c b a")
	f(storage.AuditFilter{Query: "GRAFANA"}, "b")
	f(storage.AuditFilter{Query: "УЗЕЛ"}, "b")
	f(storage.AuditFilter{Query: "log"}, "a")
	f(storage.AuditFilter{Query: "%"}, "c") // not a wildcard
	f(storage.AuditFilter{Query: "_"}, "b")
	f(storage.AuditFilter{Query: `\`}, "c")
	f(storage.AuditFilter{Query: `' OR 1=1 --`}, "")
	f(storage.AuditFilter{Query: "\x00admin\xff"}, "")
	f(storage.AuditFilter{ServerID: 7}, "b")
	f(storage.AuditFilter{ServerID: 7, Query: "cli"}, "")
	f(storage.AuditFilter{From: at.Add(time.Hour)}, "c b")
	f(storage.AuditFilter{To: at.Add(time.Hour)}, "a")
	f(storage.AuditFilter{From: at.Add(time.Hour), To: at.Add(2 * time.Hour)}, "b")
	f(storage.AuditFilter{Limit: 2}, "c b")
	f(storage.AuditFilter{Limit: 2, BeforeID: 2}, "a")
	f(storage.AuditFilter{BeforeID: 1}, "")
	f(storage.AuditFilter{Actions: []string{"unban", "login", "POST /api"}}, "c a")
	f(storage.AuditFilter{Actions: []string{}}, "")
	f(storage.AuditFilter{Done: true}, "a") // b was refused, c was no request
}

func TestAuditLimits(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	must(t, postgres.ExecForTest(t.Context(), s, `
		INSERT INTO audit_log (actor, ip, action, target, detail, status)
		SELECT 'admin', '', 'x', '', '', 200 FROM generate_series(1, 1100)`))
	f := func(limit, want int) {
		t.Helper()
		if list, err := s.AuditEntries(t.Context(), storage.AuditFilter{Limit: limit}); err != nil || len(list) != want {
			t.Errorf("limit %d: %d entries, %v, want %d", limit, len(list), err, want)
		}
	}
	f(0, 100)
	f(-5, 100)
	f(501, 501)
	f(5000, 1000)
}

// Whoever reaches the database through the panel cannot rewrite the log.
func TestAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	must(t, s.AddAuditEntry(t.Context(), storage.AuditEntry{Actor: "a\x00\xff", Action: "x"})) // nothing dodges it
	f := func(sql string) {
		t.Helper()
		if err := postgres.ExecForTest(t.Context(), s, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	f(`DELETE FROM audit_log`)
	f(`UPDATE audit_log SET actor = 'nobody'`)
	f(`TRUNCATE audit_log`)
	list, err := s.AuditEntries(t.Context(), storage.AuditFilter{})
	must(t, err)
	if len(list) != 1 || list[0].Actor != "a\uFFFD" || time.Since(list[0].At).Abs() > time.Minute {
		t.Errorf("%+v", list)
	}
}
