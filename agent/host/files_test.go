package host

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestWriteFileKeepsModeAndOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := Fake(Parts{Dir: dir})
	path := filepath.Join(dir, "etc", "x.cfg")
	if err := h.MkdirAll("/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile("/etc/x.cfg", []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("new file: %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o664); err != nil {
		t.Fatal(err)
	}
	owned := os.Geteuid() == 0
	if owned {
		if err := os.Chown(path, 65534, 65533); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.WriteFile("/etc/x.cfg", []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm() != 0o664 || owned && (st.Uid != 65534 || st.Gid != 65533) {
		t.Errorf("after the second write: mode %v, owner %d:%d", info.Mode(), st.Uid, st.Gid)
	}
	if b, err := h.ReadFile("/etc/x.cfg"); err != nil || string(b) != "two" {
		t.Errorf("content %q, %v", b, err)
	}
	if entries, err := h.ReadDir("/etc"); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A reader never sees half a file.
func TestWriteFileIsAtomic(t *testing.T) {
	t.Parallel()
	h := Fake(Parts{Dir: t.TempDir()})
	contents := [][]byte{bytes.Repeat([]byte("a"), 1<<20), bytes.Repeat([]byte("b"), 1<<19)}
	if err := h.WriteFile("/f", contents[0], 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 50 && err == nil; i++ {
			err = h.WriteFile("/f", contents[i%2], 0o600)
		}
		done <- err
	}()
	for {
		b, err := h.ReadFile("/f")
		if err != nil || !bytes.Equal(b, contents[0]) && !bytes.Equal(b, contents[1]) {
			t.Fatalf("read %d bytes, %v", len(b), err)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}

func TestWriteFileFails(t *testing.T) {
	t.Parallel()
	h := Fake(Parts{Dir: t.TempDir()})
	if err := h.WriteFile("/missing/f", nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if err := h.MkdirAll("/dir", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile("/dir", nil, 0o600); err == nil {
		t.Error("a directory was replaced")
	}
	if entries, err := h.ReadDir("/"); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := Fake(Parts{}).WriteFile("/f", nil, 0o600); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a fake without a directory: %v", err)
	}
}

// Links lead where they would on the machine, never out of its root.
func TestLinksStayInside(t *testing.T) {
	t.Parallel()
	outside, root := t.TempDir(), t.TempDir()
	h := Fake(Parts{Dir: root})
	for _, dir := range []string{"/run", "/etc/alternatives"} {
		if err := h.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "var"), 0o755); err != nil {
		t.Fatal(err)
	}
	link("/run", "var/run")
	link("alternatives/real", "etc/name")
	link("../../../../../../"+outside, "etc/out")
	link("loop", "etc/loop")
	f := func(write, want string) {
		t.Helper()
		if err := h.WriteFile(write, []byte(write), 0o600); err != nil {
			t.Errorf("%s: %v", write, err)
			return
		}
		if b, err := os.ReadFile(filepath.Join(root, want)); err != nil || string(b) != write {
			t.Errorf("%s is not at %s: %q, %v", write, want, b, err)
		}
	}
	f("/var/run/a", "run/a")
	f("/etc/name", "etc/alternatives/real")
	f("/../../run/b", "run/b")
	if _, err := os.Lstat(filepath.Join(root, "etc/name")); err != nil {
		t.Error("the link was replaced")
	}
	if err := h.WriteFile("/etc/out/x", nil, 0o600); err == nil {
		t.Error("a link led out of the root")
	}
	if _, err := h.ReadFile("/etc/loop"); err == nil {
		t.Error("a loop ended somewhere")
	}
	if err := os.Symlink(root, filepath.Join(outside, "root")); err != nil { // as /proc/1/root is one
		t.Fatal(err)
	}
	linked := Fake(Parts{Dir: filepath.Join(outside, "root")})
	if entries, err := linked.ReadDir("/"); err != nil || len(entries) != 3 {
		t.Errorf("a root that is a link: %v, %v", entries, err)
	}
	if err := os.Remove(filepath.Join(outside, "root")); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("written outside: %v, %v", entries, err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	h := Fake(Parts{Dir: t.TempDir()})
	if err := h.WriteFile("/f", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.Remove("/f"); err != nil {
			t.Error(err)
		}
	}
	if _, err := h.Stat("/f"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestDialUnix(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "sock") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	ln, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := Fake(Parts{Dir: dir}).DialUnix("/s", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// The agent's unit has a strict umask; a directory for a web server must be readable all the same. Not parallel: a umask
// is the whole process's.
func TestMkdirAllDespiteUmask(t *testing.T) {
	dir := t.TempDir()
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	if err := Fake(Parts{Dir: dir}).MkdirAll("/a/b/c", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "a/b", "a/b/c"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}
