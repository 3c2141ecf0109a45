// Package tsdb keeps metric samples and answers PromQL about them; it does not scrape, alert or know what a metric means.
//
// Life of a sample: scraper -> Exposition.Append -> rows -> vm.add (vm.go, the storage engine) -> refresh, when somebody asks
// -> Querier (adapter.go) -> PromQL engine (query.go). Start at DB.
//
// There is one storage of the engine per resolution (tier.go). Files whose name begins with vm, and only those, speak to
// VictoriaMetrics' lib/storage, whose API changes from version to version.
package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promstorage "github.com/prometheus/prometheus/storage"
	"golang.org/x/sync/errgroup"

	"monitoring/storage"
)

// Defaults and limits of Options.
const (
	DefaultMemoryBytes = 128 << 20
	minMemoryBytes     = 8 << 20

	maxInvisible = time.Second // how long a row may stay invisible to queries
)

// Options says where samples live and how much they may take.
type Options struct {
	Dir         string // each tier lives in a directory of its own here
	MemoryBytes int    // caches of the storage engine; process-wide, the first Open decides. 0 means DefaultMemoryBytes
	Retention   Retention
	// RollupExclude are metrics that have no rollups and are kept as long as raw samples are. A trailing * stands for any ending.
	RollupExclude []string
	Log           *slog.Logger
	Registerer    prometheus.Registerer // nil: not instrumented

	// Probe is the command line that calls Probe on the directory appended to it, after "-deep" or not. Without it,
	// nobody looks closer after an unclean end.
	Probe []string
	// MinFreeBytes and MinFreePercent are the space of the disk that stays free; 0 means the defaults.
	MinFreeBytes   uint64
	MinFreePercent float64
	// MaxBytes is what all tiers together may take; older months are removed to keep it. 0 means no limit.
	MaxBytes uint64

	segmentAge  time.Duration // of the write-ahead log; tests rotate faster
	engineFlush time.Duration // process-wide, the first Open decides; tests flush faster
}

