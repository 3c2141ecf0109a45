package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/control"
)

const (
	actionTimeout = 30 * time.Second
	answerTime    = 10 * time.Second // for the answer itself, after the action
	eventTime     = 10 * time.Second // for one event to be taken
	maxDetail     = 280              // bytes of a failure in a sentence
)

// controlRoutes mounts the subsystems below /v1/.
func (s *Server) controlRoutes() []route {
	var out []route
	for _, sub := range s.o.Control {
		turn := make(chan struct{}, 1) // one change of a subsystem at a time
		inspect := control.Action{Method: http.MethodGet, Do: func(ctx context.Context, _ control.Call) (any, error) { return sub.Inspect(ctx) }}
		for _, a := range append([]control.Action{inspect}, sub.Actions()...) {
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.act(w, r, sub, a, turn) })
			if a.Upgrade != nil {
				h = func(w http.ResponseWriter, r *http.Request) { s.upgrade(w, r, a) }
			}
			out = append(out, route{a.Method, "/v1/" + sub.Name() + a.Path, sub.Domain(), a.Changes(), sub.Name(), h})
		}
	}
	return out
}

// act does one action. What changes something is not called off when the panel hangs up: half a change would be worse
// than one whose answer nobody reads.
func (s *Server) act(w http.ResponseWriter, r *http.Request, sub control.Subsystem, a control.Action, turn chan struct{}) {
	call, err := readCall(w, r, a)
	if err != nil {
		refuseWith(w, err)
		return
	}
	timeout := a.Timeout
	if timeout == 0 {
		timeout = actionTimeout
	}
	ctx := r.Context()
	if a.Changes() && a.Stream == nil {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // else it would pass while we work, and end the request
	_ = rc.SetWriteDeadline(time.Now().Add(timeout + answerTime))
	if a.Changes() && !a.Concurrent {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			refuseWith(w, api.Fail(api.CodeBusy, "another change of %s is being made", sub.Name()))
			return
		}
	}
	began := time.Now()
	if a.Stream != nil {
		err = stream(ctx, w, rc, a, call)
	} else {
		var v any
		if v, err = a.Do(ctx, call); err != nil {
			refuseWith(w, err)
		} else {
			encode(w, http.StatusOK, v)
		}
	}
	if a.Changes() { // the node's own record of what the panel did
		s.o.Log.Info("change", "subsystem", sub.Name(), "action", r.Method+" "+r.URL.Path, "took", time.Since(began).Round(time.Millisecond), "err", err)
	} else if err != nil {
		s.o.Log.Debug("look", "subsystem", sub.Name(), "action", r.Method+" "+r.URL.Path, "err", err)
	}
}

// upgrade hands the connection over. What the subsystem does with it, it writes into the log itself.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, a control.Action) {
	rc := http.NewResponseController(w)
	_, _ = rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{})
	if err := a.Upgrade(w, r); err != nil && !errors.Is(err, control.ErrAnswered) {
		refuseWith(w, err)
	}
}

func readCall(w http.ResponseWriter, r *http.Request, a control.Action) (control.Call, error) {
	c := control.Call{Param: r.PathValue, Query: r.URL.Query(), From: caller(r)}
	if !a.Changes() {
		return c, nil
	}
	limit := a.MaxBody
	if limit == 0 {
		limit = maxBody
	}
	var err error
	if c.Body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		return c, api.Fail(api.CodeInvalid, "the body is larger than %d bytes or was cut off", limit)
	}
	return c, nil
}

// stream sends the events of an action as it works. An error before the first event is an ordinary refusal.
func stream(ctx context.Context, w http.ResponseWriter, rc *http.ResponseController, a control.Action, call control.Call) error {
	open := false
	err := a.Stream(ctx, call, func(event string, v any) error {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		if !open {
			w.Header().Set("Content-Type", "text/event-stream")
			open = true
		}
		_ = rc.SetWriteDeadline(time.Now().Add(eventTime))
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, b); err != nil {
			return fmt.Errorf("write event: %w", err)
		}
		return rc.Flush()
	})
	if err != nil && !open {
		refuseWith(w, err)
	}
	_ = rc.SetWriteDeadline(time.Now().Add(answerTime)) // for the end of the body
	return err
}

// refuseWith answers an error of a subsystem.
func refuseWith(w http.ResponseWriter, err error) {
	var f *api.Failure
	if !errors.As(err, &f) {
		f = &api.Failure{Code: api.CodeFailed, Detail: err.Error()}
	}
	if len(f.Detail) > maxDetail { // a client does not believe a longer one
		f = &api.Failure{Code: f.Code, Field: f.Field, Detail: strings.ToValidUTF8(f.Detail[:maxDetail], ""), Log: f.Detail + "\n" + f.Log}
	}
	encode(w, f.Status(), f)
}
