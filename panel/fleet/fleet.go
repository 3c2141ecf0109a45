// Package fleet knows which servers there are and speaks for the panel to their agents: servers and folders,
// enrolment, the CA, one client per agent, reachability. What an agent says about its machine is not its business.
//
// Start at Service. A server's way in: Create makes a record and an install token (servers.go, join.go); the first
// connection finds the agent with the token's certificate and gives it a lasting one (dial.go, enrol.go); from then on
// Client serves every feature.
package fleet

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

const (
	flushInterval   = 3 * time.Second
	refreshInterval = 30 * time.Second
	upkeepInterval  = time.Hour
	versionInterval = 5 * time.Second
	stopTimeout     = 3 * time.Second
)

// Options of New.
type Options struct {
	Store         *postgres.Store
	Log           *slog.Logger
	DataDir       string        // the CA lives in its directory "ca"
	PublicURL     func() string // scheme and host that nodes reach the panel by, no path
	AgentBinaries fs.FS         // agent-linux-amd64 and agent-linux-arm64
	Registerer    prometheus.Registerer
}

// Service is the fleet. Reads come from memory; the panel is the only writer of its tables.
type Service struct {
	o   Options
	log *slog.Logger
	ca  *authority
	now func() time.Time

	life time.Duration // of lasting certificates

	change sync.Mutex // held over a write to the store and the refresh after it

	mu      sync.RWMutex
	nodes   map[int64]*node
	order   []int64 // by position
	subs    map[chan struct{}]struct{}
	removed []func(storage.Server)
	last    func(int64) (api.Metrics, time.Time, bool)
	traffic func(int64) (Traffic, bool) // nil while nobody counts it
	seen    map[string]time.Time        // lasting certificates whose first use is still to be written

	binaries binaries
	metrics  serviceMetrics
}

type serviceMetrics struct {
	enrolments  *prometheus.CounterVec
	handshakes  *prometheus.CounterVec
	writeErrors prometheus.Counter
}

// New loads the fleet. It makes the CA at the first start.
func New(ctx context.Context, o Options) (*Service, error) {
	return newService(ctx, o, time.Now)
}

func newService(ctx context.Context, o Options, now func() time.Time) (*Service, error) {
	ca, err := openAuthority(filepath.Join(o.DataDir, caDir), now)
	if err != nil {
		return nil, err
	}
	s := &Service{
		o: o, log: o.Log, ca: ca, now: now, life: lastingLife,
		nodes: map[int64]*node{}, subs: map[chan struct{}]struct{}{}, seen: map[string]time.Time{},
		last:     func(int64) (api.Metrics, time.Time, bool) { return api.Metrics{}, time.Time{}, false },
		binaries: binaries{fs: o.AgentBinaries, sums: map[string]binarySum{}},
		metrics: serviceMetrics{
			enrolments:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_fleet_enrolments_total", Help: "Certificates handed to agents, by result."}, []string{"result"}),
			handshakes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_fleet_connects_total", Help: "New connections to agents, by the stage that failed or ok."}, []string{"result"}),
			writeErrors: prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_fleet_status_write_errors_total", Help: "Failed writes of reachability to Postgres; they are repeated."}),
		},
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(s.metrics.enrolments, s.metrics.handshakes, s.metrics.writeErrors)
	}
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Run keeps the fleet until ctx is done, then writes what is still only in memory.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.every(ctx, flushInterval, "write status", s.flush) })
	g.Go(func() error { return s.every(ctx, refreshInterval, "reload servers", s.Refresh) })
	g.Go(func() error { return s.every(ctx, upkeepInterval, "renew certificates", s.upkeep) })
	g.Go(func() error { return s.every(ctx, versionInterval, "read versions", s.readVersions) })
	err := g.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if ferr := s.flush(last); ferr != nil {
		s.log.Error("write status", "err", ferr)
	}
	s.closeAll()
	return err
}

func (s *Service) every(ctx context.Context, interval time.Duration, what string, once func(context.Context) error) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		limited, cancel := context.WithTimeout(ctx, max(interval, 20*time.Second))
		err := once(limited)
		cancel()
		if err != nil && ctx.Err() == nil {
			s.log.Error("do what is due", "step", what, "err", err)
		}
	}
}

// Refresh reads the servers again; what only memory knows is kept.
func (s *Service) Refresh(ctx context.Context) error {
	s.change.Lock()
	defer s.change.Unlock()
	return s.refresh(ctx)
}

// refresh needs s.change, except in New.
func (s *Service) refresh(ctx context.Context) error {
	list, err := s.o.Store.Servers(ctx)
	if err != nil {
		return fmt.Errorf("load servers: %w", err)
	}
	certs := map[int64][]storage.AgentCertificate{} // of servers that are new to us
	for _, srv := range list {
		if s.node(srv.ID) != nil {
			continue
		}
		if certs[srv.ID], err = s.o.Store.AgentCertificates(ctx, srv.ID); err != nil {
			return fmt.Errorf("load certificates: %w", err)
		}
	}
	gone, changed := s.merge(list, certs)
	for _, n := range gone {
		n.close()
		s.tellRemoved(n.server)
	}
	if changed {
		s.notify()
	}
	return nil
}

// merge takes over what the store says; reachability is newer in memory than there.
func (s *Service) merge(list []storage.Server, certs map[int64][]storage.AgentCertificate) (gone []*node, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := make([]int64, len(list))
	known := make(map[int64]bool, len(list))
	for i, srv := range list {
		order[i], known[srv.ID] = srv.ID, true
		n := s.nodes[srv.ID]
		if n == nil {
			s.nodes[srv.ID] = s.newNode(srv, certs[srv.ID])
			changed = true
			continue
		}
		changed = n.adopt(srv) || changed
	}
	for id, n := range s.nodes {
		if !known[id] {
			gone = append(gone, n)
			delete(s.nodes, id)
			changed = true
		}
	}
	changed = changed || !slices.Equal(s.order, order)
	s.order = order
	return gone, changed
}

func (s *Service) node(id int64) *node {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.nodes[id]
}

// All returns every server by position.
func (s *Service) All() []storage.Server {
	return s.list(func(storage.Server) bool { return true })
}

// Active returns the servers that are monitored, by position.
func (s *Service) Active() []storage.Server {
	return s.list(func(srv storage.Server) bool { return srv.IsActive })
}

func (s *Service) list(want func(storage.Server) bool) []storage.Server {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]storage.Server, 0, len(s.order))
	for _, id := range s.order {
		if srv := s.nodes[id].server; want(srv) {
			out = append(out, srv)
		}
	}
	return out
}

// Server returns one server, or storage.ErrNotFound.
func (s *Service) Server(id int64) (storage.Server, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.nodes[id]
	if n == nil {
		return storage.Server{}, storage.ErrNotFound
	}
	return n.server, nil
}

// Client returns the client of a server's agent. It stays the same while the server exists, whatever its address.
func (s *Service) Client(id int64) (*api.Client, error) {
	n := s.node(id)
	if n == nil {
		return nil, storage.ErrNotFound
	}
	return n.client, nil
}

func (s *Service) closeAll() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, n := range s.nodes {
		n.close()
	}
}
