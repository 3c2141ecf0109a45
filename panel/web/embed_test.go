package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

var script = "console.log(1);\n" + strings.Repeat("// the same line again\n", 200)

func testHandler(t *testing.T, build fstest.MapFS) http.Handler {
	t.Helper()
	h, err := newHandler(build, Options{UID: "secret", Nonce: func(context.Context) string { return `n"1` }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func shippedBuild() fstest.MapFS {
	return fstest.MapFS{
		".keep":                 {},
		"index.html":            {Data: []byte(`<base href="/__base__/"><script nonce="__nonce__">1</script>`)},
		"favicon.svg":           {Data: []byte("<svg/>")},
		"robots.txt":            {Data: []byte("User-agent: *\nDisallow: /\n")},
		"assets/index-abc.js":   {Data: []byte(script)},
		"assets/geist-ab.woff2": {Data: bytes.Repeat([]byte("font"), 1000)},
	}
}

func get(h http.Handler, method, path, encoding string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://panel.test/x", nil)
	r.URL.Path = path
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	t.Parallel()
	h := testHandler(t, shippedBuild())
	f := func(path string) {
		t.Helper()
		r := get(h, http.MethodGet, path, "gzip")
		want := `<base href="/secret/"><script nonce="n&#34;1">1</script>`
		if got := r.Body.String(); r.Code != http.StatusOK || got != want {
			t.Errorf("%q: %d %q, want the page %q", path, r.Code, got, want)
		}
		if got := r.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%q: Cache-Control %q: a cached page would carry a stale nonce", path, got)
		}
	}
	f("")
	f("/")
	f("/index.html")
	f("/servers/12")
	f("/settings")
	f("/../../etc")
}

func TestFile(t *testing.T) {
	t.Parallel()
	h := testHandler(t, shippedBuild())
	f := func(path, contentType, cacheControl string) {
		t.Helper()
		r := get(h, http.MethodGet, path, "")
		if r.Code != http.StatusOK || r.Header().Get("Content-Type") != contentType || r.Header().Get("Cache-Control") != cacheControl {
			t.Errorf("%s: %d %q %q", path, r.Code, r.Header().Get("Content-Type"), r.Header().Get("Cache-Control"))
		}
		if r.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: encoded for a client that did not ask", path)
		}
	}
	const lasting, brief = "public, max-age=31536000, immutable", "public, max-age=3600"
	f("/assets/index-abc.js", "text/javascript; charset=utf-8", lasting)
	f("/assets/geist-ab.woff2", "font/woff2", lasting)
	f("/favicon.svg", "image/svg+xml", brief)
	f("/robots.txt", "text/plain; charset=utf-8", brief)
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	h := testHandler(t, shippedBuild())
	f := func(path string) {
		t.Helper()
		if r := get(h, http.MethodGet, path, ""); r.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404: an old tab reloads only then", path, r.Code)
		}
	}
	f("/assets/index-older.js")
	f("/assets/")
	f("/favicon.ico")
	f("/.keep")
}

func TestCompression(t *testing.T) {
	t.Parallel()
	h := testHandler(t, shippedBuild())
	f := func(path, accepted, want string) {
		t.Helper()
		r := get(h, http.MethodGet, path, accepted)
		if got := r.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s with %q: encoding %q, want %q", path, accepted, got, want)
		}
	}
	f("/assets/index-abc.js", "gzip, deflate, br", "gzip")
	f("/assets/index-abc.js", "br;q=1, gzip;q=0.5", "gzip")
	f("/assets/index-abc.js", "gzip;q=0", "")
	f("/assets/index-abc.js", "br", "")
	f("/assets/geist-ab.woff2", "gzip", "") // fonts are compressed already
	f("/favicon.svg", "gzip", "")           // too small

	z, err := gzip.NewReader(get(h, http.MethodGet, "/assets/index-abc.js", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(z); err != nil || string(data) != script {
		t.Errorf("unpacked %d bytes (%v), want the %d of the script", len(data), err, len(script))
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	h := testHandler(t, shippedBuild())
	r := get(h, http.MethodHead, "/robots.txt", "")
	if r.Code != http.StatusOK || r.Header().Get("Content-Length") != strconv.Itoa(len("User-agent: *\nDisallow: /\n")) || r.Body.String() != "" {
		t.Errorf("HEAD: %d, length %s", r.Code, r.Header().Get("Content-Length"))
	}
}

func TestWithoutBuild(t *testing.T) {
	t.Parallel()
	h := testHandler(t, fstest.MapFS{".keep": {}})
	r := get(h, http.MethodGet, "/", "")
	if r.Code != http.StatusServiceUnavailable || !strings.Contains(r.Body.String(), "make build") {
		t.Errorf("%d: a panel without its page must say how to build it", r.Code)
	}
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	if _, err := Handler(Options{UID: "secret", Nonce: func(context.Context) string { return "" }}); err != nil {
		t.Error(err)
	}
}
