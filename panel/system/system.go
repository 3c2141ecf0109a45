// Package system tells about the panel itself: its address, version, host and health; the machines of the fleet are not
// its business, except for the version of their agents.
package system

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/procfs"

	"monitoring/agent/api"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/clickhouse"
	"monitoring/storage/postgres"
	"monitoring/storage/tsdb"
)

// sampleInterval is the time over which CPU use of the panel's host is measured.
const sampleInterval = 5 * time.Second

// Fleet is what the feature asks of *fleet.Service. Tests put agents without TLS behind it.
type Fleet interface {
	All() []storage.Server
	Client(id int64) (*api.Client, error)
}

// Options is what the feature needs.
type Options struct {
	Fleet      Fleet
	Store      *postgres.Store
	Child      *postgres.Child // nil when Postgres is not the panel's own
	TSDB       *tsdb.DB
	ClickHouse *clickhouse.Store
	Scrape     func() ScrapeStats
	Alerts     func() AlertStats
	Messages   func(context.Context) (MessageStats, error)
	Version    string
	Domain     string // may be empty
	DataDir    string
	Log        *slog.Logger
}

// ScrapeStats is what the scraper says of itself; its fields are those of scrape.Stats.
type ScrapeStats struct {
	Targets        int
	Failing        int
	LagP99         time.Duration
	Missed         uint64
	DroppedSamples uint64
}

// AlertStats is what the alerting says of itself.
type AlertStats struct {
	Rules    int
	Failures []AlertFailure
	Late     time.Duration
	LateName string
}

// AlertFailure is a rule, a rule file or a step that failed.
type AlertFailure struct{ Name, Reason string }

// MessageStats is what waits to be sent.
type MessageStats struct {
	Waiting   int
	Oldest    time.Duration // since it was queued
	LastError string
}

// Service holds the handlers and the last reading of the host.
type Service struct {
	o    Options
	proc procfs.FS

	mu       sync.Mutex
	previous cpuTimes
	busy     *float64 // percent between the last two readings; nil before there are two
}

// New reads the host once, so that the first figures come one interval later.
func New(o Options) (*Service, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, fmt.Errorf("open procfs: %w", err)
	}
	s := &Service{o: o, proc: proc}
	return s, s.RunOnce(context.Background())
}

// Run reads the CPU counters of the host every few seconds until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(sampleInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := s.RunOnce(ctx); err != nil {
				s.o.Log.Error("sample host", "err", err)
			}
		}
	}
}

// RunOnce reads the CPU counters once.
func (s *Service) RunOnce(context.Context) error {
	stat, err := s.proc.Stat()
	if err != nil {
		return fmt.Errorf("read cpu counters: %w", err)
	}
	now := sumCPU(stat.CPUTotal)
	s.mu.Lock()
	defer s.mu.Unlock()
	if percent, ok := now.since(s.previous); ok {
		s.busy = &percent
	}
	s.previous = now
	return nil
}

// Routes are mounted at /api/system.
func (s *Service) Routes(r rest.Router) {
	r.Get("/panel-ip", s.address)
	r.Get("/version", s.version)
	r.Get("/stats", s.stats)
	r.Get("/health", s.health)
	r.Get("/storage", s.storage)
}
