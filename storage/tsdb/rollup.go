package tsdb

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

const (
	rollupTick = 10 * time.Second
	// rollupDelay is how long after its end a window is rolled up: a sample carries the time at which its scrape was due
	// and comes when the scrape is done.
	rollupDelay = time.Minute
	// rollupChunk is how many windows are written before they are made visible and the next tier gets its turn.
	rollupChunk = 12
	// gapLimit is the longest gap over which the step of a counter is found.
	gapLimit = 24 * time.Hour
)

// rollup fills the coarser tiers from the finer ones. Once a window is complete and has been written, it is finished; what
// is finished survives a restart in a small file, and whatever was missed meanwhile is caught up.
type rollup struct {
	db      *DB
	log     *slog.Logger
	state   *rollupState
	jobs    []*rollupJob
	exclude patterns

	mu      sync.Mutex // one run at a time
	failing bool
}

// rollupJob makes one tier of the next finer one.
type rollupJob struct {
	from, to *tier
	exclude  patterns
	kind     func(metric string) string
	now      func() time.Time

	finished atomic.Int64 // end of the newest window that is written and visible, Unix milliseconds; 0: none
	last     int64        // end of the newest window that had samples
}

func newRollup(db *DB, o Options) *rollup {
	r := &rollup{db: db, log: db.log, exclude: o.RollupExclude, state: loadRollupState(filepath.Join(db.dir, rollupFile), onDiskAfter(o.engineFlush), db.log)}
	for i := 1; i < len(db.tiers); i++ {
		j := &rollupJob{from: db.tiers[i-1], to: db.tiers[i], exclude: r.exclude, kind: r.kind, now: time.Now}
		known := r.state.saved.Tiers[j.to.name]
		j.finished.Store(known.Finished)
		j.last = known.Last
		j.to.finished = &j.finished
		r.jobs = append(r.jobs, j)
	}
	return r
}

// kind is the type of a metric as scraped, or as it was known before the last restart.
func (r *rollup) kind(metric string) string {
	if kind := r.db.metadata.kind(metric); kind != "" {
		return kind
	}
	return r.state.saved.Types[metric]
}

// Run rolls up what is due until ctx is done.
func (r *rollup) Run(ctx context.Context) error {
	t := time.NewTicker(rollupTick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := r.db.RollUp(ctx)
		if err != nil && ctx.Err() == nil && !r.failing {
			r.log.Error("roll up samples", "err", err, "retry_after", rollupTick)
		}
		r.failing = err != nil
	}
}

// RollUp finishes every window that is complete, in all tiers. Run does it by itself.
func (db *DB) RollUp(ctx context.Context) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.calls.Done()
	if db.ReadOnly() {
		return nil // what is due is caught up once there is space
	}
	r := db.rollup
	r.mu.Lock()
	defer r.mu.Unlock()
	began := time.Now()
	err := r.runOnce(ctx)
	db.metrics.rollups.observe(time.Since(began), err)
	return err
}

func (r *rollup) runOnce(ctx context.Context) error {
	if r.db.ReadOnly() {
		return ErrReadOnly
	}
	r.db.raw.flushAdded()
	for {
		moved := false
		for _, j := range r.jobs {
			rows, advanced, err := j.advance(ctx)
			r.db.metrics.rollups.rows.WithLabelValues(j.to.name).Add(float64(rows))
			if err != nil {
				return fmt.Errorf("roll up %s: %w", j.to.name, err)
			}
			moved = moved || advanced
		}
		if err := r.save(time.Now()); err != nil {
			return err
		}
		if !moved {
			return nil
		}
	}
}

// limit is the end of the newest window that is complete.
func (j *rollupJob) limit() int64 {
	newest := j.now().Add(-rollupDelay).UnixMilli()
	if j.from.finished != nil {
		newest = j.from.finished.Load()
	}
	return newest - newest%j.to.resolution.Milliseconds()
}

// advance writes the next windows, a chunk of them at most, and finishes them.
func (j *rollupJob) advance(ctx context.Context) (rows int, moved bool, err error) {
	width := j.to.resolution.Milliseconds()
	limit := j.limit()
	now := j.now()
	end := max(j.finished.Load(), j.from.oldest(now), j.to.vm.bounds().min)
	end -= end % width
	if end >= limit {
		return 0, false, nil
	}
	for range rollupChunk {
		if end >= limit {
			break
		}
		n, err := j.rollWindow(ctx, end+width)
		rows += n
		if err != nil {
			return rows, false, err
		}
		end += width
		if n > 0 {
			j.last = end
			continue
		}
		if end, err = j.skip(ctx, end, limit); err != nil {
			return rows, false, err
		}
	}
	if rows > 0 {
		j.to.vm.flushAdded()
	}
	j.finished.Store(end)
	return rows, true, nil
}

// skip returns the begin of the first window after end that has samples, or limit.
func (j *rollupJob) skip(ctx context.Context, end, limit int64) (int64, error) {
	width := j.to.resolution.Milliseconds()
	for _, stride := range []int64{day.Milliseconds(), time.Hour.Milliseconds(), width} {
		for end < limit {
			next := min(end-end%stride+stride, limit)
			found, err := j.from.vm.any(ctx, end+1, next)
			if err != nil {
				return end, err
			}
			if found {
				break
			}
			end = next
		}
	}
	return end, nil
}
