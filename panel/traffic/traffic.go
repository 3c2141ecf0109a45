// Package traffic answers how many bytes passed a server: by hour, day and month, by interface and by port. The agents
// export counters that only grow; every answer is an increase of them in the time-series database, so that a node that
// was installed anew, or is offline, has its history all the same. Which ports are counted is the agent's to know.
//
// Start at amounts.go: a question is cut into buckets (buckets.go), and each becomes one value of a query.
package traffic

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

const (
	queryTimeout = 30 * time.Second // of all queries of one request together
	queryLimit   = 2                // at once, over all requests: a month of samples is a lot to read
	agentTimeout = 15 * time.Second
	freshEnough  = time.Minute      // of a summary that is answered again
	cycle        = 10 * time.Minute // in which the loop renews the summary of every server
	cyclePause   = time.Second      // the shortest pause between two servers
)

// Fleet is what the feature asks of *fleet.Service.
type Fleet interface {
	fleet.Controller
	Server(id int64) (storage.Server, error)
	Active() []storage.Server
}

// Options of New.
type Options struct {
	DB     *tsdb.DB
	Fleet  Fleet
	Period func() int // days of the summary, a setting
	Log    *slog.Logger
}

// Service holds the handlers and remembers the last summaries.
type Service struct {
	db     *tsdb.DB
	fleet  Fleet
	period func() int
	log    *slog.Logger
	now    func() time.Time

	slots chan struct{} // one per running query

	mu        sync.Mutex
	summaries map[int64]cachedSummary
	tracked   map[int64][]int // as the agents last said
}

type cachedSummary struct {
	at      time.Time
	summary SummaryResponse
}

// New returns a Service.
func New(o Options) *Service {
	return &Service{
		db: o.DB, fleet: o.Fleet, period: o.Period, log: o.Log, now: time.Now,
		slots: make(chan struct{}, queryLimit), summaries: map[int64]cachedSummary{}, tracked: map[int64][]int{},
	}
}

// Run keeps the summaries of all servers at most a cycle old, one server after the other, so that the list of servers
// can show them at no cost.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		servers := s.fleet.Active()
		s.forget(servers)
		pause := max(cyclePause, cycle/time.Duration(len(servers)+1))
		for _, srv := range servers {
			if err := s.RunOnce(ctx, srv.ID); err != nil && ctx.Err() == nil {
				s.log.Warn("sum up traffic", "server", srv.ID, "err", err)
			}
			if !sleep(ctx, pause) {
				return nil
			}
		}
		if !sleep(ctx, pause) {
			return nil
		}
	}
	return nil
}

// RunOnce renews the summary of a server if it is not fresh.
func (s *Service) RunOnce(ctx context.Context, id int64) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	_, err := s.cached(ctx, id)
	return err
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// forget drops what is known of servers that are gone.
func (s *Service) forget(servers []storage.Server) {
	known := map[int64]bool{}
	for _, srv := range servers {
		known[srv.ID] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.summaries {
		if !known[id] {
			delete(s.summaries, id)
		}
	}
	for id := range s.tracked {
		if !known[id] {
			delete(s.tracked, id)
		}
	}
}

// Last returns the last summary of a server, for lists.
func (s *Service) Last(id int64) (t fleet.Traffic, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.summaries[id]
	if !ok {
		return t, false
	}
	total := c.summary.Total
	return fleet.Traffic{RxBytes: uint64(total.RxBytes), TxBytes: uint64(total.TxBytes), Days: total.Days}, true
}

// cached returns a summary of the configured period that is at most freshEnough old.
func (s *Service) cached(ctx context.Context, id int64) (cachedSummary, error) {
	days := s.period()
	s.mu.Lock()
	c, ok := s.summaries[id]
	s.mu.Unlock()
	if ok && c.summary.Days == days && s.now().Sub(c.at) < freshEnough {
		return c, nil
	}
	summary, err := s.summary(ctx, id, days)
	if err != nil {
		return c, err
	}
	c = cachedSummary{s.now(), summary}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.summaries[id] = c
	return c, nil
}

// remember keeps what an agent said about its ports. Summaries name them, so they are out of date.
func (s *Service) remember(id int64, ports []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracked[id] = slices.Clone(ports[:min(len(ports), api.MaxTrackedPorts)])
	delete(s.summaries, id)
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
