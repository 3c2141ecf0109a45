package controltest

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Tool returns the path of a program that a test needs and that no Debian package has, as in
// "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1". deploy/dev/setup.sh has built it into .cache/tools; where it has
// not, it is built now.
func Tool(t testing.TB, module string) string {
	t.Helper()
	program, version, _ := strings.Cut(module, "@")
	dir := filepath.Join(root(t), ".cache", "tools", version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, path.Base(program))
	if _, err := os.Stat(file); err == nil {
		return file
	}
	cmd := exec.Command("go", "install", module)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", module, err, out)
	}
	return file
}

// root is where go.mod stands.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			return dir
		}
		if dir == "/" {
			break
		}
	}
	t.Fatalf("no go.mod above the test: %v", err)
	return ""
}
