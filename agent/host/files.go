package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"monitoring/durable"
)

// Files are named as the machine names them: "/etc/haproxy/haproxy.cfg" is below Root, and so is what a symbolic link
// on the way points to.

const maxLinks = 16 // symbolic links on the way to one file

// ReadFile reads a whole file.
func (h *Host) ReadFile(name string) ([]byte, error) {
	path, err := h.resolve(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Stat describes a file.
func (h *Host) Stat(name string) (fs.FileInfo, error) {
	path, err := h.resolve(name)
	if err != nil {
		return nil, err
	}
	return os.Stat(path)
}

// ReadDir lists a directory.
func (h *Host) ReadDir(name string) ([]fs.DirEntry, error) {
	path, err := h.resolve(name)
	if err != nil {
		return nil, err
	}
	return os.ReadDir(path)
}

// MkdirAll makes a directory and what is missing above it, with exactly this mode: the agent's own umask is strict, and
// other programs have to get in.
func (h *Host) MkdirAll(name string, mode fs.FileMode) error {
	path, err := h.resolve(name)
	if err != nil {
		return err
	}
	var missing []string
	for at := path; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == "/" {
			break
		}
		missing = append(missing, at)
	}
	if err := os.MkdirAll(path, mode); err != nil {
		return err
	}
	for _, dir := range missing {
		if err := os.Chmod(dir, mode); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes a file; one that is not there is no error.
func (h *Host) Remove(name string) error {
	path, err := h.resolve(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// RemoveAll removes a directory with all that is in it.
func (h *Host) RemoveAll(name string) error {
	path, err := h.resolve(name)
	if err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// WriteFile replaces a file: whoever reads it sees the old or the new content, also after a power cut. A file that
// exists keeps its mode and its owner, a new one gets mode. A symbolic link stays, and what it names is replaced.
func (h *Host) WriteFile(name string, data []byte, mode fs.FileMode) (err error) {
	path, err := h.resolve(name)
	if err != nil {
		return err
	}
	uid, gid := -1, -1
	if old, err := os.Stat(path); err == nil {
		mode = old.Mode().Perm()
		if st, ok := old.Sys().(*syscall.Stat_t); ok {
			uid, gid = int(st.Uid), int(st.Gid)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", name, err)
		}
	}()
	if uid >= 0 {
		if err = f.Chown(uid, gid); err != nil {
			return err
		}
	}
	if err = f.Chmod(mode); err != nil { // after the owner, lest a change of owner takes bits away
		return err
	}
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// DialUnix connects to a socket of a service on the machine.
func (h *Host) DialUnix(name string, timeout time.Duration) (net.Conn, error) {
	path, err := h.resolve(name)
	if err != nil {
		return nil, err
	}
	return net.DialTimeout("unix", path, timeout)
}

// resolve returns the path of a file as this process can open it. Links are followed inside Root: seen from a container
// "/host/var/run" leads to "/host/run". What does not exist ends the search, for it can have no links.
func (h *Host) resolve(name string) (string, error) {
	if h.root == "" {
		return "", fmt.Errorf("open %s: %w", name, errors.ErrUnsupported)
	}
	rest := strings.Split(filepath.Clean("/"+name), "/")[1:]
	at, links := "", 0
	for len(rest) > 0 {
		next := rest[0]
		rest = rest[1:]
		if next == "" { // of "/": the root itself may be a link, as /proc/1/root is
			continue
		}
		target, err := os.Readlink(filepath.Join(h.root, at, next))
		if err != nil { // no link, or nothing there
			at += "/" + next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("open %s: too many symbolic links", name)
		}
		if !filepath.IsAbs(target) {
			target = at + "/" + target
		}
		rest = append(strings.Split(filepath.Clean("/"+target), "/")[1:], rest...)
		at = ""
	}
	return filepath.Join(h.root, at), nil
}
