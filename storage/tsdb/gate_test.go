package tsdb

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// SetMaxSeries lets tests reach the limit of series with few.
func (db *DB) SetMaxSeries(n int) { db.tiers[0].queryable.maxSeries = n }

// FillGate takes every place for queries of clients, until release is called.
func (db *DB) FillGate() (release func()) {
	places := db.gates.clients.running
	for range cap(places) {
		places <- struct{}{}
	}
	return func() {
		for range cap(places) {
			<-places
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4)
		places := cap(g.running)
		for range places {
			if err := g.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		results := make(chan error, maxWaitingQueries)
		ctx, cancel := context.WithCancel(t.Context())
		for range maxWaitingQueries {
			go func() { results <- g.enter(ctx) }()
		}
		synctest.Wait()
		if err := g.enter(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("one more than may wait: %v", err)
		}
		g.leave()
		if err := <-results; err != nil {
			t.Errorf("after a place got free: %v", err)
		}
		cancel()
		for range maxWaitingQueries - 1 {
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Errorf("canceled: %v", err)
			}
		}
		if g.waiting.Load() != 0 || g.refused.Load() != 1 || len(g.running) != places {
			t.Errorf("waiting %d, refused %d, running %d", g.waiting.Load(), g.refused.Load(), len(g.running))
		}
	})
}
