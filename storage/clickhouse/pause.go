package clickhouse

import (
	"context"
	"time"
)

// sleep waits, or returns early when ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// pause doubles with each attempt.
type pause struct{ first, last, now time.Duration }

func newPause(first, last time.Duration) *pause { return &pause{first, last, first} }

func (p *pause) reset() { p.now = p.first }

func (p *pause) next() time.Duration {
	d := p.now
	p.now = min(2*p.now, p.last)
	return d
}
