// Package metrics answers what a server is doing and what it did: the last document, the agent's word of this moment,
// history, charts with the events of their time, and the fleet's sparklines. It is not what fills the database, which is panel/scrape, nor the API for
// other tools, which is panel/promapi.
//
// Start at chart.go: a chart is a definition of package dashboards, a window of time cut into steps (window.go) and
// one range query per line.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"monitoring/agent/api"
	"monitoring/dashboards"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/tsdb"
)

const (
	queryTimeout = 20 * time.Second // of all queries of one request together
	queryLimit   = 4                // queries at once, over all requests: a page asks for ten charts in one go
)

// Fleet is what the feature asks of *fleet.Service. Tests put agents without TLS behind it.
type Fleet interface {
	Server(id int64) (storage.Server, error)
	Active() []storage.Server
	Client(id int64) (*api.Client, error)
}

// Options is what the feature needs.
type Options struct {
	DB       *tsdb.DB
	Store    *postgres.Store
	Fleet    Fleet
	Last     func(id int64) (api.Metrics, time.Time, bool) // the last document of a server
	Interval func() time.Duration                          // the scrape interval in force
	Pages    dashboards.Pages
	Log      *slog.Logger
}

// Service holds the handlers.
type Service struct {
	db       *tsdb.DB
	store    *postgres.Store
	fleet    Fleet
	last     func(id int64) (api.Metrics, time.Time, bool)
	interval func() time.Duration
	pages    dashboards.Pages
	log      *slog.Logger

	agentTimeout time.Duration // of a question to an agent while a person waits

	slots      chan struct{} // one per running query
	beginnings *beginnings
	sparklines *sparklineCache
}

// New returns a Service.
func New(o Options) *Service {
	return &Service{
		db: o.DB, store: o.Store, fleet: o.Fleet, last: o.Last, interval: o.Interval, pages: o.Pages, log: o.Log,
		agentTimeout: 5 * time.Second,
		slots:        make(chan struct{}, queryLimit), beginnings: newBeginnings(), sparklines: newSparklineCache(),
	}
}

// Routes are mounted at /api/proxy/{id}.
func (s *Service) Routes(r rest.Router) {
	r.Get("/metrics", s.current)
	r.Get("/metrics/live", s.live)
	r.Get("/metrics/history", s.history)
	r.Get("/metrics/chart/{chart}", s.chart)
	r.Get("/processes", s.processes)
	r.Get("/events", s.events)
}

// FleetRoutes are mounted at /api/fleet.
func (s *Service) FleetRoutes(r rest.Router) { r.Get("/sparklines", s.fleetSparklines) }

// DashboardRoutes are mounted at /api/dashboards.
func (s *Service) DashboardRoutes(r rest.Router) { r.Get("/{page}", s.page) }

func (s *Service) page(w http.ResponseWriter, r *http.Request) error {
	page, ok := s.pages[rest.Param(r, "page")]
	if !ok {
		return storage.ErrNotFound
	}
	return rest.Encode(w, http.StatusOK, page)
}

// server returns the server that the path names.
func (s *Service) server(r *http.Request) (storage.Server, error) {
	id, err := rest.ID(r, "id")
	if err != nil {
		return storage.Server{}, err
	}
	return s.fleet.Server(id)
}

// queryRange runs one range query when a slot is free.
func (s *Service) queryRange(ctx context.Context, expr string, w window) ([]storage.Series, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	series, err := s.db.QueryRange(ctx, expr, w.first(), w.to, w.step)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	return series, nil
}

// leastStep is how wide the points of a span must be at least: of rollups two make a point. A twentieth of the span may
// have lost its finer samples already, as the begin of the last 24 hours has when that is how long they are kept.
func (s *Service) leastStep(sp span) time.Duration {
	return 2 * s.db.ResolutionAt(sp.from.Add(sp.length/20), time.Now())
}

// overload turns an error of a query into an answer when the reason is that there is too much to do.
func (s *Service) overload(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, tsdb.ErrBusy):
		return rest.Fail(http.StatusServiceUnavailable, "busy", "too many queries are running: try again in a moment")
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		s.log.Warn("query took too long", "limit", queryTimeout, "err", err)
		return rest.Fail(http.StatusServiceUnavailable, "query_timeout", "the query took longer than %v: ask for a shorter period", queryTimeout)
	}
	return err
}
