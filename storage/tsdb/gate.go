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

// gates keep three kinds of callers apart: whoever holds a token for metrics may ask heavy questions without end, and
// neither the panel's own pages nor the rules shall wait for them.
type gates struct{ clients, pages, rules *gate }

func newGates() gates {
	cores := runtime.GOMAXPROCS(0)
	return gates{clients: newGate(max(4, 2*cores)), pages: newGate(max(4, 2*cores)), rules: newGate(2)}
}

func newGate(places int) *gate { return &gate{running: make(chan struct{}, places)} }

func (g gates) sum(of func(*gate) float64) float64 { return of(g.clients) + of(g.pages) + of(g.rules) }

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
