package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"monitoring/panel/rest"
)

// place is where a path leads.
type place int

const (
	nowhere  place = iota
	api            // a route of the mux
	page           // the web UI
	entrance       // the secret path without its slash
)

// locate finds the place of a path and how many bytes of it are the secret path.
func (s *Service) locate(path string) (place, int) {
	first, rest, slash := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if first == "api" && slash {
		return api, 0
	}
	if !s.isUID(first) || !strings.HasPrefix(path, "/"+first) {
		return nowhere, 0
	}
	cut := len(first) + 1
	switch {
	case !slash:
		return entrance, cut
	case rest == "metrics", rest == "clickhouse", strings.HasPrefix(rest, "api/"), strings.HasPrefix(rest, "prometheus/"), strings.HasPrefix(rest, "clickhouse/"):
		return api, cut
	}
	return page, cut
}

// isUID compares in constant time; hashing first hides the length too.
func (s *Service) isUID(guess string) bool {
	hash := sha256.Sum256([]byte(guess))
	return subtle.ConstantTimeCompare(hash[:], s.uidHash[:]) == 1
}

// FrontDoor is the outermost handler of the panel: it finds out who is calling, sends API paths to mux and everything
// else below the secret path to web, and drops the rest. Both see paths without the secret path.
func (s *Service) FrontDoor(mux, web http.Handler) http.Handler {
	mux, web = rest.Compress(mux), rest.Compress(web)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addr, err := clientAddr(r, s.TrustedProxies)
		if err != nil {
			s.Log.Debug("find client address", "err", err)
			s.drop(w, r, "address")
			return
		}
		v := &visitor{addr: addr}
		target, cut := s.locate(r.URL.Path)
		v.viaUID = cut > 0
		if target == nowhere {
			s.limiter.allow(banKey(addr), time.Now())
			s.drop(w, r, "path")
			return
		}
		r, err = withoutPrefix(r.WithContext(withVisitor(r.Context(), v)), cut)
		if err != nil {
			s.drop(w, r, "path")
			return
		}
		s.setHeaders(w)
		switch target {
		case entrance, page:
			s.servePage(w, r, v, target, web)
		case api:
			s.serveAPI(w, r, v, mux)
		}
	})
}

// servePage serves the UI. Whoever has the secret path may load it, banned or not: it has to tell about the ban, and
// its files, which lie in memory, do not count against the limit.
func (s *Service) servePage(w http.ResponseWriter, r *http.Request, v *visitor, target place, web http.Handler) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.drop(w, r, "method")
		return
	}
	rest.Keep(r)
	if target == entrance {
		to := url.URL{Path: "/" + s.UID + "/", RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, to.String(), http.StatusFound)
		return
	}
	v.nonce = newNonce()
	w.Header().Set("Content-Security-Policy", pagePolicy(v.nonce))
	web.ServeHTTP(w, r)
}

// serveAPI identifies the caller. Bans and the limit stop strangers only.
func (s *Service) serveAPI(w http.ResponseWriter, r *http.Request, v *visitor, mux http.Handler) {
	w.Header().Set("Content-Security-Policy", apiPolicy)
	key := banKey(v.addr)
	if err := s.identify(r, v); err != nil {
		s.refuse(w, r, v, err)
		return
	}
	if !v.known() {
		now := time.Now()
		if !s.limiter.allow(key, now) {
			s.drop(w, r, "limit")
			return
		}
		if _, banned := s.failures.banned(key, now); banned && !tellsStatus(r.URL.Path) {
			s.drop(w, r, "ban")
			return
		}
	}
	mux.ServeHTTP(w, r)
}

// refuse ends a request whose caller could not be identified. Whoever has the secret path is told the truth about a
// database that is down.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, v *visitor, err error) {
	if errors.Is(err, errWrongBearer) {
		s.drop(w, r, "bearer")
		return
	}
	s.Log.Error("identify caller", "err", err)
	if !v.viaUID {
		s.drop(w, r, "error")
		return
	}
	rest.Keep(r)
	rest.WriteError(w, r, s.Log, rest.Fail(http.StatusServiceUnavailable, "database", "the panel's database does not answer"))
}

// tellsStatus names the two questions that a banned caller may ask, so that the UI can explain the ban.
func tellsStatus(path string) bool {
	return path == "/api/auth/ban-status" || path == "/api/auth/check"
}

// withoutPrefix cuts the first n bytes off the path. The secret path needs no escaping, so both forms begin with it.
func withoutPrefix(r *http.Request, n int) (*http.Request, error) {
	if n == 0 {
		return r, nil
	}
	u := *r.URL
	prefix := u.Path[:n]
	u.Path = u.Path[n:]
	if u.RawPath != "" {
		raw, ok := strings.CutPrefix(u.RawPath, prefix)
		if !ok {
			return r, fmt.Errorf("the secret path is escaped in %q", u.RawPath)
		}
		u.RawPath = raw
	}
	r.URL = &u // r is the shallow copy that WithContext made
	return r, nil
}

func (s *Service) drop(w http.ResponseWriter, r *http.Request, reason string) {
	s.metrics.dropped.WithLabelValues(reason).Inc()
	rest.Drop(w, r)
}

// apiPolicy forbids an API answer that is opened as a document to do anything.
const apiPolicy = "default-src 'none'; frame-ancestors 'none'"

// pagePolicy allows the page its own files and the inline scripts that carry the nonce. Styles may be inline: the
// toast library adds a style element when it starts.
func pagePolicy(nonce string) string {
	return "default-src 'none'; script-src 'self' 'nonce-" + nonce + "'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
}

func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Service) setHeaders(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Referrer-Policy", "no-referrer") // the URL holds the secret path
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	if s.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
