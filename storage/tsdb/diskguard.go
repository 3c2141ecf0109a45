package tsdb

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Limits of free space. The engine panics on a write that fails, so nothing is written long before the disk is full.
const (
	DefaultMinFreeBytes   = 1 << 30
	DefaultMinFreePercent = 5.0

	guardInterval = time.Second
	resumeFactor  = 1.2 // of both limits; without a gap the state would flap as merges free and take space
)

// diskGuard watches the free space of the file system with the database.
type diskGuard struct {
	dir        string
	minBytes   uint64
	minPercent float64
	log        *slog.Logger
	resume     func() // called at every check that finds enough space
	full       atomic.Bool
}

// space is what the file system has, in bytes; free is what we may use.
type space struct{ free, total uint64 }

func (g *diskGuard) space() (space, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(g.dir, &fs); err != nil {
		return space{}, fmt.Errorf("measure disk: %w", err)
	}
	return space{fs.Bavail * uint64(fs.Bsize), fs.Blocks * uint64(fs.Bsize)}, nil
}

// below tells whether the free space is less than factor times a limit.
func (g *diskGuard) below(s space, factor float64) bool {
	free := float64(s.free)
	return free < factor*float64(g.minBytes) || free < factor*g.minPercent/100*float64(s.total)
}

// check measures once and says so when the state changes. A disk that cannot be measured keeps its state.
func (g *diskGuard) check() {
	s, err := g.space()
	if err != nil {
		g.log.Error("watch free disk space", "err", err)
		return
	}
	g.update(s)
}

func (g *diskGuard) update(s space) {
	switch full := g.full.Load(); {
	case !full && g.below(s, 1):
		g.full.Store(true)
		g.log.Error("the disk is nearly full: no sample is stored until there is space again, what is stored is served",
			"free_bytes", s.free, "total_bytes", s.total, "needs_bytes", g.minBytes, "needs_percent", g.minPercent)
	case full && !g.below(s, resumeFactor):
		g.full.Store(false)
		g.log.Info("the disk has space again: samples are stored", "free_bytes", s.free, "total_bytes", s.total)
	}
}

// Run watches until ctx is done.
func (g *diskGuard) Run(ctx context.Context) error {
	t := time.NewTicker(guardInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			g.check()
			if !g.full.Load() {
				g.resume()
			}
		}
	}
}
