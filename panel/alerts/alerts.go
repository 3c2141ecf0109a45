// Package alerts watches the fleet by Prometheus rules and says what is worth a message. It does not send: that is
// package notify.
//
// Life of an alert: Prometheus' rules.Manager evaluates the rules of loader.go: the shipped ones, the operator's files and
// those that generate (triggers.go) makes of the alert settings. For the last, checks.go first writes the series that they
// read. After each evaluation settle (settle.go) compares what is active with what Postgres remembers; deliver.go tells a
// person, a few seconds later and many at once. Everything that must survive a restart is in Postgres when settle returns.
package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
	"golang.org/x/sync/errgroup"

	"monitoring/panel/fleet"
	"monitoring/panel/notify"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/tsdb"
)

const (
	interval       = time.Minute // of a group that does not name its own
	resend         = time.Minute // to an Alertmanager
	storeTimeout   = 20 * time.Second
	reloadInterval = 5 * time.Second // how soon a changed rule file is seen
	upkeepInterval = 10 * time.Minute
	historyLife    = 30 * 24 * time.Hour
	maxOutage      = time.Hour // what was pending longer ago is forgotten
)

// never is a grace period longer than any rule's: it keeps rules.Manager from restoring state, since we do.
const never = 100 * 365 * 24 * time.Hour

// Options of New.
type Options struct {
	Store          *postgres.Store
	DB             *tsdb.DB
	Fleet          *fleet.Service
	Notify         *notify.Service
	ScrapeInterval func() time.Duration
	RulesDir       string // of the operator's rule files
	Link           string // address of the web UI, with the secret path and a slash at the end
	Log            *slog.Logger
	Registerer     prometheus.Registerer
}

// Service is the alerting of one panel.
type Service struct {
	o        Options
	log      *slog.Logger
	settings atomic.Pointer[storage.AlertSettings]
	writing  sync.Mutex // orders writes of the settings and reloads
	loader   *loader
	manager  *rules.Manager
	stop     context.CancelFunc // of running evaluations
	silences *silences
	checks   *checks
	metrics  *metrics
	wake     chan struct{} // there is news to deliver

	backtests sync.Mutex // one at a time: each reads a week of the fleet

	stepsMu sync.Mutex
	steps   map[string]error // that failed at their last try
	loaded  time.Time        // when the rules were

	mu       sync.Mutex // orders everything that changes state
	state    map[key]*storage.Alert
	known    map[string]ruleInfo // by rule: what was learnt at its last evaluation
	restored map[string]bool     // rules whose pending alerts were taken over from before the start
	absent   map[key]time.Time   // since when an alert from before the start is missing
}

// key finds an alert.
type key struct{ rule, fingerprint string }

// ruleInfo is what a page shows of the rule behind an alert.
type ruleInfo struct {
	file, group, expr string
	threshold         *float64
}

// New loads settings and state.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{
		o: o, log: o.Log, loader: newLoader(o.RulesDir), metrics: newMetrics(o.Registerer), wake: make(chan struct{}, 1),
		state: map[key]*storage.Alert{}, known: map[string]ruleInfo{}, restored: map[string]bool{}, absent: map[key]time.Time{},
		steps: map[string]error{}, loaded: time.Now(),
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	s.manager = s.newManager()
	return s, nil
}

func (s *Service) load(ctx context.Context) error {
	v, err := s.o.Store.AlertSettings(ctx)
	if err != nil {
		return fmt.Errorf("read alert settings: %w", err)
	}
	s.settings.Store(&v)
	if s.silences, err = loadSilences(ctx, s.o.Store); err != nil {
		return err
	}
	if s.checks, err = loadChecks(ctx, s.o); err != nil {
		return err
	}
	return s.loadState(ctx)
}

func (s *Service) newManager() *rules.Manager {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	link, err := url.Parse(s.o.Link)
	if err != nil {
		link = &url.URL{}
	}
	return rules.NewManager(&rules.ManagerOptions{
		QueryFunc: s.query, Queryable: s.o.DB.Queryable(), Appendable: appendable{s.o.DB}, NotifyFunc: s.forward,
		ForGracePeriod: never, ResendDelay: resend, ExternalURL: link, Context: ctx,
		GroupLoader: s.loader, Logger: s.log, Registerer: s.o.Registerer,
	})
}

// Run evaluates and delivers until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	if err := s.Reload(); err != nil {
		s.log.Error("load rules", "err", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		go func() { // Manager has no context; it must be running before it can be stopped
			<-ctx.Done()
			s.stop()
			s.manager.Stop()
		}()
		s.manager.Run()
		return nil
	})
	g.Go(func() error { return s.runDelivery(ctx) })
	g.Go(func() error { return s.runReload(ctx) })
	g.Go(func() error { return s.runUpkeep(ctx) })
	return g.Wait()
}

// Settings returns the triggers. The lists are shared: do not change them.
func (s *Service) Settings() storage.AlertSettings { return *s.settings.Load() }

// Update checks and stores the triggers; the rules that follow from them are in force when it returns.
func (s *Service) Update(ctx context.Context, v storage.AlertSettings) error {
	if err := v.Validate(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.o.Store.SetAlertSettings(ctx, v); err != nil {
		return fmt.Errorf("store alert settings: %w", err)
	}
	s.settings.Store(&v)
	if err := s.reloadLocked(); err != nil {
		return err
	}
	s.nudge()
	return nil
}

// RuleGroups returns the groups in evaluation, for the Prometheus API.
func (s *Service) RuleGroups() []*rules.Group { return s.manager.RuleGroups() }

// Reload reads the rule files again. Broken ones are left out and shown; they stop no other.
func (s *Service) Reload() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.reloadLocked()
}

func (s *Service) reloadLocked() error {
	v := s.Settings()
	files := s.loader.read(v)
	s.metrics.broken.Set(float64(len(s.loader.Broken())))
	if err := s.manager.Update(interval, files, labels.EmptyLabels(), s.o.Link, s.evaluate); err != nil {
		return fmt.Errorf("load rules: %w", err)
	}
	s.stepsMu.Lock()
	s.loaded = time.Now()
	s.stepsMu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	return s.forgetRules(ctx, s.loader.Alerts())
}

func (s *Service) runReload(ctx context.Context) error {
	return every(ctx, reloadInterval, func() {
		if !s.loader.changed() {
			return
		}
		if err := s.Reload(); err != nil {
			s.log.Error("load rules", "err", err)
		}
	})
}

func (s *Service) runUpkeep(ctx context.Context) error {
	return every(ctx, upkeepInterval, func() {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		before := time.Now().Add(-historyLife)
		if _, err := s.o.Store.DeleteAlertHistory(ctx, before); err != nil {
			s.log.Error("clear old alert history", "err", err)
		}
		if err := s.o.Store.DeleteOldAlertSilences(ctx, before); err != nil {
			s.log.Error("clear old silences", "err", err)
		}
	})
}

func every(ctx context.Context, interval time.Duration, once func()) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			once()
		}
	}
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default: // the last one was not read yet
	}
}

// clone copies settings with their lists.
func clone(v storage.AlertSettings) (out storage.AlertSettings) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic(err) // numbers, flags and lists
	}
	return out
}
