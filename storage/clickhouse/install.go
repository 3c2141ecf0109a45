package clickhouse

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"monitoring/durable"
)

const (
	packageMember = "package/" + libraryFile
	maxPackage    = 512 << 20 // bytes; the real one has 178 MB
	maxLibrary    = 2 << 30
	idleTimeout   = time.Minute // a download that brings nothing for so long has failed
)

// libraryPackages are the npm packages that carry the library, by architecture, with their hashes as npm writes them.
var libraryPackages = map[string]struct{ name, integrity string }{
	"amd64": {"@chdb/lib-linux-x64-gnu", "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=="},
	"arm64": {"@chdb/lib-linux-arm64-gnu", ""}, // not tested by us: the hash has to be given
}

// InstallOptions say what to install and where.
type InstallOptions struct {
	Dir       string                   // of the store
	Source    string                   // URL or path of the npm package
	Integrity string                   // its hash, as sha512-...; "": the one that this panel was tested with
	Progress  func(bytes, total int64) // called now and then; total is 0 when nobody knows
}

// Install brings the library of the embedded engine. What has been downloaded stays when it is interrupted, and the next
// attempt goes on from there. Nothing is unpacked before its hash is right. A panel that runs finds it by itself.
func Install(ctx context.Context, o InstallOptions) (path string, err error) {
	path = LibraryIn(o.Dir)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	known, ok := libraryPackages[runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("there is no embedded engine for %s: set CLICKHOUSE_DSN", runtime.GOARCH)
	}
	if o.Integrity == "" {
		o.Integrity = known.integrity
	}
	if !strings.HasPrefix(o.Integrity, "sha512-") {
		return "", fmt.Errorf("give the hash of the package as sha512-...: npm view %s@%s dist.integrity", known.name, LibraryVersion)
	}
	if o.Source == "" {
		return "", fmt.Errorf("say where to take the engine from, a file or a URL; npm brings it: npm pack %s@%s, then: panel clickhouse install FILE", known.name, LibraryVersion)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	archive, downloaded := o.Source, false
	if strings.HasPrefix(o.Source, "https://") || strings.HasPrefix(o.Source, "http://") {
		archive, downloaded = filepath.Join(dir, "package.tgz"), true
		if err := download(ctx, o, archive); err != nil {
			return "", err
		}
	}
	if err := checkIntegrity(archive, o.Integrity); err != nil {
		if downloaded {
			err = errors.Join(err, os.Remove(archive)) // going on from it would never end well
		}
		return "", err
	}
	if err := unpack(ctx, archive, path); err != nil {
		return "", err
	}
	if downloaded {
		if err := os.Remove(archive); err != nil {
			return "", fmt.Errorf("clean up: %w", err)
		}
	}
	return path, nil
}

// download appends to what an earlier attempt has left.
func download(ctx context.Context, o InstallOptions, archive string) error {
	f, err := os.OpenFile(archive, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("download engine: %w", err)
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("download engine: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(idleTimeout, func() { cancel(fmt.Errorf("nothing arrived for %s", idleTimeout)) })
	defer idle.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Source, nil)
	if err != nil {
		return fmt.Errorf("download engine: %w", err)
	}
	if have > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("download engine: %w", errors.Join(err, context.Cause(ctx)))
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusPartialContent:
	case http.StatusRequestedRangeNotSatisfiable: // all of it is here
		return nil
	case http.StatusOK: // from the beginning
		if have, err = f.Seek(0, io.SeekStart); err == nil {
			err = f.Truncate(0)
		}
		if err != nil {
			return fmt.Errorf("download engine: %w", err)
		}
	default:
		return fmt.Errorf("download engine: %s answers %s", req.URL.Redacted(), resp.Status)
	}
	total := int64(0)
	if resp.ContentLength > 0 {
		total = have + resp.ContentLength
	}
	body := &meter{Reader: io.LimitReader(resp.Body, maxPackage-have), bytes: have, total: total, idle: idle, progress: o.Progress}
	if _, err := io.Copy(f, body); err != nil {
		return fmt.Errorf("download engine: %w (what arrived is kept: run it again)", errors.Join(err, context.Cause(ctx)))
	}
	return nil
}

// meter tells how far a download is, and keeps it alive.
type meter struct {
	io.Reader
	bytes, total int64
	idle         *time.Timer
	progress     func(bytes, total int64)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.bytes += int64(n)
	m.idle.Reset(idleTimeout)
	if m.progress != nil {
		m.progress(m.bytes, m.total)
	}
	return n, err
}

func checkIntegrity(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("check engine: %w", err)
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("check engine: %w", err)
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s is not the package that was asked for: its hash is %s, not %s", path, got, want)
	}
	return nil
}

// unpack puts the library in place in one step.
func unpack(ctx context.Context, archive, path string) error {
	f, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("unpack engine: %w", err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpack engine: %w", err)
	}
	for members := tar.NewReader(unzipped); ; {
		member, err := members.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpack engine: there is no %s in the package", packageMember)
		}
		if err != nil {
			return fmt.Errorf("unpack engine: %w", err)
		}
		if member.Name == packageMember && member.Typeflag == tar.TypeReg {
			return place(ctx, io.LimitReader(members, maxLibrary), path)
		}
	}
}

func place(ctx context.Context, from io.Reader, path string) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o700)
	if err != nil {
		return fmt.Errorf("unpack engine: %w", err)
	}
	for err == nil {
		if err = ctx.Err(); err == nil {
			_, err = io.CopyN(f, from, 16<<20)
		}
	}
	if errors.Is(err, io.EOF) {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		if gone := os.Remove(tmp); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return fmt.Errorf("unpack engine: %w", err)
	}
	return durable.SyncDir(filepath.Dir(path))
}
