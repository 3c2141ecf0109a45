package scrape

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g guard
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		v, err := within(ctx, &g, func(context.Context) (int, error) { return 7, nil })
		if v != 7 || err != nil {
			t.Errorf("a quick call gave %d, %v", v, err)
		}
		broken := errors.New("broken")
		if _, err := within(ctx, &g, func(context.Context) (int, error) { return 0, broken }); !errors.Is(err, broken) {
			t.Errorf("a failing call gave %v", err)
		}
		obedient := errors.New("gave up in time")
		_, err = within(ctx, &g, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, obedient })
		if !errors.Is(err, obedient) {
			t.Errorf("a call that obeys its context gave %v, want its own error", err)
		}
	})
}

func TestWithinGivesUpADeafCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g guard
		release := make(chan struct{})
		var calls atomic.Int64
		deaf := func(context.Context) (int, error) { calls.Add(1); <-release; return 1, nil }
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := within(ctx, &g, deaf)
		if took := time.Since(start); took != time.Second+grace || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("given up after %s with %v, want %s and the deadline", took, err, time.Second+grace)
		}
		for range 3 {
			if _, err := within(t.Context(), &g, deaf); !errors.Is(err, errStuck) {
				t.Errorf("while the first call hangs: %v, want %v", err, errStuck)
			}
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls hang at once, want 1", n)
		}
		close(release)
		synctest.Wait()
		if v, err := within(t.Context(), &g, deaf); v != 1 || err != nil {
			t.Errorf("after the call had returned: %d, %v", v, err)
		}
	})
}
