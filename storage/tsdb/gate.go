package tsdb

import (
	"context"
	"runtime"
	"sync/atomic"
)

const maxWaitingQueries = 256

// gate lets a bounded number of queries run and a bounded number wait.
type gate struct {
	running chan struct{}
	waiting atomic.Int64
	refused atomic.Uint64
}

// newGate makes the gate of those who look: pages and clients of the API.
func newGate() *gate { return &gate{running: make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0)))} }

// newRuleGate makes the gate of rules, so that whoever may read metrics cannot keep alerts from being raised.
func newRuleGate() *gate { return &gate{running: make(chan struct{}, 2)} }

// enter waits for a free place. Who gets nil calls leave.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.running <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > maxWaitingQueries {
		g.refused.Add(1)
		return ErrBusy
	}
	select {
	case g.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.running }
