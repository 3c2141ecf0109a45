package host

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Lock waits for a file to be ours alone among the processes that lock it. It is released by unlock, and by the end of
// this process, however it comes.
func (h *Host) Lock(name string) (unlock func(), err error) {
	path, err := h.resolve(name)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return func() { _ = f.Close() }, nil
}
