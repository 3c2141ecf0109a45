package tsdb

import (
	"context"
	"fmt"
	"time"
)

// For each month that is written to, the engine keeps buffers of 8 MB per core and tier until its storage is closed: a
// panel that runs for a year would keep a year of them. So the storages are opened anew once a month.
const (
	renewAfter = 10 * time.Minute // of the month: its predecessor's last windows are rolled up
	renewTick  = time.Minute
)

// nextRenewal is the first time after now at which storages are opened anew.
func nextRenewal(now time.Time) time.Time {
	year, month, _ := now.UTC().Date()
	due := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Add(renewAfter)
	if now.Before(due) {
		return due
	}
	return time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC).Add(renewAfter)
}

// runRenewal opens the storages anew when it is due, until ctx is done.
func (db *DB) runRenewal(ctx context.Context) error {
	t := time.NewTicker(renewTick)
	defer t.Stop()
	for due := nextRenewal(time.Now()); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if time.Now().Before(due) {
			continue
		}
		if err := db.renew(ctx); err != nil {
			if ctx.Err() == nil {
				db.log.Error("open the storages anew", "err", err, "retry_after", renewTick)
			}
			continue
		}
		due = nextRenewal(time.Now())
	}
}

// renew closes and opens each storage in a moment when nobody uses it; who comes meanwhile waits, about a second.
func (db *DB) renew(ctx context.Context) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.calls.Done()
	for _, t := range db.tiers {
		if err := db.renewTier(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) renewTier(ctx context.Context, t *tier) error {
	if s, err := db.disk.space(); err != nil || s.free < db.closeNeeds {
		return fmt.Errorf("reopen tier %s: no space for what a close writes", t.name)
	}
	ctx, cancel := context.WithTimeout(ctx, reopenLimit)
	defer cancel()
	if err := t.vm.reopen(ctx, t, func() error { return nil }); err != nil {
		return fmt.Errorf("reopen tier %s: %w", t.name, err)
	}
	return nil
}
