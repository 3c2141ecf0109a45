package auth

import (
	"bytes"
	"maps"
	"net/http"
	"sync"
	"time"

	"monitoring/panel/rest"
)

// Limits of what idempotent repeats make the panel remember.
const (
	repeatsKept    = 10 * time.Minute
	maxRepeats     = 1024
	maxRepeatBody  = 64 << 10 // answers to changes are small
	repeatedHeader = "Idempotent-Replay"
)

// repeats remembers the answers to requests with an Idempotency-Key. Browsers send a POST again when its connection
// dies before the answer; the repeat waits for the first and gets its answer. A refusal (4xx) changed nothing and may
// come from a body that was cut off, so it is not remembered: the repeat runs.
type repeats struct {
	mu    sync.Mutex
	byKey map[string]*repeat
	order []*repeat // oldest first
}

type repeat struct {
	key    string
	at     time.Time
	done   chan struct{} // closed when the answer is there, or there will be none
	answer *answer       // nil: the request was dropped or refused
}

type answer struct {
	status   int
	header   http.Header
	body     bytes.Buffer
	tooLarge bool
}

func newRepeats() *repeats { return &repeats{byKey: map[string]*repeat{}} }

// serve runs the first request with key and replays its answer to all others.
func (p *repeats) serve(w http.ResponseWriter, r *http.Request, key string, run func(http.ResponseWriter)) {
	for {
		entry, first := p.enter(key, time.Now())
		if first {
			p.first(w, entry, run)
			return
		}
		select {
		case <-entry.done:
		case <-r.Context().Done():
			return
		}
		if entry.answer != nil {
			entry.answer.replay(w)
			return
		}
	}
}

// enter returns the entry of key; first is true for the caller that has to do the work.
func (p *repeats) enter(key string, now time.Time) (entry *repeat, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.order) > 0 && (len(p.order) >= maxRepeats || now.Sub(p.order[0].at) >= repeatsKept) {
		p.forget(p.order[0])
	}
	if entry := p.byKey[key]; entry != nil {
		return entry, false
	}
	entry = &repeat{key: key, at: now, done: make(chan struct{})}
	p.byKey[key] = entry
	p.order = append(p.order, entry)
	return entry, true
}

func (p *repeats) forget(entry *repeat) {
	if p.byKey[entry.key] == entry {
		delete(p.byKey, entry.key)
	}
	for i, e := range p.order {
		if e == entry {
			p.order = append(p.order[:i:i], p.order[i+1:]...)
			return
		}
	}
}

// first does the work. A panic, which is also how a drop ends on HTTP/2, leaves no answer.
func (p *repeats) first(w http.ResponseWriter, entry *repeat, run func(http.ResponseWriter)) {
	rec := &recorder{ResponseWriter: w, answer: &answer{}}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if status := rec.answer.status; status != 0 && (status < 400 || status >= 500) {
			entry.answer = rec.answer
		} else {
			p.forget(entry)
		}
		close(entry.done)
	}()
	run(rec)
}

func (a *answer) replay(w http.ResponseWriter) {
	w.Header().Set(repeatedHeader, "true")
	if a.tooLarge {
		_ = rest.Encode(w, http.StatusConflict, // an *Error always marshals
			rest.Fail(http.StatusConflict, "already_done", "this request was carried out already; its answer was too long to keep"))
		return
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // the client has gone; nobody is left to tell
}

// recorder copies an answer while it is sent.
type recorder struct {
	http.ResponseWriter
	answer *answer
}

func (c *recorder) WriteHeader(status int) {
	if status >= http.StatusOK && c.answer.status == 0 {
		c.answer.status = status
		c.answer.header = c.Header().Clone()
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *recorder) Write(b []byte) (int, error) {
	if c.answer.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.answer.body.Len()+len(b) > maxRepeatBody {
		c.answer.tooLarge = true
		c.answer.body.Reset()
	} else if !c.answer.tooLarge {
		c.answer.body.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *recorder) Unwrap() http.ResponseWriter { return c.ResponseWriter }
