package tsdb

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const lockWait = 2 * time.Second

// dirLock keeps a second process (or a second Open) out of a database: the storage engine would end the process instead
// of returning an error.
type dirLock struct{ f *os.File }

func lockDir(dir string) (*dirLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	// A child of a process that was killed holds the lock until it is dead, too.
	until := time.Now().Add(lockWait)
	for err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w (%w)", dir, ErrInUse, err)
	}
	return &dirLock{f}, nil
}

// release gives the directory free: the lock goes with the file descriptor.
func (l *dirLock) release() error { return l.f.Close() }
