package tsdb

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// EnforceBudget does what a running database does once a minute.
func (db *DB) EnforceBudget(ctx context.Context, now time.Time) error {
	return db.enforceBudget(ctx, now)
}

// SetBudget changes Options.MaxBytes of an open database that is not running.
func (db *DB) SetBudget(bytes uint64) { db.budget = bytes }

func TestForecast(t *testing.T) {
	t.Parallel()
	f := func(bytes uint64, age, retention time.Duration, want uint64) {
		t.Helper()
		if got := forecast(bytes, age, retention); got != want {
			t.Errorf("forecast(%d, %s, %s) = %d, want %d", bytes, age, retention, got, want)
		}
	}
	f(100, time.Hour, 14*day, 0)      // too young
	f(100, 9*day, 14*day, 500)        // 45 days with the month that is freed late
	f(100, 45*day, 14*day, 100)       // steady
	f(100, 60*day, 14*day, 100)       // the retention was shortened
	f(1000, 365*day, 2*365*day, 2084) // (730+31)/365
	f(1<<40, 12*time.Hour, 14*day, 90<<40)
}

func TestDiskGuardStates(t *testing.T) {
	t.Parallel()
	const gb = 1 << 30
	var log bytes.Buffer
	g := &diskGuard{minBytes: gb, minPercent: 5, log: slog.New(slog.NewTextHandler(&log, nil))}
	f := func(free, total float64, full bool, says string) {
		t.Helper()
		log.Reset()
		g.update(space{uint64(free * gb), uint64(total * gb)})
		if g.full.Load() != full {
			t.Errorf("%v of %v GB free: full is %v", free, total, !full)
		}
		if says == "" && log.Len() > 0 || !strings.Contains(log.String(), says) {
			t.Errorf("%v of %v GB free: log %q, want %q", free, total, log.String(), says)
		}
	}
	f(5, 10, false, "")
	f(1, 10, false, "")
	f(0.99, 10, true, "nearly full")
	f(0.5, 10, true, "")
	f(1.1, 10, true, "") // a gap, lest it flaps
	f(1.21, 10, false, "has space again")
	f(4.9, 100, true, "nearly full") // 5 % is more than 1 GB here
	f(5.5, 100, true, "")
	f(6.1, 100, false, "has space again")
	f(0, 0, true, "nearly full")
}

func TestDiskGuardWithoutDisk(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	g := &diskGuard{dir: "/nowhere/at/all", log: slog.New(slog.NewTextHandler(&log, nil))}
	g.full.Store(true)
	g.check()
	if !g.full.Load() || !strings.Contains(log.String(), "measure disk") {
		t.Errorf("a disk that cannot be measured: full %v, log %q", g.full.Load(), &log)
	}
}
