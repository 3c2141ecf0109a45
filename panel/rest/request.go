package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"sync"
	"time"
)

// bodyTimeout is how long a request's body may take to arrive.
const bodyTimeout = 30 * time.Second

// request is what the kit remembers about one request. Several goroutines of a handler may use it.
type request struct {
	id      string
	tracker *tracker

	mu             sync.Mutex
	target, detail string
	hide           bool
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	req, _ := ctx.Value(requestKey{}).(*request)
	return req
}

// begin gives a request its id, and its body a size limit and a deadline.
func begin(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	req := &request{id: newRequestID(), tracker: &tracker{ResponseWriter: w}}
	w.Header().Set("X-Request-Id", req.id)
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, req))
	if r.Body != nil && r.Body != http.NoBody {
		rc := http.NewResponseController(w)
		_ = rc.SetReadDeadline(time.Now().Add(bodyTimeout)) // a writer without deadlines is a test's
		r.Body = &timedBody{http.MaxBytesReader(w, r.Body, MaxBody), rc}
	}
	return req.tracker, r
}

func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// RequestID returns the id of the request that ctx belongs to; answers carry it in X-Request-Id.
func RequestID(ctx context.Context) string {
	if req := requestOf(ctx); req != nil {
		return req.id
	}
	return ""
}

// Note tells the audit log what a request acted on and how. Secrets do not belong in it. The last call wins.
func Note(ctx context.Context, target, detail string) {
	if req := requestOf(ctx); req != nil {
		req.mu.Lock()
		defer req.mu.Unlock()
		req.target, req.detail = target, detail
	}
}

// Noted returns what Note was last called with.
func Noted(ctx context.Context) (target, detail string) {
	req := requestOf(ctx)
	if req == nil {
		return "", ""
	}
	req.mu.Lock()
	defer req.mu.Unlock()
	return req.target, req.detail
}

// Status returns the status that was sent so far; 0 means none, as after a drop.
func Status(ctx context.Context) int {
	if req := requestOf(ctx); req != nil {
		return req.tracker.sent()
	}
	return 0
}

// HideErrors makes every error of this request a drop: a stranger learns nothing from a mistake.
func HideErrors(ctx context.Context) {
	if req := requestOf(ctx); req != nil {
		req.mu.Lock()
		defer req.mu.Unlock()
		req.hide = true
	}
}

func hidden(ctx context.Context) bool {
	req := requestOf(ctx)
	if req == nil {
		return false
	}
	req.mu.Lock()
	defer req.mu.Unlock()
	return req.hide
}

// timedBody lifts the read deadline once the body is there. Left in place it would end a long answer, since net/http
// keeps reading from the connection and cancels the request when that fails.
type timedBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

// tracker remembers the status of an answer.
type tracker struct {
	http.ResponseWriter
	mu     sync.Mutex
	status int
}

func (t *tracker) WriteHeader(status int) {
	if status >= http.StatusOK {
		t.note(status)
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(b []byte) (int, error) {
	t.note(http.StatusOK)
	return t.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *tracker) note(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == 0 {
		t.status = status
	}
}

func (t *tracker) sent() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}
