package simulate

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"monitoring/agent/api"
)

// Behaviour is how an agent answers a request for its metrics page.
type Behaviour int32

// What there is.
const (
	Normal        Behaviour = iota
	Hang                    // takes the request and says nothing
	HangMidBody             // sends half a page and then nothing
	Refuse                  // closes the connection without an answer
	CutOff                  // ends the page in the middle of a line, the HTTP answer being whole
	BrokenBody              // closes the connection in the middle of the body
	Huge                    // larger than any limit
	Binary                  // no text
	MillionSeries           // well-formed, but far too many series
	Slow                    // answers after SlowAnswer
	HTML                    // some web server's page
	WrongType               // a good page that is called an image
	Failing                 // HTTP 500
	Garbled                 // text, but no exposition
	Recorded                // the pages of the recording, each agent as a host of its own
)

// SlowAnswer is how long a slow agent takes.
const SlowAnswer = 2 * time.Second

func (a *Agent) exposition(w http.ResponseWriter, r *http.Request) {
	a.requests.Add(1)
	page := func() []byte {
		return appendPage(nil, linesOf(r.URL.Query().Get("set")), a.seed, time.Since(a.started).Seconds())
	}
	switch Behaviour(a.behaviour.Load()) {
	case Hang:
		a.hang(r)
		panic(http.ErrAbortHandler)
	case HangMidBody:
		b := page()
		_, _ = w.Write(b[:len(b)/2])
		_ = http.NewResponseController(w).Flush()
		a.hang(r)
		panic(http.ErrAbortHandler)
	case Refuse:
		panic(http.ErrAbortHandler)
	case CutOff:
		b := page()
		send(w, r, b[:len(b)-7])
	case BrokenBody:
		b := page()
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b[:len(b)/2])
		panic(http.ErrAbortHandler)
	case Huge:
		sendHuge(w)
	case Binary:
		send(w, r, []byte("\x7fELF\x02\x01\x01\x00\x00\xff\xfe\x00\n"))
	case MillionSeries:
		_, _ = w.Write(millionPage())
	case Slow:
		select {
		case <-time.After(SlowAnswer):
			send(w, r, page())
		case <-r.Context().Done():
		}
	case HTML:
		w.Header().Set("Content-Type", "text/html")
		send(w, r, []byte("<!DOCTYPE html>\n<html><body>It works!</body></html>\n"))
	case WrongType:
		w.Header().Set("Content-Type", "image/png")
		send(w, r, page())
	case Failing:
		http.Error(w, `{"detail":"collector failed"}`, http.StatusInternalServerError)
	case Recorded:
		a.recorded(w, r)
	case Garbled:
		send(w, r, []byte("node_load1 0.5\nthis line is {no metric\nnode_load5 0.4\n"))
	default:
		send(w, r, page())
	}
}

// recorded answers as the recorded agent did; its services are made up.
func (a *Agent) recorded(w http.ResponseWriter, r *http.Request) {
	rec, err := LoadRecording()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if set := r.URL.Query().Get("set"); set == "services" {
		send(w, r, appendPage(nil, linesOf(set), a.seed, time.Since(a.started).Seconds()))
		return
	}
	send(w, r, rec.AppendPage(nil, int(a.seed), time.Since(a.started)))
}

// Plain serves the recorded pages to whoever asks, for programs that do not speak mutual TLS.
func (a *Agent) Plain() http.Handler { return http.HandlerFunc(a.recorded) }

// hang blocks until the client gives up or the agent ends.
func (a *Agent) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-a.closed:
	}
}

var zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
})

func send(w http.ResponseWriter, r *http.Request, page []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "zstd") {
		w.Header().Set("Content-Encoding", "zstd")
		page = zstdEncoder().EncodeAll(page, nil)
	}
	_, _ = w.Write(page) // the client may have gone
}

// sendHuge sends comments until the reader has had enough.
func sendHuge(w http.ResponseWriter) {
	chunk := []byte(strings.Repeat("# padding\n", 1<<15))
	for sent := 0; sent <= api.MaxExposition; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

var millionPage = sync.OnceValue(func() []byte {
	var b []byte
	for i := range int64(1_000_000) {
		b = append(b, `m{n="`...)
		b = strconv.AppendInt(b, i, 10)
		b = append(b, "\"} 1\n"...)
	}
	return b
})

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client has gone; nobody is left to tell
}

func (a *Agent) version(w http.ResponseWriter, _ *http.Request) {
	can := a.allow.Load()
	preset := "custom"
	if len(can.Allow) == 1 {
		preset = "monitor"
	}
	answer(w, api.Version{Version: "0.1.0", AgentID: a.id, ServerName: "sim-" + a.id, Preset: preset, Allow: can.Allow, Capabilities: can.Capabilities})
}

func (a *Agent) document(w http.ResponseWriter, _ *http.Request) {
	answer(w, Document(a.id, time.Since(a.started)))
}
