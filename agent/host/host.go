// Package host touches the machine: its files, file systems and kernel sockets. It is not for deciding anything, and
// no other package of the agent reads the machine past it, so that a fake (Fake) can stand in for it.
package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Host is one machine: this one, the one around our container, or a fake.
type Host struct {
	root    string // "" for a fake
	fsys    fs.FS
	statfs  func(path string) (Usage, error)
	tcpDump func(*TCPSockets) error

	mu    sync.Mutex
	stuck map[string]bool // mount points whose statfs has not come back
}

// New returns the machine whose file system is mounted at root: "/", or "/host" in a container.
func New(root string) *Host {
	h := &Host{root: filepath.Clean(root), fsys: os.DirFS(root), tcpDump: dumpTCP, stuck: map[string]bool{}}
	h.statfs = func(path string) (Usage, error) { return statfs(filepath.Join(h.root, path)) }
	return h
}

// Fake returns a machine that has only these files and mounted file systems.
func Fake(files fs.FS, usage map[string]Usage) *Host {
	return &Host{
		fsys:    files,
		tcpDump: func(*TCPSockets) error { return errors.ErrUnsupported },
		stuck:   map[string]bool{},
		statfs: func(path string) (Usage, error) {
			u, ok := usage[path]
			if !ok {
				return u, fs.ErrNotExist
			}
			return u, nil
		},
	}
}

// Root is where the machine's file system is mounted, "" for a fake.
func (h *Host) Root() string { return h.root }

// FS is the machine's file system; names have no leading slash, as in "proc/stat".
func (h *Host) FS() fs.FS { return h.fsys }

// ReadInto reads a small file such as proc/1/stat whole into buf, which it grows if it must, and returns the content.
// It is os.ReadFile without its allocations: the process table reads hundreds of files at a time.
func (h *Host) ReadInto(name string, buf []byte) ([]byte, error) {
	if h.root == "" {
		data, err := fs.ReadFile(h.fsys, name)
		return append(buf[:0], data...), err
	}
	fd, err := unix.Open(h.root+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return buf[:0], &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return buf, &fs.PathError{Op: "read", Path: name, Err: err}
		case n == 0:
			return buf, nil
		default:
			buf = buf[:len(buf)+n]
		}
	}
}

// Line returns the content of a one-line file without white space around it.
func (h *Host) Line(name string) (string, error) {
	data, err := fs.ReadFile(h.fsys, name)
	return strings.TrimSpace(string(data)), err
}

// Open opens a file of /proc that is read again and again from its start.
func (h *Host) Open(name string) (io.ReaderAt, error) {
	f, err := h.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("open %s: cannot be read at an offset", name)
	}
	return r, nil
}

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
