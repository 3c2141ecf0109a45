package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage/tsdb"
)

func TestReason(t *testing.T) {
	t.Parallel()
	f := func(err error, want string) {
		t.Helper()
		if got := reason(fmt.Errorf("get page: %w", err)); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	f(errHTML, "page")
	f(&tsdb.PageError{Err: tsdb.ErrSampleLimit}, "page")
	f(&storeError{tsdb.ErrReadOnly}, "store")
	f(&storeError{context.DeadlineExceeded}, "store")
	f(&api.StatusError{Code: 503}, "status")
	f(api.ErrTooLarge, "too_large")
	f(errStuck, "timeout")
	f(&fleet.DialError{Stage: fleet.StageTCP, Err: context.DeadlineExceeded}, "timeout")
	f(&fleet.DialError{Stage: fleet.StageTCP, Err: syscall.ECONNREFUSED}, "tcp")
	f(&fleet.DialError{Stage: fleet.StageIdentity, Err: errors.New("revoked")}, "identity")
	f(io.EOF, "connection")
}

func TestLagRing(t *testing.T) {
	t.Parallel()
	var r lagRing
	now := time.Unix(1_000_000, 0)
	if got := r.p99(now); got != 0 {
		t.Errorf("p99 of nothing is %s", got)
	}
	for i := range 100 {
		r.add(now, time.Duration(i+1)*time.Millisecond)
	}
	if got := r.p99(now); got != 99*time.Millisecond {
		t.Errorf("p99 of 1 to 100 ms is %s, want 99 ms", got)
	}
	if got := r.p99(now.Add(lagWindow + time.Second)); got != 0 {
		t.Errorf("p99 of lags that are too old is %s", got)
	}
	for range 3 * lagSlots {
		r.add(now, time.Millisecond)
	}
	if got := r.p99(now); got != time.Millisecond || len(r.ring) != lagSlots {
		t.Errorf("a full ring has %d entries and a p99 of %s", len(r.ring), got)
	}
}
