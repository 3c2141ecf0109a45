// Package bulk makes one change on many servers as a job that lives on the panel: closing the tab does not end it, one
// server's failure does not touch another, a server that cannot be reached is told at once. It does not know what the
// changes are about: changes.go maps each to a call of the agent.
//
// Start at job.go (what a job is) and run.go (how it is worked off). A restart of the panel ends jobs; keep.go has what is
// known of them afterwards.
package bulk

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	maxRunning  = 8         // jobs at a time; one more is refused
	maxFinished = 50        // jobs whose results are kept
	keepFor     = time.Hour // after its end
	maxPrinted  = 32 << 20  // bytes that commands of one job printed; of more, each server's first bytes are kept
	allPrinted  = 128 << 20 // of all finished jobs; what the oldest printed is forgotten first
)

// Options of New.
type Options struct {
	Fleet      Fleet
	Store      Store
	Firewall   change.Firewall
	Later      func(ctx context.Context, servers []int64, c change.Change) error // has servers get a change when they are back
	Parallel   func() int                                                        // nodes at a time
	Changed    func(server int64)                                                // is told after each change, made or not: what is remembered of the server is old
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Fleet is what jobs need of fleet.Service.
type Fleet interface {
	fleet.Controller
	Server(id int64) (storage.Server, error)
}

// Service runs jobs and remembers the last ones.
type Service struct {
	o       Options
	log     *slog.Logger
	queue   chan *job
	metrics metrics

	mu   sync.Mutex
	jobs []*job // oldest first
}

type metrics struct {
	running prometheus.Gauge
	results *prometheus.CounterVec
}

// New returns a Service that knows the last jobs of the process before; Run works its own jobs off.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{o: o, log: o.Log, queue: make(chan *job, maxRunning), metrics: metrics{
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_bulk_jobs_running", Help: "Jobs on many servers that are under way."}),
		results: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_bulk_results_total", Help: "What became of single servers of jobs."}, []string{"state"}),
	}}
	if o.Registerer != nil {
		o.Registerer.MustRegister(s.metrics.running, s.metrics.results)
	}
	return s, s.restore(ctx)
}

// Run works jobs off until ctx is done; what is under way then is cancelled.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for {
		select {
		case <-ctx.Done():
			return g.Wait()
		case j := <-s.queue:
			g.Go(func() error {
				s.metrics.running.Inc()
				defer s.metrics.running.Dec()
				s.work(ctx, j)
				return nil
			})
		}
	}
}

// start makes a job of a change for the servers that exist; ids that do not are left out, storage.ErrNotFound if all are.
// With restOf, it does the rest of that job, which only one can.
func (s *Service) start(ctx context.Context, c change.Change, ids []int64, restOf string) (*job, error) {
	j := newJob(rand.Text(), c, time.Now().UTC())
	seen := map[int64]bool{}
	for _, id := range ids {
		srv, err := s.o.Fleet.Server(id)
		if err != nil || seen[id] {
			continue
		}
		seen[id] = true
		j.results = append(j.results, Result{ServerID: id, ServerName: srv.Name, State: Waiting})
	}
	if len(j.results) == 0 {
		return nil, storage.ErrNotFound
	}
	if err := s.admit(j); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, j, restOf); err != nil {
		s.drop(j)
		return nil, err
	}
	s.queue <- j // never blocks: it has room for every running job
	return j, nil
}

// admit adds a job unless too many are running.
func (s *Service) admit(j *job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(time.Now())
	if n := s.running(); n >= maxRunning {
		return rest.Fail(http.StatusConflict, "bulk_busy", "so many jobs are running already; wait for one to end, or cancel it")
	}
	s.jobs = append(s.jobs, j)
	return nil
}

func (s *Service) drop(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = slices.DeleteFunc(s.jobs, func(other *job) bool { return other == j })
}

// running needs s.mu.
func (s *Service) running() (n int) {
	for _, j := range s.jobs {
		if !j.ended() {
			n++
		}
	}
	return n
}

// forget drops finished jobs that are old or too many. It needs s.mu.
func (s *Service) forget(now time.Time) {
	finished := len(s.jobs) - s.running()
	s.jobs = slices.DeleteFunc(s.jobs, func(j *job) bool {
		end := j.endedAt()
		if end.IsZero() || (now.Sub(end) < keepFor && finished <= maxFinished) {
			return false
		}
		finished--
		return true
	})
	printed := 0
	for _, j := range slices.Backward(s.jobs) {
		if !j.ended() {
			continue
		}
		if printed += j.bytesPrinted(); printed > allPrinted {
			printed -= j.forgetPrinted()
		}
	}
}

// job returns a job that is remembered.
func (s *Service) job(id string) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.id == id {
			return j, nil
		}
	}
	return nil, storage.ErrNotFound
}

// list returns the remembered jobs, the newest first.
func (s *Service) list() []*job {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(time.Now())
	out := slices.Clone(s.jobs)
	slices.Reverse(out)
	return out
}
