package durable

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	f := func(what string, data []byte) {
		t.Helper()
		if err := WriteFile(path, data); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: read %q, %v", what, got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v; want it private", what, info.Mode(), err)
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
			t.Errorf("%s: %v, %v; want one file", what, list, err)
		}
	}
	f("a new file", []byte("first"))
	f("a longer one in its place", []byte("second, longer"))
	f("a shorter one", []byte("3"))
	f("nothing", nil)
	if err := os.WriteFile(path+Unfinished, []byte("what a killed process left behind"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("after a crash", []byte("x"))
}

func TestWriteFileThatFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := WriteFile(filepath.Join(dir, "missing", "f"), []byte("x")); err == nil {
		t.Error("wrote into a directory that is not there")
	}
	path := filepath.Join(dir, "taken") // by a directory with a file in it, which no rename replaces
	if err := os.MkdirAll(filepath.Join(path, "by"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("x")); err == nil {
		t.Error("replaced a directory")
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("%v, %v; want nothing left behind", list, err)
	}
	if err := SyncDir(filepath.Join(dir, "missing")); err == nil {
		t.Error("synced a directory that is not there")
	}
}

// A disk that fills up in the middle of a write costs the new content only.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path+Unfinished); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("new")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want %v", err, syscall.ENOSPC)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("read %q, %v; want the old content", got, err)
	}
}

// A reader never sees a part, however often the file is replaced.
func TestReadersSeeWholeContent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	var contents []string
	for n := range 50 {
		contents = append(contents, strings.Repeat(string(rune('A'+n)), 1+n*997%30_000))
	}
	if err := WriteFile(path, []byte(contents[0])); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		var err error
		for n := 0; n < len(contents) && err == nil; n++ {
			err = WriteFile(path, []byte(contents[n]))
		}
		written <- err
	}()
	for {
		if got, err := os.ReadFile(path); err != nil || !slices.Contains(contents, string(got)) {
			t.Fatalf("read %d bytes that nobody wrote, %v", len(got), err)
		}
		select {
		case err := <-written:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}
