package tsdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// TestDiskFull runs three processes after each other on a file system of 96 MB in a mount namespace of its own:
//
//  1. stores samples, sees the disk run low, tells, serves on, and is killed when it is full to the last byte;
//  2. starts on the full disk, serves, and ends without a panic;
//  3. starts on the full disk, and stores by itself once there is space. Everything acknowledged is there.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const script = `set -e
		truncate -s 96M disk; mkfs.ext4 -q -m 0 disk; mkdir mnt; mount -o loop disk mnt; cd mnt
		for phase in killed closed resumed; do
			rc=0; TSDB_DISK_CHILD=$phase "$0" || rc=$?
			case $phase-$rc in killed-137|closed-0|resumed-0) ;; *) echo "$phase ended with $rc" >&2; exit 1;; esac
		done`
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "-m", "bash", "-c", script, os.Args[0])
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

const diskFiller = "filler"

// runDiskChild is one of the three processes.
func runDiskChild(phase string) error {
	log := &lockedBuffer{}
	db, err := tsdb.Open(tsdb.Options{Dir: "tsdb", MemoryBytes: 16 << 20, MinFreeBytes: 24 << 20, Probe: probeCommand, Log: slog.New(slog.NewTextHandler(io.MultiWriter(log, os.Stderr), nil))})
	if err != nil {
		return err
	}
	ctx := context.Background()
	go func() { _ = db.Run(ctx) }()
	c := &diskChecks{db: db}
	switch phase {
	case "killed":
		c.store("first")
		c.fill(16 << 20)
		c.wait("read-only", db.ReadOnly)
		if err := c.append("refused"); !errors.Is(err, tsdb.ErrReadOnly) {
			c.fail("an append on a full disk says %v", err)
		}
		c.sees("first", 1)
		c.says(log, "the disk is nearly full")
		_ = os.Remove(diskFiller)
		c.wait("writable", func() bool { return !db.ReadOnly() })
		c.says(log, "the disk has space again")
		c.store("second")
		c.fill(0)
		c.wait("read-only", db.ReadOnly)
		if c.err == nil {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	case "closed":
		c.says(log, "the disk is nearly full")
		if !db.ReadOnly() {
			c.fail("it is not read-only at start")
		}
		if _, err := db.Query(ctx, "first", time.Now()); err != nil {
			c.fail("query on a full disk: %v", err)
		}
		if err := db.Close(); err == nil || !strings.Contains(err.Error(), "disk is full") {
			c.fail("close on a full disk says %v", err)
		}
	case "resumed":
		if !db.ReadOnly() {
			c.fail("it is not read-only at start")
		}
		if err := os.Remove(diskFiller); err != nil {
			return err
		}
		c.wait("writable", func() bool { return !db.ReadOnly() })
		c.store("third")
		for _, name := range []string{"first", "second", "third"} {
			c.sees(name, 1)
		}
		c.sees("refused", 0)
		disk, err := db.Disk()
		if err != nil || disk.ReadOnly || len(disk.Quarantined) > 0 {
			c.fail("disk %+v, %v", disk, err)
		}
		if err := db.Close(); err != nil {
			c.fail("close: %v", err)
		}
	}
	return c.err
}

// diskChecks collects what is wrong.
type diskChecks struct {
	db  *tsdb.DB
	err error
}

func (c *diskChecks) fail(format string, args ...any) {
	c.err = errors.Join(c.err, fmt.Errorf(format, args...))
}

func (c *diskChecks) append(name string) error {
	return c.db.Append([]storage.Sample{sample(name, time.Now().UnixMilli(), 1)})
}

func (c *diskChecks) store(name string) {
	if err := c.append(name); err != nil {
		c.fail("append %s: %v", name, err)
	}
}

// fill leaves so many bytes free.
func (c *diskChecks) fill(leave uint64) {
	f, err := os.OpenFile(diskFiller, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		c.fail("fill: %v", err)
		return
	}
	defer f.Close()
	for {
		var s syscall.Statfs_t
		if err := syscall.Statfs(".", &s); err != nil {
			c.fail("fill: %v", err)
			return
		}
		free := s.Bavail * uint64(s.Bsize)
		if free <= leave {
			return
		}
		if _, err := f.Write(make([]byte, min(free-leave, 1<<20))); err != nil {
			return // full
		}
	}
}

func (c *diskChecks) wait(what string, ok func() bool) {
	for until := time.Now().Add(30 * time.Second); !ok(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(until) {
			c.fail("it is not %s after 30 s", what)
			return
		}
	}
}

// sees waits until a query finds n series.
func (c *diskChecks) sees(name string, n int) {
	c.wait(fmt.Sprintf("showing %d of %s", n, name), func() bool {
		found, err := c.db.Query(context.Background(), "last_over_time("+name+"[10m])", time.Now())
		return err == nil && len(found) == n
	})
}

func (c *diskChecks) says(log *lockedBuffer, text string) {
	c.wait("logged: "+text, func() bool { return strings.Contains(log.String(), text) })
}

// lockedBuffer is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
