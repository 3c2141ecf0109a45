// Package scrape polls every agent's metrics pages at the configured interval into the time-series database. It does
// not interpret metrics, and it keeps no status of servers: what it learns of reachability goes to fleet.
//
// A target is one server and one set of its metrics ("host", "services"); each has a goroutine, a schedule and a
// deadline of its own, so one that hangs delays no other. Start reading at target.go.
package scrape

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// Limits of what one target may send; a page beyond them is refused as a whole. Its bytes are limited by agent/api.
const (
	maxSamples    = 50_000
	maxLabels     = 64
	maxLabelName  = 256
	maxLabelValue = 4096
)

// reserved are the names of what the panel measures and its rules record: a node that used them could raise or hide
// alerts about the panel, and break queries that join with panel_server_info.
var reserved = []string{"panel_", "prometheus_", "ALERTS"}

// Options are what a Scraper needs.
type Options struct {
	Fleet            *fleet.Service
	DB               *tsdb.DB
	Interval         func() time.Duration // of the host set, asked anew before each scrape
	ServicesInterval func() time.Duration
	Log              *slog.Logger
	Registerer       prometheus.Registerer
	Self             prometheus.Gatherer // the panel's own metrics; nil leaves them out
	OnLive           func(id int64)      // called after each host scrape, good or bad; may be nil
}

// Scraper polls the fleet.
type Scraper struct {
	servers    servers
	store      store
	interval   func() time.Duration
	services   func() time.Duration
	log        *slog.Logger
	self       prometheus.Gatherer
	onLive     func(id int64)
	wall       func() time.Time // tests make it jump
	counters   *counters
	lags       lagRing
	missed     atomic.Uint64
	dropped    atomic.Uint64
	complained atomic.Int64 // when a failing store was last logged, Unix nanoseconds
	room       room         // for what servers send
	mu         sync.RWMutex
	latest     map[int64]latest // by server; only active ones
	outcomes   map[key]outcome  // by target; only wanted ones
}

// latest is what is known of a server since it became active.
type latest struct {
	document *document // nil before the first one
	failing  bool
}

// servers is what the scraper needs of fleet.Service.
type servers interface {
	Active() []storage.Server
	Subscribe() (<-chan struct{}, func())
	Client(id int64) (*api.Client, error)
	Report(id int64, err error, at time.Time)
}

// store opens the memory of one target's pages; reserved are the beginnings of names that it must not use.
type store func(labels []storage.Label, reserved ...string) exposition

// exposition is what the scraper needs of tsdb.Exposition.
type exposition interface {
	Append(page []byte, at time.Time) (tsdb.ExpositionStats, error)
	AppendMeta(samples ...storage.Sample) error
	Stale(at time.Time) error
}

// New returns a Scraper; Run starts it.
func New(o Options) *Scraper {
	return newScraper(o, o.Fleet, storeOf(o.DB))
}

func storeOf(db *tsdb.DB) store {
	return func(labels []storage.Label, reserved ...string) exposition {
		return db.NewExposition(tsdb.ExpositionOptions{Labels: labels, Reserved: reserved, SampleLimit: maxSamples,
			LabelLimit: maxLabels, LabelNameLimit: maxLabelName, LabelValueLimit: maxLabelValue})
	}
}

func newScraper(o Options, fleet servers, open store) *Scraper {
	s := &Scraper{
		servers: fleet, store: open, interval: o.Interval, services: o.ServicesInterval, log: o.Log, self: o.Self,
		onLive: o.OnLive, wall: time.Now, counters: newCounters(o.Registerer), latest: map[int64]latest{}, outcomes: map[key]outcome{},
		room: room{left: sharedRoom},
	}
	if s.onLive == nil {
		s.onLive = func(int64) {}
	}
	return s
}

// Run scrapes until ctx is done. A server that is added, changed, disabled or deleted is taken up at once.
func (s *Scraper) Run(ctx context.Context) error {
	changes, stop := s.servers.Subscribe()
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.runSelf(ctx) })
	loops := map[key]loop{}
	for {
		s.reconcile(ctx, g, loops)
		select {
		case <-ctx.Done():
			return g.Wait()
		case <-changes:
		}
	}
}

// Last returns the newest metrics document of a server and when it came; false before the first one.
func (s *Scraper) Last(id int64) (api.Metrics, time.Time, bool) {
	s.mu.RLock()
	d := s.latest[id].document
	s.mu.RUnlock()
	if d == nil {
		return api.Metrics{}, time.Time{}, false
	}
	m, err := d.metrics()
	if err != nil {
		return api.Metrics{}, time.Time{}, false
	}
	return m, d.at, true
}

// storeFailed logs that samples were not written, once a minute: a full disk fails every scrape.
func (s *Scraper) storeFailed(err error) {
	now := time.Now().UnixNano()
	if last := s.complained.Load(); now-last >= int64(time.Minute) && s.complained.CompareAndSwap(last, now) {
		s.log.Error("write scraped samples", "err", err)
	}
}

// Stats are the figures of the health page.
type Stats struct {
	Targets        int           // servers that are being scraped
	Failing        int           // of them, those whose last scrape failed
	LagP99         time.Duration // of scrape starts in the last five minutes
	Missed         uint64        // scrapes left out since the start of the panel
	DroppedSamples uint64
}

// Stats returns the present figures.
func (s *Scraper) Stats() Stats {
	out := Stats{LagP99: s.lags.p99(time.Now()), Missed: s.missed.Load(), DroppedSamples: s.dropped.Load()}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out.Targets = len(s.latest)
	for _, l := range s.latest {
		if l.failing {
			out.Failing++
		}
	}
	return out
}
