package api

import (
	"math"
	"testing"
	"time"
)

// TestNobodyWaitsLongerThanWasAsked: a node that claims to wait for years would hold a request and a job's place for as long.
func TestNobodyWaitsLongerThanWasAsked(t *testing.T) {
	t.Parallel()
	f := func(says, asked int, want time.Duration) {
		t.Helper()
		if got := (FirewallPending{ConfirmSeconds: says}).Within(FirewallChange{HoldSeconds: asked}); got != want {
			t.Errorf("a node that was asked for %d s says %d: %v, want %v", asked, says, got, want)
		}
	}
	f(30, 0, 30*time.Second)
	f(45, 45, 45*time.Second)
	f(20, 45, 20*time.Second)
	f(120, 120, 2*time.Minute)
	f(math.MaxInt, 45, 45*time.Second)
	f(math.MaxInt, 0, usualWait)
	f(-1, 0, 0)
	f(math.MinInt, 120, 0)
}
