// Package events is the one event stream of a browser tab: it tells which servers have new values and that the list of
// servers has changed. It keeps no history; a client that connects again asks the other endpoints for the present state.
package events

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	batchInterval     = time.Second
	heartbeatInterval = 15 * time.Second
	maxStreams        = 100
	maxOfTokens       = 50 // of them: a program that opens streams without end takes none of a person's
	queueLength       = 16 // events that a slow reader may be behind
)

// Options are what a Hub needs.
type Options struct {
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Fleet      *fleet.Service
	Version    string // of the panel, told in "hello"
}

// Hub hands events to every open stream.
type Hub struct {
	log     *slog.Logger
	version string
	fleet   servers
	metrics hubMetrics

	mu      sync.Mutex
	streams map[*subscriber]struct{}
	dirty   map[int64]struct{} // servers with new values since the last batch
	last    func(id int64) (api.Metrics, time.Time, bool)
}

// servers is what the hub needs of fleet.Service.
type servers interface {
	Server(id int64) (storage.Server, error)
	Subscribe() (<-chan struct{}, func())
}

type hubMetrics struct {
	streams prometheus.Gauge
	sent    prometheus.Counter
	dropped prometheus.Counter
	refused prometheus.Counter
}

// message is an event, encoded once for all streams.
type message struct {
	event string
	data  json.RawMessage
}

// subscriber is one open stream. lost is closed when it was too slow for its queue.
type subscriber struct {
	token bool // it belongs to a program
	queue chan message
	lost  chan struct{}
}

// New returns a Hub; Run starts it.
func New(o Options) *Hub { return newHub(o, o.Fleet) }

func newHub(o Options, fleet servers) *Hub {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	h := &Hub{
		log: o.Log, version: o.Version, fleet: fleet,
		streams: map[*subscriber]struct{}{}, dirty: map[int64]struct{}{},
		last: func(int64) (api.Metrics, time.Time, bool) { return api.Metrics{}, time.Time{}, false },
		metrics: hubMetrics{
			streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_event_streams", Help: "Open event streams."}),
			sent:    counter("panel_events_sent_total", "Events put into the queues of streams."),
			dropped: counter("panel_event_streams_dropped_total", "Event streams that were ended because their reader was too slow."),
			refused: counter("panel_event_streams_refused_total", "Event streams that were refused because too many were open."),
		},
	}
	o.Registerer.MustRegister(h.metrics.streams, h.metrics.sent, h.metrics.dropped, h.metrics.refused)
	return h
}

// SetLast connects the newest documents of the scraper. Call it before Run.
func (h *Hub) SetLast(last func(id int64) (api.Metrics, time.Time, bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = last
}

// Live marks a server whose values or status are new; the next batch carries it.
func (h *Hub) Live(id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) > 0 { // otherwise nobody would hear of it
		h.dirty[id] = struct{}{}
	}
}

// Publish sends an event to every open stream. It never waits: a stream whose queue is full is ended, and its client,
// which has missed something, connects again.
func (h *Hub) Publish(event string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		h.log.Error("encode event", "event", event, "err", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.streams {
		select {
		case s.queue <- message{event, data}:
			h.metrics.sent.Inc()
		default:
			close(s.lost)
			h.remove(s)
			h.metrics.dropped.Inc()
		}
	}
}

// Run sends what has changed, at most once a second, until ctx is done.
func (h *Hub) Run(ctx context.Context) error {
	changes, stop := h.fleet.Subscribe()
	defer stop()
	t := time.NewTicker(batchInterval)
	defer t.Stop()
	listChanged := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
			listChanged = true
		case <-t.C:
			if listChanged {
				h.Publish("fleet", struct{}{})
				listChanged = false
			}
			if err := h.RunOnce(ctx); err != nil {
				h.log.Error("send live values", "err", err)
			}
		}
	}
}

// RunOnce sends the values of the servers that were marked since the last time.
func (h *Hub) RunOnce(context.Context) error {
	ids, last := h.takeDirty()
	batch := make([]LiveServer, 0, len(ids))
	for _, id := range ids {
		srv, err := h.fleet.Server(id)
		if err != nil {
			continue // deleted meanwhile; the "fleet" event tells
		}
		m, at, _ := last(id)
		batch = append(batch, FromMetrics(srv, m, at))
	}
	if len(batch) > 0 {
		h.Publish("live", LiveBatch{batch})
	}
	return nil
}

// LiveBatch is the data of a "live" event.
type LiveBatch struct {
	Servers []LiveServer `json:"servers"`
}

func (h *Hub) takeDirty() ([]int64, func(int64) (api.Metrics, time.Time, bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]int64, 0, len(h.dirty))
	for id := range h.dirty {
		ids = append(ids, id)
	}
	clear(h.dirty)
	slices.Sort(ids)
	return ids, h.last
}

// subscribe opens a queue for a person or the holder of a token, unless there are too many.
func (h *Hub) subscribe(token bool) (*subscriber, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ofTokens := 0
	for s := range h.streams {
		if s.token {
			ofTokens++
		}
	}
	if len(h.streams) >= maxStreams || token && ofTokens >= maxOfTokens {
		h.metrics.refused.Inc()
		return nil, rest.Fail(http.StatusServiceUnavailable, "too_many_streams", "too many event streams are open: close other tabs of the panel")
	}
	s := &subscriber{token: token, queue: make(chan message, queueLength), lost: make(chan struct{})}
	h.streams[s] = struct{}{}
	h.metrics.streams.Set(float64(len(h.streams)))
	return s, nil
}

func (h *Hub) unsubscribe(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(s)
}

// remove needs h.mu.
func (h *Hub) remove(s *subscriber) {
	delete(h.streams, s)
	h.metrics.streams.Set(float64(len(h.streams)))
	if len(h.streams) == 0 {
		clear(h.dirty)
	}
}
