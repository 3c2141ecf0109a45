package tsdb

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
	vmstorage "github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
)

// This file opens a storage of the engine and keeps it; vmrows.go writes to it, vmsearch.go and vmlabels.go read.

const (
	// engineFlush is how long the engine keeps rows in memory before it writes them to disk, at most twice as long. The log
	// has them meanwhile. After two seconds, the engine's minimum, it writes small files only to merge them away.
	engineFlush      = 15 * time.Second
	futureLimit      = 48 * time.Hour // how far ahead of the clock the engine takes samples
	keepAllPrecision = 64             // bits
	// The engine gets a higher limit than the caller so that "too many" is told by a count and not by an error text.
	engineLimitFactor = 10
	minTime           = int64(86400000) // Unix milliseconds; the engine's day index begins with 1970-01-02
	// The end of the engine's own time axis is far beyond; this keeps date arithmetic away from overflow.
	maxTime = int64(4102444800000) // 2100-01-01, Unix milliseconds
)

// onDiskAfter is when rows that the engine got are on disk for certain.
func onDiskAfter(flush time.Duration) time.Duration { return 2*flush + 10*time.Second }

var engineSetup sync.Once

// setUpEngine sets what lib/storage keeps per process: its flags, its logger and its limits. It needs parsed flags, and
// nobody else in our programs parses flag.CommandLine. With less than minFree bytes of space the engine takes no rows and
// merges nothing.
func setUpEngine(memoryBytes int, minFree uint64, flush time.Duration) {
	engineSetup.Do(func() {
		if !flag.Parsed() {
			_ = flag.CommandLine.Parse(nil) // no arguments, no error
		}
		mustSet := func(name, value string) {
			if err := flag.Set(name, value); err != nil {
				panic(fmt.Errorf("set up storage engine: flag %s: %w", name, err))
			}
		}
		mustSet("memory.allowedBytes", strconv.Itoa(memoryBytes))
		mustSet("loggerLevel", "ERROR")
		logger.InitNoLogFlags()
		vmstorage.SetDataFlushInterval(flush)
		// No cache of selectors: the engine empties it up to 10 s after a flush, so a selector asked before a series was
		// born would not find it for as long. Without it an instant query takes about 20 µs more.
		vmstorage.SetTagFiltersCacheSize(1)
		vmstorage.SetFreeDiskSpaceLimit(int64(min(minFree, math.MaxInt64)))
	})
}

// vmMemory is what a storage may take for caches of its own, in bytes. The engine's default is 37 % and 10 % of all.
type vmMemory struct {
	ids   int // to find a series when a row of it comes; a storage with more active series than fit here (about 120 bytes each) gets slow
	names int // to name the series that a query found; one that does not fit costs an index lookup of about 50 µs
}

// vm is one open storage of the engine.
type vm struct {
	mu        sync.RWMutex // held for reading while s is in use; never waited for in writing, so readers may nest
	s         *vmstorage.Storage
	retention time.Duration
	inserts   chan struct{} // the engine wants at most one insert per CPU at a time
	added     atomic.Uint64 // rows given to the engine
	flushed   atomic.Uint64 // rows added when the last flush began
	refreshes sync.Mutex    // one at a time; guards refreshed
	refreshed time.Time     // when the last one began
}

// savedCaches are caches that the engine writes when it is closed, to begin with. Read back, each takes 32 MB of memory
// for however few series, since every page of it has been written then; made anew, it takes what the series need, and
// finding them costs some seconds of CPU with 500 servers.
var savedCaches = []string{"metricName_tsid", "metricID_tsid", "metricID_metricName"}

// opening guards the sizes of caches, which the engine keeps per process and reads when a storage is opened.
var opening sync.Mutex

func openVM(t *tier) *vm {
	opening.Lock()
	defer opening.Unlock()
	for _, name := range savedCaches {
		_ = os.RemoveAll(filepath.Join(t.dir, "cache", name)) // one that stays takes memory, no more
	}
	vmstorage.SetTSIDCacheSize(t.memory.ids)
	vmstorage.SetMetricNameCacheSize(t.memory.names)
	return &vm{
		s:         vmstorage.MustOpenStorage(t.dir, vmstorage.OpenOptions{Retention: t.retention, DisablePerDayIndex: !t.daily}),
		retention: t.retention,
		inserts:   make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

// reopen calls f while the storage is closed. It waits for a moment in which nobody uses it; who comes then waits.
func (v *vm) reopen(ctx context.Context, t *tier, f func() error) error {
	for !v.mu.TryLock() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for running queries: %w", ctx.Err())
		case <-time.After(reopenRetry):
		}
	}
	defer v.mu.Unlock()
	v.s.MustClose()
	err := f()
	v.s = openVM(t).s
	return err
}

func (v *vm) close() { v.s.MustClose() }

// flush makes all added rows visible to searches.
func (v *vm) flush() {
	v.mu.RLock()
	defer v.mu.RUnlock()
	v.s.DebugFlush()
}

// flushAdded flushes when rows were added since the last time.
func (v *vm) flushAdded() {
	added := v.added.Load()
	if added == v.flushed.Load() {
		return
	}
	v.flush()
	v.flushed.Store(added)
}

// refresh makes rows visible that were added a moment ago or earlier. Every read begins with it, so that freshness costs
// nothing while nobody looks.
func (v *vm) refresh() {
	if v.added.Load() == v.flushed.Load() {
		return
	}
	v.refreshes.Lock()
	defer v.refreshes.Unlock()
	if now := time.Now(); now.Sub(v.refreshed) >= maxInvisible {
		v.refreshed = now
		v.flushAdded()
	}
}

// bounds are the oldest and newest time in Unix milliseconds that can be stored now.
type bounds struct{ min, max int64 }

func (v *vm) bounds() bounds {
	now := time.Now()
	// One minute of slack: the engine reads its own coarse clock.
	return bounds{max(minTime, now.Add(-v.retention+time.Minute).UnixMilli()), now.Add(futureLimit - time.Minute).UnixMilli()}
}

// readOnly tells that the disk is nearly full.
func (v *vm) readOnly() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.s.IsReadOnly()
}

// vmStats are the engine's own counters.
type vmStats struct {
	activeSeries, newSeries, tooOld, tooNew uint64
	storedRows, diskBytes                   uint64
}

func (v *vm) stats() vmStats {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var m vmstorage.Metrics
	v.s.UpdateMetrics(&m)
	return vmStats{
		activeSeries: m.HourMetricIDCacheSize,
		newSeries:    m.NewTimeseriesCreated,
		tooOld:       m.TooSmallTimestampRows,
		tooNew:       m.TooBigTimestampRows,
		storedRows:   m.TableMetrics.TotalRowsCount(),
		diskBytes:    m.TableMetrics.SmallSizeBytes + m.TableMetrics.BigSizeBytes + m.TableMetrics.IndexDBMetrics.FileSizeBytes,
	}
}
