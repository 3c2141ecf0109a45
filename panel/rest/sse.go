package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// sendTimeout is how long a reader of an event stream may take nothing before it is given up.
const sendTimeout = 10 * time.Second

// Stream writes server-sent events. It belongs to one goroutine.
type Stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// OpenStream sends the headers of an event stream and lifts the server's write deadline for it.
func OpenStream(w http.ResponseWriter) (*Stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := &Stream{w, http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	return s, s.Heartbeat() // a compressing writer sends headers only with a first byte
}

// Send writes one event.
func (s *Stream) Send(event string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, b))
}

// Heartbeat keeps proxies from closing a quiet stream.
func (s *Stream) Heartbeat() error { return s.write(": \n\n") }

// write lifts the deadline again afterwards: on HTTP/2 one that passes between two events resets the stream.
func (s *Stream) write(text string) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("set write deadline: %w", err)
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := s.rc.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return s.rc.SetWriteDeadline(time.Time{})
}
