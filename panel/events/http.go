package events

import (
	"net/http"
	"time"

	"monitoring/panel/auth"
	"monitoring/panel/rest"
)

// Routes names the endpoint; it is mounted at /api/events.
func (h *Hub) Routes(r rest.Router) {
	r.Get("", h.stream)
}

// Hello is the data of the first event of a stream.
type Hello struct {
	At      int64  `json:"at"` // Unix milliseconds
	Version string `json:"version"`
}

// stream sends events until the client goes, is too slow, or its session ends (which cancels the request).
func (h *Hub) stream(w http.ResponseWriter, r *http.Request) error {
	sub, err := h.subscribe(auth.SessionID(r.Context()) == "")
	if err != nil {
		return err
	}
	defer h.unsubscribe(sub)
	out, err := rest.OpenStream(w)
	if err == nil {
		err = out.Send("hello", Hello{time.Now().UnixMilli(), h.version})
	}
	heartbeat := time.NewTicker(heartbeatInterval)
	defer heartbeat.Stop()
	for err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case <-sub.lost:
			return nil
		case m := <-sub.queue:
			err = out.Send(m.event, m.data)
			heartbeat.Reset(heartbeatInterval)
		case <-heartbeat.C:
			err = out.Heartbeat()
		}
	}
	h.log.Debug("event stream ended", "err", err) // headers are out: there is nobody to answer
	return nil
}
