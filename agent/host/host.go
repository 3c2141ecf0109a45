// Package host touches the machine: its files, file systems, kernel sockets, commands and services. It is not for
// deciding anything, and no other package of the agent goes past it, so that a fake (Fake) can stand in for it.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Host is one machine: this one, the one around our container, or a fake.
type Host struct {
	root    string // "" for a fake without a directory
	enter   int    // process whose namespaces commands run in; 0 is our own
	borrow  bool   // nsenter comes from root
	fake    bool
	fsys    fs.FS
	statfs  func(path string) (Usage, error)
	tcpDump func(*TCPSockets) error
	addrs   func() (map[int][]netip.Prefix, error)
	run     func(context.Context, Command) (Result, error)
	real    bool // there are processes and terminals

	mu    sync.Mutex
	stuck map[string]bool // mount points whose statfs has not come back
}

// New returns the machine whose file system is mounted at root: "/", or "/host" in a container. From a container its
// commands are run in the namespaces of the machine's process 1, which takes `pid: host`.
func New(root string) *Host {
	h := open(root)
	if inContainer(h.root) {
		h.enter, h.borrow = 1, h.root != "/"
	}
	return h
}

// Here returns this machine as our own namespaces show it, also when they are a container's.
func Here() *Host { return open("/") }

// Inside returns the machine whose process 1 is pid here: a container, seen from outside.
func Inside(pid int) *Host {
	h := open(fmt.Sprintf("/proc/%d/root", pid))
	h.enter = pid
	return h
}

func open(root string) *Host {
	h := &Host{root: filepath.Clean(root), fsys: os.DirFS(root), tcpDump: dumpTCP, addrs: listAddresses, stuck: map[string]bool{}}
	h.statfs = func(path string) (Usage, error) { return statfs(filepath.Join(h.root, path)) }
	h.run, h.real = h.runProcess, true
	return h
}

// Parts is what a fake machine consists of.
type Parts struct {
	Files     fs.FS
	Dir       string                                         // instead of Files: a directory that is the root, to be written as well
	Run       func(context.Context, Command) (Result, error) // what commands do; without it there are none
	Usage     map[string]Usage                               // by mount point
	Addresses map[int][]netip.Prefix                         // by index of the interface
}

// Fake returns a machine that has only these parts.
func Fake(p Parts) *Host {
	h := &Host{
		fake:    true,
		fsys:    p.Files,
		run:     p.Run,
		tcpDump: func(*TCPSockets) error { return errors.ErrUnsupported },
		addrs:   func() (map[int][]netip.Prefix, error) { return p.Addresses, nil },
		stuck:   map[string]bool{},
		statfs: func(path string) (Usage, error) {
			u, ok := p.Usage[path]
			if !ok {
				return u, fs.ErrNotExist
			}
			return u, nil
		},
	}
	if p.Dir != "" {
		h.root, h.fsys = p.Dir, os.DirFS(p.Dir)
	}
	if h.run == nil {
		h.run = func(_ context.Context, c Command) (Result, error) {
			return Result{ExitCode: -1}, fmt.Errorf("run %s: %w", c.Args[0], fs.ErrNotExist)
		}
	}
	return h
}

// Root is where the machine's file system is mounted, "" for a fake.
func (h *Host) Root() string { return h.root }

// Privileged reports whether the agent may see and change everything here. One that only measures runs as a user of its
// own: what it cannot read says nothing about the machine.
func (h *Host) Privileged() bool { return h.fake || os.Geteuid() == 0 }

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
