package tsdb

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

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
