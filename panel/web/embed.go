// Package web serves the built user interface from memory; it is not for the API, and it knows no session.
//
// src/ holds the React app, `npm run build` writes dist/. Without a build the program still compiles (dist/.keep) and
// says at the first request what is missing.
package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Options are what the page needs to know.
type Options struct {
	UID   string                       // the secret path; the page's <base>
	Nonce func(context.Context) string // what its inline script must carry, from the content security policy
}

// Placeholders of index.html, replaced in every answer.
const (
	basePlaceholder  = "/__base__/"
	noncePlaceholder = "__nonce__"
)

// minCompressed is the size below which compressing saves no packet.
const minCompressed = 1400

// file is one file of the build, with its compressed form if that is smaller.
type file struct {
	contentType   string
	cacheControl  string
	plain, zipped []byte
}

type handler struct {
	files map[string]file
	page  string // index.html with the base filled in; empty without a build
	nonce func(context.Context) string
}

// Handler serves the build. Requests arrive with the secret path cut off. Unknown paths get the page, since the
// browser knows the routes; unknown files get 404, so that a tab older than the build reloads itself.
func Handler(opts Options) (http.Handler, error) {
	build, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open web build: %w", err)
	}
	return newHandler(build, opts)
}

func newHandler(build fs.FS, opts Options) (*handler, error) {
	h := &handler{files: map[string]file{}, nonce: opts.Nonce}
	err := fs.WalkDir(build, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") || name == "index.html" {
			return err
		}
		data, err := fs.ReadFile(build, name)
		if err != nil {
			return err
		}
		h.files[name], err = newFile(name, data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read web build: %w", err)
	}
	page, err := fs.ReadFile(build, "index.html")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read web page: %w", err)
	}
	base := html.EscapeString("/" + strings.Trim(opts.UID, "/") + "/")
	h.page = strings.ReplaceAll(string(page), basePlaceholder, base)
	return h, nil
}

func newFile(name string, data []byte) (file, error) {
	f := file{contentType: contentType(name), cacheControl: "public, max-age=3600", plain: data}
	if strings.HasPrefix(name, "assets/") { // these names carry a hash of the content
		f.cacheControl = "public, max-age=31536000, immutable"
	}
	if len(data) < minCompressed || strings.HasPrefix(f.contentType, "font/") {
		return f, nil
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return f, err
	}
	if _, err := z.Write(data); err != nil {
		return f, err
	}
	if err := z.Close(); err != nil {
		return f, err
	}
	if b.Len() < len(data) {
		f.zipped = b.Bytes()
	}
	return f, nil
}

// contentType does not rely on the mime tables of the machine for what the build contains.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if f, ok := h.files[name]; ok {
		f.serve(w, r)
		return
	}
	if strings.HasPrefix(name+"/", "assets/") || (path.Ext(name) != "" && name != "index.html") {
		http.Error(w, "There is no such file in this version of the panel.", http.StatusNotFound)
		return
	}
	if h.page == "" {
		http.Error(w, "This panel was built without its web interface. Run `make build`.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // the nonce is good for one answer
	write(w, r, []byte(strings.ReplaceAll(h.page, noncePlaceholder, html.EscapeString(h.nonce(r.Context())))))
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Cache-Control", f.cacheControl)
	data := f.plain
	if f.zipped != nil {
		w.Header().Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			w.Header().Set("Content-Encoding", "gzip")
			data = f.zipped
		}
	}
	write(w, r, data)
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(coding) == "gzip" {
			quality = strings.TrimSpace(quality)
			return !strings.HasPrefix(quality, "q=0") || strings.ContainsAny(strings.TrimPrefix(quality, "q=0"), "123456789")
		}
	}
	return false
}

// write answers with data; a client that has gone away is nobody to tell about an error.
func write(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
}
