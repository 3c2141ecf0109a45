package clickhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// npmPackage is a package with one file, and its integrity.
func npmPackage(t *testing.T, name, content string) (data []byte, integrity string) {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	archive := tar.NewWriter(zipped)
	for _, f := range []struct{ name, content string }{{"package/package.json", "{}"}, {name, content}} {
		if err := archive.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(b.Bytes())
	return b.Bytes(), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestInstallFromFile(t *testing.T) {
	t.Parallel()
	data, integrity := npmPackage(t, packageMember, "the library")
	file := filepath.Join(t.TempDir(), "p.tgz")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := Install(t.Context(), InstallOptions{Dir: dir, Source: file}); err == nil || !strings.Contains(err.Error(), "is not the package") {
		t.Errorf("a package that is not the pinned one: %v", err)
	}
	for range 2 { // the second finds it there
		path, err := Install(t.Context(), InstallOptions{Dir: dir, Source: file, Integrity: integrity})
		if err != nil || path != LibraryIn(dir) {
			t.Fatalf("%s, %v", path, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "the library" {
			t.Errorf("%q, %v", got, err)
		}
		file = "/no/such/file"
	}
	names, err := os.ReadDir(filepath.Dir(LibraryIn(dir)))
	if err != nil || len(names) != 1 {
		t.Errorf("left over: %v, %v", names, err)
	}
}

func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	f := func(wantErr, name string, change func([]byte) []byte) {
		t.Helper()
		data, integrity := npmPackage(t, name, "x")
		if change != nil {
			data = change(data)
			sum := sha512.Sum512(data)
			integrity = "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
		}
		file, dir := filepath.Join(t.TempDir(), "p.tgz"), t.TempDir()
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Install(t.Context(), InstallOptions{Dir: dir, Source: file, Integrity: integrity}); err == nil || !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: %v, want %q", name, err, wantErr)
		}
		if _, err := os.Stat(LibraryIn(dir)); err == nil {
			t.Errorf("%s: something was installed", name)
		}
	}
	f("no package/libchdb.so", "package/other.so", nil)
	f("no package/libchdb.so", "../../libchdb.so", nil)
	f("unpack engine", packageMember, func(b []byte) []byte { return b[:len(b)/2] })
	f("unpack engine", packageMember, func([]byte) []byte { return []byte("no gzip") })
}

// A download that breaks off goes on from where it was, whatever the server makes of that wish.
func TestInstallResumes(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("the library, quite long ", 1<<14)
	data, integrity := npmPackage(t, packageMember, content)
	f := func(ranges bool) {
		t.Helper()
		var requests, sent atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == 1 { // breaks off in the middle
				w.Header().Set("Content-Length", "100000")
				_, _ = w.Write(data[:len(data)/2])
				return
			}
			if !ranges {
				r.Header.Del("Range")
			}
			c := &counted{ResponseWriter: w}
			http.ServeContent(c, r, "p.tgz", time.Time{}, bytes.NewReader(data))
			sent.Store(int64(c.n))
		}))
		defer server.Close()
		var last, total int64
		o := InstallOptions{Dir: t.TempDir(), Source: server.URL + "/p.tgz", Integrity: integrity, Progress: func(b, of int64) { last, total = b, of }}
		if _, err := Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "run it again") {
			t.Fatalf("a broken download: %v", err)
		}
		path, err := Install(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		want := int64(len(data))
		if last != want || total != want {
			t.Errorf("progress ended at %d of %d, want %d", last, total, want)
		}
		if ranges {
			want -= int64(len(data) / 2)
		}
		if sent.Load() != want {
			t.Errorf("ranges %t: the second time %d bytes were sent, want %d", ranges, sent.Load(), want)
		}
	}
	f(true)
	f(false)
}

type counted struct {
	http.ResponseWriter
	n int
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n += n
	return n, err
}

func TestInstallFromServerThatRefuses(t *testing.T) {
	t.Parallel()
	_, integrity := npmPackage(t, packageMember, "x")
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	o := InstallOptions{Dir: t.TempDir(), Source: server.URL, Integrity: integrity}
	if _, err := Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
	wrong, _ := npmPackage(t, packageMember, "something else")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(wrong) }))
	defer other.Close()
	o.Source = other.URL
	for range 2 { // a wrong file is not what the next attempt goes on from
		if _, err := Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is not the package") {
			t.Errorf("%v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Install(ctx, o); err == nil {
		t.Error("a cancelled download succeeded")
	}
}

// The script that developers run pins the same library.
func TestSetupScriptPinsTheSame(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../deploy/dev/setup.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"chdb_version=" + LibraryVersion + "\n", "chdb_integrity=" + libraryPackages["amd64"].integrity + "\n"} {
		if !strings.Contains(string(script), want) {
			t.Errorf("deploy/dev/setup.sh lacks %q", want)
		}
	}
}
