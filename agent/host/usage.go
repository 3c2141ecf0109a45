package host

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Usage is the space of a mounted file system in bytes. Free is what is left for users other than root.
type Usage struct {
	Total, Used, Free uint64
}

// Ratio is how full the file system is for its users, 0 to 1, as df prints it: root's reserve counts as used by nobody.
func (u Usage) Ratio() float64 {
	if u.Used+u.Free == 0 {
		return 0
	}
	return float64(u.Used) / float64(u.Used+u.Free)
}

// statfsPatience is how long a file system may take to answer. A local one answers in microseconds, a network file
// system whose server has gone never does.
const statfsPatience = time.Second

// ErrStuck is the answer for a mount point that did not answer in time, until it does.
var ErrStuck = errors.New("file system does not answer")

// Usage asks a mounted file system for its space.
func (h *Host) Usage(mountpoint string) (Usage, error) {
	h.mu.Lock()
	stuck := h.stuck[mountpoint]
	h.mu.Unlock()
	if stuck { // asking again would only pile up in the kernel
		return Usage{}, fmt.Errorf("%s: %w", mountpoint, ErrStuck)
	}
	type answer struct {
		usage Usage
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		u, err := h.statfs(mountpoint)
		answers <- answer{u, err}
		h.mu.Lock()
		delete(h.stuck, mountpoint)
		h.mu.Unlock()
	}()
	patience := time.NewTimer(statfsPatience)
	defer patience.Stop()
	select {
	case a := <-answers:
		if a.err != nil {
			return Usage{}, fmt.Errorf("statfs %s: %w", mountpoint, a.err)
		}
		return a.usage, nil
	case <-patience.C:
		h.mu.Lock()
		h.stuck[mountpoint] = len(answers) == 0
		h.mu.Unlock()
		return Usage{}, fmt.Errorf("%s: %w", mountpoint, ErrStuck)
	}
}

func statfs(path string) (Usage, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return Usage{}, err
	}
	block := uint64(st.Bsize)
	return Usage{Total: st.Blocks * block, Used: (st.Blocks - st.Bfree) * block, Free: st.Bavail * block}, nil
}
