package tsdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	probeMemoryBytes = 32 << 20
	keepAll          = 100 * 365 * 24 * time.Hour
	never            = math.MaxInt64 // bytes: with less free than this the engine changes nothing on disk
)

// Probe opens the storage of one tier as the panel would, reads all of it when deep, and closes it. A damaged part shows
// as an error or ends the process by a panic, so it is called in a process of its own: `panel tsdb probe DIR`. It merges
// and removes nothing.
func Probe(ctx context.Context, dir string, deep bool) error {
	setUpEngine(probeMemoryBytes, never, engineFlush)
	v := openVM(&tier{dir: dir, retention: keepAll, daily: true})
	defer v.close()
	if !deep {
		return nil
	}
	f, err := newFilters([]term{{label: nameLabel, value: anyText, regexp: true}}) // every series has a name
	if err != nil {
		return err
	}
	// By month: the engine then looks into the index of one partition at a time.
	months, err := partitions(dir)
	if err != nil {
		return err
	}
	for _, p := range months {
		if err := v.readAll(ctx, f, p); err != nil {
			return fmt.Errorf("read %s: %w", p.name, err)
		}
	}
	return nil
}

// readAll decodes every block of a month.
func (v *vm) readAll(ctx context.Context, f filters, p partition) error {
	s, err := v.search(ctx, f, p.month.UnixMilli(), p.end().UnixMilli()-1, math.MaxInt32)
	defer s.close()
	if err != nil {
		return err
	}
	var r blockReader
	var ts []int64
	var vs []float64
	for s.next() {
		b := s.block()
		if ts, vs, err = r.read(&b, 0, maxTime, ts[:0], vs[:0]); err != nil {
			return err
		}
	}
	return errors.Join(s.error(), ctx.Err())
}
