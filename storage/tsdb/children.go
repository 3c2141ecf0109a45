package tsdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// children runs one child after the other on views of one tier.
type children struct {
	*examiner
	tier   string
	deep   bool
	reason string // of the last that died
	err    error  // why the last verdict is unknown
}

func (c *children) failed(v verdict) error {
	if v == unknown {
		return fmt.Errorf("no verdict, nothing was moved: %w", c.err)
	}
	return nil
}

func (c *children) clean() {
	if err := os.RemoveAll(filepath.Join(c.root, viewDir)); err != nil { // removes links, not what they point to
		c.log.Error("remove view", "err", err)
	}
}

// run opens a view of some partitions in a child.
func (c *children) run(ctx context.Context, ps []partition) verdict {
	c.clean()
	view := filepath.Join(c.root, viewDir, filepath.Base(c.tier))
	if c.err = makeView(view, c.tier, ps); c.err != nil {
		return unknown
	}
	limit, args := shallowLimit, c.probe
	if c.deep {
		limit, args = deepLimit, append(slices.Clone(args), "-deep")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], append(slices.Clone(args[1:]), view)...)
	stderr := &headBuffer{}
	cmd.Stderr = stderr
	// The child must not outlive us and meet our successor: it dies with the thread that started it, and holds our lock.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.ExtraFiles = []*os.File{c.lock.f}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return opens
	case ctx.Err() != nil:
		c.err = fmt.Errorf("probe %s: %w", view, ctx.Err())
		return unknown
	// A full disk is no damage; the engine tells it by text only.
	case !errors.As(err, &exit), killed(exit), strings.Contains(stderr.String(), syscall.ENOSPC.Error()):
		c.err = fmt.Errorf("probe %s: %w: %s", view, err, stderr.reason())
		return unknown
	}
	c.reason = stderr.reason()
	return dies
}

// killed tells that a signal from outside ended the child, and not one that it raised itself.
func killed(exit *exec.ExitError) bool {
	status, ok := exit.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return false
	}
	switch status.Signal() {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGABRT, syscall.SIGILL, syscall.SIGFPE, syscall.SIGTRAP:
		return false
	}
	return true
}

// makeView makes a directory that looks to the engine like the tier with some of its partitions.
func makeView(view, tier string, ps []partition) error {
	for _, kind := range partitionKinds {
		dir := filepath.Join(view, "data", kind)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make view: %w", err)
		}
		for _, p := range ps {
			target, err := filepath.Abs(p.dir(kind))
			if err != nil {
				return fmt.Errorf("make view: %w", err)
			}
			if _, err := os.Stat(target); errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err := os.Symlink(target, filepath.Join(dir, p.name)); err != nil {
				return fmt.Errorf("make view: %w", err)
			}
		}
	}
	return nil
}

// headBuffer keeps the beginning of what a dying child says; goroutine dumps may be long.
type headBuffer struct{ b bytes.Buffer }

func (t *headBuffer) Write(p []byte) (int, error) {
	const limit = 64 << 10
	t.b.Write(p[:min(len(p), max(0, limit-t.b.Len()))])
	return len(p), nil
}

func (t *headBuffer) String() string { return t.b.String() }

// reason is the line that says why, cut to a length that fits a page.
func (t *headBuffer) reason() string {
	lines := strings.Split(strings.TrimSpace(t.b.String()), "\n")
	best := lines[0]
	for _, l := range lines {
		if _, after, ok := strings.Cut(l, "FATAL: "); ok {
			best = after
			break
		}
		if strings.HasPrefix(l, "panic: ") || strings.HasPrefix(l, "fatal error: ") {
			best = l
			break
		}
	}
	if best == "" {
		best = "the child process ended without a word"
	}
	return strings.ToValidUTF8(best[:min(len(best), 300)], "")
}
