package rest

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// connection is one client connection; HTTP/2 carries many requests on it at the same time.
type connection struct {
	net.Conn
	kept atomic.Bool
}

type connectionKey struct{}

func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{Conn: c})
}

// Keep says that a request was let in, so that a later drop on the same HTTP/2 connection resets its own stream only:
// closing the connection would end a logged-in page's event stream and make the browser send requests again.
func Keep(r *http.Request) {
	if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
		c.kept.Store(true)
	}
}

// Drop ends a request without an answer. An HTTP/1.x connection is closed. On HTTP/2 the stream is reset, and the
// connection is closed too if no request on it was ever let in. Drop may panic with http.ErrAbortHandler.
func Drop(w http.ResponseWriter, r *http.Request) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
		return
	}
	if c, ok := r.Context().Value(connectionKey{}).(*connection); ok && !c.kept.Load() {
		_ = c.Close()
	}
	panic(http.ErrAbortHandler)
}
