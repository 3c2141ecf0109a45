package postgres_test

import (
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func TestAlertsDuring(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	add := func(message string, server int64, begin, end int, kind string) {
		t.Helper()
		r := storage.AlertRecord{ServerID: &server, AlertType: kind, Severity: "warning", Message: message, CreatedAt: at.Add(time.Duration(begin) * time.Minute)}
		if end > 0 {
			r.EndedAt = new(at.Add(time.Duration(end) * time.Minute))
		}
		_, err := s.AddAlertRecord(t.Context(), r)
		must(t, err)
	}
	add("a", 1, 10, 20, "cpu_critical")
	add("b", 1, 15, 0, "cpu_critical") // lasts
	add("c", 2, 15, 30, "cpu_critical")
	add("d", 1, 30, 40, "ram_critical")
	add("e", 1, 35, 0, storage.AlertRecovery)

	f := func(server int64, from, to, limit int, want string) {
		t.Helper()
		list, err := s.AlertsDuring(t.Context(), server, at.Add(time.Duration(from)*time.Minute), at.Add(time.Duration(to)*time.Minute), limit)
		must(t, err)
		var got []string
		for _, r := range list {
			got = append(got, r.Message)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("server %d from %d to %d: %v, want %s", server, from, to, got, want)
		}
	}
	f(1, 0, 60, 10, "d b a")
	f(1, 0, 60, 2, "d b")
	f(1, 0, 10, 10, "")
	f(1, 0, 11, 10, "a")
	f(1, 20, 30, 10, "b a")
	f(1, 21, 31, 10, "d b")
	f(1, 50, 60, 10, "b")
	f(2, 0, 60, 10, "c")
	f(3, 0, 60, 10, "")
}
