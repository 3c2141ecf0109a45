package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	ownerPoll     = 50 * time.Millisecond
	ownerTimeout  = 30 * time.Second
	leftoverGrace = 2 * time.Second // for what dies by itself, before it is told to
)

// own takes the lock of the directory, which goes with this process however it ends. While another process has it, a
// Child that may attach waits for that one's server, any other for the lock.
func (c *Child) own(ctx context.Context) error {
	lock, err := os.OpenFile(filepath.Join(c.place.dir, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("lock postgres directory: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			c.owner = lock
			return nil
		}
		if c.opts.Attach && c.ping(ctx) == nil {
			c.attached = true
			return lock.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("another process runs postgres in %s: stop it first: %w", c.place.dir, ctx.Err()), lock.Close())
		case <-time.After(ownerPoll):
		}
	}
}

// clearLeftovers waits until no process of an earlier server uses the cluster: it would answer in place of the new one
// and then go. What does not go by itself is told to. A pid file that remains is stale, and is removed because its
// number may be that of another process by now, which Postgres would take for a server. The caller owns the directory.
func (p place) clearLeftovers(ctx context.Context, log *slog.Logger) error {
	signals := []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL}
	since := time.Now()
	for {
		pids, err := p.processes()
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			break
		}
		if time.Since(since) > leftoverGrace && len(signals) > 0 {
			log.Warn("end leftover postgres processes", "pids", pids, "signal", signals[0].String())
			for _, pid := range pids {
				_ = syscall.Kill(pid, signals[0]) // it may have ended meanwhile
			}
			signals, since = signals[1:], time.Now()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for leftover postgres processes %v: %w", pids, ctx.Err())
		case <-time.After(ownerPoll):
		}
	}
	if err := os.Remove(filepath.Join(p.cluster, "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stale pid file: %w", err)
	}
	return nil
}

// processes returns the server processes that use the cluster: Postgres works in its directory. Somebody's shell may,
// too, and is left alone.
func (p place) processes() ([]int, error) {
	cluster, err := filepath.EvalSymlinks(p.cluster)
	if err != nil {
		return nil, fmt.Errorf("find cluster: %w", err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", e.Name()) // gone at any moment
		cwd, err := os.Readlink(filepath.Join(dir, "cwd"))
		if err != nil || cwd != cluster {
			continue
		}
		if name, err := os.ReadFile(filepath.Join(dir, "comm")); err == nil && string(name) == "postgres\n" {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
