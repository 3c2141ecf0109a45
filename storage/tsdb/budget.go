package tsdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"monitoring/durable"
)

// A size budget removes whole months, as the engine stores them. The finest tier gives first, its oldest month first: what
// is lost there is still in the coarser tiers. The current month stays, and so does one that ended less than budgetSafe
// ago, from which rollups may still be made.
const (
	budgetInterval = time.Minute
	budgetSafe     = 24 * time.Hour
	removingDir    = "removing" // months on their way out
	reopenLimit    = 30 * time.Second
	reopenRetry    = 5 * time.Millisecond
)

// runBudget keeps the budget until ctx is done.
func (db *DB) runBudget(ctx context.Context) error {
	if db.budget == 0 {
		<-ctx.Done()
		return nil
	}
	t := time.NewTicker(budgetInterval)
	defer t.Stop()
	for {
		if err := db.enforceBudget(ctx, time.Now()); err != nil && ctx.Err() == nil {
			db.log.Error("keep the size budget of the metrics store", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// enforceBudget removes months until the tiers fit.
func (db *DB) enforceBudget(ctx context.Context, now time.Time) error {
	for {
		used, err := db.tierBytes()
		if err != nil {
			return err
		}
		if used <= db.budget {
			db.overBudget.Store(false)
			return nil
		}
		t, p, err := db.removable(now)
		if err != nil {
			return err
		}
		if t == nil {
			if !db.overBudget.Swap(true) {
				db.log.Error("the metrics store is larger than its budget, and no month is left that may be removed", "bytes", used, "budget", db.budget)
			}
			return nil
		}
		freed, err := p.bytes()
		if err != nil {
			return err
		}
		if err := db.remove(ctx, t, p); err != nil {
			return err
		}
		db.metrics.budgetMonths.WithLabelValues(t.name).Inc()
		db.log.Warn("removed a month of metrics to keep the size budget", "tier", t.name, "partition", p.name, "bytes", freed, "budget", db.budget)
	}
}

// tierBytes is the size of all partitions; the engine's caches come on top.
func (db *DB) tierBytes() (uint64, error) {
	var total uint64
	for _, t := range db.tiers {
		n, err := dirBytes(filepath.Join(t.dir, "data"))
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// removable returns the month that goes next, nil when there is none.
func (db *DB) removable(now time.Time) (*tier, partition, error) {
	for _, t := range db.tiers {
		months, err := partitions(t.dir)
		if err != nil {
			return nil, partition{}, err
		}
		if len(months) == 0 {
			continue
		}
		if oldest := months[len(months)-1]; oldest.end().Add(budgetSafe).Before(now) {
			return t, oldest, nil
		}
	}
	return nil, partition{}, nil
}

// remove takes a month away while everybody waits, for the engine cannot drop one by itself: its storage is closed and
// opened again, which takes a second or so and happens once a month.
func (db *DB) remove(ctx context.Context, t *tier, p partition) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.calls.Done()
	ctx, cancel := context.WithTimeout(ctx, reopenLimit)
	defer cancel()
	gone := filepath.Join(db.dir, removingDir, t.name+"-"+p.name)
	err := t.vm.reopen(ctx, t, func() error {
		t.floor.Store(max(t.floor.Load(), p.end().UnixMilli()))
		return p.moveTo(gone)
	})
	if err != nil {
		return fmt.Errorf("remove %s of tier %s: %w", p.name, t.name, err)
	}
	return finishRemoving(db.dir)
}

// moveTo moves the directories of a partition that is not open.
func (p partition) moveTo(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, kind := range partitionKinds {
		if err := os.Rename(p.dir(kind), filepath.Join(dir, kind)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return durable.SyncDir(dir)
}

// finishRemoving deletes months that were moved out.
func finishRemoving(root string) error {
	if err := os.RemoveAll(filepath.Join(root, removingDir)); err != nil {
		return fmt.Errorf("remove months: %w", err)
	}
	return nil
}

// raiseFloors tells the tiers what they no longer have, so that older times are answered by a coarser one: months in
// quarantine, and those that went for the budget.
func (db *DB) raiseFloors() error {
	lost, err := quarantined(db.dir)
	if err != nil {
		return err
	}
	for _, t := range db.tiers {
		for _, q := range lost {
			if month, err := time.Parse(monthLayout, q.Partition); err == nil && q.Tier == t.name {
				// What came after the move is in a new partition of the same month.
				until := slices.MinFunc([]time.Time{partition{month: month}.end(), q.Time}, time.Time.Compare)
				t.floor.Store(max(t.floor.Load(), until.UnixMilli()))
			}
		}
		if db.budget == 0 {
			continue
		}
		months, err := partitions(t.dir)
		if err != nil {
			return err
		}
		if len(months) > 0 {
			t.floor.Store(max(t.floor.Load(), months[len(months)-1].month.UnixMilli()))
		}
	}
	return nil
}
