package fleet

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync"
	"text/template"
	"time"

	"monitoring/storage"
)

//go:embed install.sh
var installScript string

var installTemplate = template.Must(template.New("install.sh").Delims("@@", "@@").Parse(installScript))

// script fills the install script in. Every value is quoted for the shell.
func (s *Service) script(code string, t storage.InstallToken, srv storage.Server) (string, error) {
	_, port, err := net.SplitHostPort(srv.Instance())
	if err != nil {
		return "", fmt.Errorf("write install script: %w", err)
	}
	preset := t.Preset
	if !validPreset(preset) {
		preset = PresetMonitor
	}
	var b strings.Builder
	err = installTemplate.Execute(&b, map[string]string{
		"Base":   shellQuote(s.o.PublicURL() + "/api/join/" + code),
		"Panel":  shellQuote(s.o.PublicURL()),
		"Server": shellQuote(srv.Name),
		"Port":   shellQuote(port),
		"Preset": shellQuote(preset),
		"AMD64":  shellQuote(s.binaries.sum("amd64")),
		"ARM64":  shellQuote(s.binaries.sum("arm64")),
	})
	if err != nil {
		return "", fmt.Errorf("write install script: %w", err)
	}
	return b.String(), nil
}

// shellQuote makes one word of any text; line ends, which could confuse a reader of the script, become spaces.
func shellQuote(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// binaries are the agents that the panel carries, with the checksums that the install script demands.
type binaries struct {
	fs   fs.FS
	mu   sync.Mutex
	sums map[string]binarySum
}

type binarySum struct {
	size    int64
	modTime time.Time
	hex     string
}

type binaryFile interface {
	fs.File
	io.Seeker
}

func (b *binaries) open(arch string) (binaryFile, error) {
	if b.fs == nil {
		return nil, fs.ErrNotExist
	}
	f, err := b.fs.Open("agent-linux-" + arch)
	if err != nil {
		return nil, err
	}
	seeker, ok := f.(binaryFile)
	if !ok {
		_ = f.Close()
		return nil, errors.New("the file cannot seek")
	}
	return seeker, nil
}

// sum returns the SHA-256 of a binary in hex, "" if there is none; it is computed once per version of the file.
func (b *binaries) sum(arch string) string {
	f, err := b.open(arch)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := b.sums[arch]; known.hex != "" && known.size == info.Size() && known.modTime.Equal(info.ModTime()) {
		return known.hex
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	sum := binarySum{info.Size(), info.ModTime(), hex.EncodeToString(h.Sum(nil))}
	b.sums[arch] = sum
	return sum.hex
}
