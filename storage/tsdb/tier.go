package tsdb

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"monitoring/storage"
)

// Retention says how long each tier keeps its samples. 0 means the default.
type Retention struct {
	Raw         time.Duration // samples as scraped
	FiveMinutes time.Duration // rollups of raw
	Hour        time.Duration // rollups of rollups
}

// Defaults and minima of Retention. A day of raw samples is what rollups need to find the step over a gap.
const (
	day = 24 * time.Hour

	DefaultRetentionRaw         = 14 * day
	DefaultRetentionFiveMinutes = 90 * day
	DefaultRetentionHour        = 2 * 365 * day

	MinRetentionRaw         = day
	MinRetentionFiveMinutes = day
	MinRetentionHour        = 365 * day
)

func (r *Retention) check() error {
	for _, f := range []struct {
		field    string
		value    *time.Duration
		def, min time.Duration
	}{
		{"retention.raw", &r.Raw, DefaultRetentionRaw, MinRetentionRaw},
		{"retention.five_minutes", &r.FiveMinutes, DefaultRetentionFiveMinutes, MinRetentionFiveMinutes},
		{"retention.hour", &r.Hour, DefaultRetentionHour, MinRetentionHour},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < f.min {
			return storage.Invalid(f.field, "give at least %d days", f.min/day)
		}
	}
	return nil
}

// A tier is one storage of the engine: samples of one resolution.
type tier struct {
	name       string // of its directory; value of the label tier
	resolution time.Duration
	retention  time.Duration
	dir        string
	memory     vmMemory
	daily      bool // has an index per day
	vm         *vm  // nil until open
	queryable  *queryable

	finished *atomic.Int64 // of the job that fills the tier; nil for raw

	// floor is the oldest time that is kept, Unix milliseconds, when something else than the retention decides it, as a
	// size budget does; 0 when nothing does.
	floor atomic.Int64
}

// newTiers lists the tiers, the finest first; none is open.
func newTiers(o Options) []*tier {
	share := func(percent int) int { return o.MemoryBytes / 100 * percent }
	tiers := []*tier{
		{name: "raw", resolution: 0, retention: o.Retention.Raw, memory: vmMemory{share(37), share(25)}, daily: true},
		{name: "5m", resolution: 5 * time.Minute, retention: o.Retention.FiveMinutes, memory: vmMemory{share(30), share(10)}, daily: true},
		// Written once an hour and asked for long ranges: an index per day would be ten times as large and of no use.
		{name: "1h", resolution: time.Hour, retention: o.Retention.Hour, memory: vmMemory{share(15), share(10)}, daily: false},
	}
	for _, t := range tiers {
		t.dir = filepath.Join(o.Dir, t.name)
	}
	return tiers
}

func (t *tier) open() { t.vm = openVM(t) }

// oldest is the oldest time that the tier keeps, Unix milliseconds.
func (t *tier) oldest(now time.Time) int64 {
	return max(now.Add(-t.retention).UnixMilli(), t.floor.Load(), minTime)
}

// ready reports whether there is anything in the tier yet.
func (t *tier) ready() bool { return t.resolution == 0 || t.finished.Load() > 0 }

// bytes returns the size of all files of the tier.
func (t *tier) bytes() (uint64, error) { return dirBytes(t.dir) }

// dirBytes adds up the files below dir; those that vanish meanwhile, merged away, do not count.
func dirBytes(dir string) (uint64, error) {
	var total uint64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		total += uint64(info.Size())
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", dir, err)
	}
	return total, nil
}

// TierStats describe one tier.
type TierStats struct {
	Name       string        // raw, 5m or 1h
	Resolution time.Duration // 0: as scraped
	Retention  time.Duration
	Bytes      uint64 // on disk
	Samples    uint64
}

// Tiers describes every tier, the finest first.
func (db *DB) Tiers() ([]TierStats, error) {
	if err := db.enter(); err != nil {
		return nil, err
	}
	defer db.calls.Done()
	var list []TierStats
	for _, t := range db.tiers {
		bytes, err := t.bytes()
		if err != nil {
			return nil, err
		}
		list = append(list, TierStats{t.name, t.resolution, t.retention, bytes, t.vm.stats().storedRows})
	}
	return list, nil
}
