package rest

import "net/http"

// Drop closes the connection without an answer. HTTP/1.x is hijacked; on HTTP/2 only the stream is reset.
func Drop(w http.ResponseWriter, r *http.Request) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
		return
	}
	panic(http.ErrAbortHandler)
}
