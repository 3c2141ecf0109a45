package scrape

import (
	"context"
	"fmt"
	"time"
)

// grace is how long a call may take to notice that its context is over.
const grace = 250 * time.Millisecond

var errStuck = fmt.Errorf("the last request to the agent still hangs: %w", context.DeadlineExceeded)

// guard runs calls that should obey their context and gives them up when they do not: a dialer or proxy that ignores a
// deadline must not freeze the target. A call that was given up blocks new ones until it returns, so a target never
// holds more than one.
type guard struct{ abandoned <-chan struct{} }

// within runs f under g; it returns no later than grace after ctx is over.
func within[T any](ctx context.Context, g *guard, f func(context.Context) (T, error)) (T, error) {
	var none T
	if g.abandoned != nil {
		select {
		case <-g.abandoned:
			g.abandoned = nil
		default:
			return none, errStuck
		}
	}
	var value T
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		value, err = f(ctx)
	}()
	select {
	case <-done:
		return value, err
	case <-ctx.Done():
	}
	last := time.NewTimer(grace)
	defer last.Stop()
	select {
	case <-done:
		return value, err
	case <-last.C:
		g.abandoned = done
		return none, ctx.Err()
	}
}
