package tsdb

import (
	"context"
	"time"
)

// SetFloor lets a tier forget what is older than at.
func (db *DB) SetFloor(tier string, at time.Time) {
	for _, t := range db.tiers {
		if t.name == tier {
			t.floor.Store(at.UnixMilli())
		}
	}
}

// Plan returns for each segment of a range query the tier and the expression.
func (db *DB) Plan(expr string, from, to time.Time, step time.Duration, o QueryOptions) ([][2]string, error) {
	p, err := db.plan(context.Background(), expr, from.UnixMilli(), to.UnixMilli(), step.Milliseconds(), o)
	if err != nil {
		return nil, err
	}
	var list [][2]string
	for _, s := range p.segments {
		list = append(list, [2]string{s.tier.name, s.expr})
	}
	return list, nil
}

// SetMaxRawSamples lets tests reach the limit of one range query with few samples.
func (db *DB) SetMaxRawSamples(n int64) { db.maxRawSamples = n }

// RollWindow writes the window of a tier that ends at end.
func (db *DB) RollWindow(ctx context.Context, tier string, end time.Time) error {
	for _, j := range db.rollup.jobs {
		if j.to.name == tier {
			if _, err := j.rollWindow(ctx, end.UnixMilli()); err != nil {
				return err
			}
		}
	}
	return nil
}

// RollUpStep is one turn of RollUp, for one caller: a chunk of windows of each tier. It reports whether there was anything to
// do.
func (db *DB) RollUpStep(ctx context.Context) (bool, error) {
	db.raw.flushAdded()
	moved := false
	for _, j := range db.rollup.jobs {
		_, advanced, err := j.advance(ctx)
		if err != nil {
			return false, err
		}
		moved = moved || advanced
	}
	return moved, db.rollup.save(time.Now())
}