func (o *Options) check() error {
	if o.Dir == "" {
		return storage.Invalid("dir", "name the directory that keeps the samples")
	}
	if o.MemoryBytes == 0 {
		o.MemoryBytes = DefaultMemoryBytes
	}
	if o.MemoryBytes < minMemoryBytes {
		return storage.Invalid("memory_bytes", "give at least %d bytes", minMemoryBytes)
	}
	if err := o.Retention.check(); err != nil {
		return err
	}
	if o.MinFreeBytes == 0 {
		o.MinFreeBytes = DefaultMinFreeBytes
	}
	if o.MinFreePercent == 0 {
		o.MinFreePercent = DefaultMinFreePercent
	}
	if o.segmentAge == 0 {
		o.segmentAge = walSegmentAge
	}
	if o.engineFlush == 0 {
		o.engineFlush = engineFlush
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// DB is an open database. All methods may be called at the same time.
type DB struct {
	dir           string
	log           *slog.Logger
	lock          *dirLock
	disk          *diskGuard
	budget        uint64 // bytes; 0: none
	overBudget    atomic.Bool
	closeNeeds    uint64  // bytes that the engine may write when it is closed: its caches
	tiers         []*tier // the finest first
	maxRawSamples int64   // of one range query
	raw           *vm     // of the first tier: what is appended goes there
	wal           *wal
	rollup        *rollup
	gates         gates
	promql        *promqlEngines
	metadata      *metadataStore
	metrics       *metrics
	parser        selectorParser

	mu     sync.Mutex // guards closed and every calls.Add
	closed bool
	calls  sync.WaitGroup // running calls; Close waits for them
}

// Open opens or creates the database in o.Dir. A directory is open in one process only.
func Open(o Options) (*DB, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("open tsdb: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open tsdb: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open tsdb: %w", err)
	}
	db := &DB{dir: o.Dir, log: o.Log, lock: lock, tiers: newTiers(o), maxRawSamples: maxRawSamples, closeNeeds: uint64(o.MemoryBytes), budget: o.MaxBytes}
	db.disk = &diskGuard{dir: o.Dir, minBytes: o.MinFreeBytes, minPercent: o.MinFreePercent, log: o.Log}
	db.disk.check()
	if err := db.prepare(o); err != nil {
		return nil, fmt.Errorf("open tsdb: %w", errors.Join(err, lock.release()))
	}
	setUpEngine(o.MemoryBytes, o.MinFreeBytes, o.engineFlush)
	for _, t := range db.tiers {
		t.open()
	}
	db.raw = db.tiers[0].vm
	db.wal = openWAL(filepath.Join(o.Dir, walDir), o.segmentAge, onDiskAfter(o.engineFlush), o.Log)
	db.disk.resume = func() {
		if !db.ReadOnly() { // the engine may see the space a second later
			db.wal.replayKept(db.replayed)
		}
	}
	db.wal.replay(db.replayed)
	db.gates = newGates()
	db.metadata = newMetadataStore()
	db.rollup = newRollup(db, o)
	names := newLabelCache(o.MemoryBytes / 8)
	for _, t := range db.tiers {
		t.queryable = &queryable{db: db, tier: t, labels: names, maxSeries: maxSeries}
	}
	db.parser = newSelectorParser()
	db.metrics = newMetrics(db, o.Registerer)
	db.promql = newPromQLEngines(o.Log, db.metrics.engineRegisterer())
	return db, nil
}

// prepare examines what an earlier process left, before the engine opens it.
func (db *DB) prepare(o Options) error {
	if err := errors.Join(restoreMoving(o.Dir), finishRemoving(o.Dir)); err != nil {
		return err
	}
	unclean, err := markRunning(o.Dir)
	if err != nil {
		if !db.disk.full.Load() {
			return err
		}
		o.Log.Error("the disk is full, the start is not noted", "err", err)
	}
	x := examiner{root: o.Dir, probe: o.Probe, lock: db.lock, log: o.Log}
	if db.disk.full.Load() {
		x.probe = nil // a child that cannot write says nothing about the parts
	}
	x.examine(context.Background(), db.tiers, unclean)
	return db.raiseFloors()
}

// Close waits for running calls, writes what is in memory to disk and closes the database. Every later call fails with ErrClosed.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return ErrClosed
	}
	db.closed = true
	db.mu.Unlock()

	db.calls.Wait()
	db.metrics.unregister()
	if s, err := db.disk.space(); err == nil && s.free < db.closeNeeds {
		// The engine would panic when it saves its caches. What it has in memory is in the log, for the next start.
		return errors.New("close tsdb: the disk is full, so the storages are left as if the process had been killed")
	}
	for _, t := range db.tiers {
		t.vm.close()
	}
	db.wal.close()
	db.rollup.close()
	return errors.Join(markClean(db.dir), db.lock.release())
}

// enter marks a call as running; after nil the caller calls db.calls.Done.
func (db *DB) enter() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return ErrClosed
	}
	db.calls.Add(1)
	return nil
}

// Run runs the loops of the database until ctx is done.
func (db *DB) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return db.wal.Run(ctx) })
	g.Go(func() error { return db.disk.Run(ctx) })
	g.Go(func() error { return db.runBudget(ctx) })
	g.Go(func() error { return db.runRenewal(ctx) })
	g.Go(func() error { return db.runHealthy(ctx) })
	g.Go(func() error { return db.rollup.Run(ctx) })
	return g.Wait()
}

// runHealthy notes that the process lives long enough not to have died of what it opened.
func (db *DB) runHealthy(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(healthyAfter):
	}
	if err := writeRunning(db.dir, 1); err != nil {
		db.log.Error("note a healthy start", "err", err)
	}
	<-ctx.Done()
	return nil
}

// RunOnce makes every row that was appended before the call visible to queries. Queries themselves see those that were
// appended a second before them.
func (db *DB) RunOnce(context.Context) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.calls.Done()
	for _, t := range db.tiers {
		t.vm.flushAdded()
	}
	return nil
}

// Queryable offers the samples as scraped to Prometheus' own packages.
func (db *DB) Queryable() promstorage.Queryable { return db.tiers[0].queryable }

// DiskUsage returns the bytes of all files of the database.
func (db *DB) DiskUsage() (uint64, error) {
	if err := db.enter(); err != nil {
		return 0, err
	}
	defer db.calls.Done()
	return dirBytes(db.dir)
}

// ActiveSeries returns how many series got a sample in this hour or the previous one.
func (db *DB) ActiveSeries() uint64 { return db.stats(db.tiers[0]).activeSeries }
