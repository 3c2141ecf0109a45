package storagetest

import (
	"log/slog"
	"testing"
	"time"

	"monitoring/storage/tsdb"
)

// TSDB returns an empty database in a directory of its own, closed when the test ends. Every tier keeps samples of any
// time since 1970; call RunOnce to see what was appended.
func TSDB(t testing.TB) *tsdb.DB {
	t.Helper()
	const always = 60 * 365 * 24 * time.Hour
	db, err := tsdb.Open(tsdb.Options{
		Dir:         t.TempDir(),
		MemoryBytes: 16 << 20,
		Retention:   tsdb.Retention{Raw: always, FiveMinutes: always, Hour: always},
		Log:         slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatalf("open tsdb: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close tsdb: %v", err)
		}
	})
	return db
}
