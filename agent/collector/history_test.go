package collector

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHistoryOver(t *testing.T) {
	t.Parallel()
	type sample struct{ seconds, rate float64 }
	unknown := math.NaN()
	f := func(samples []sample, window time.Duration, want Rate, wantOK bool) {
		t.Helper()
		var c clock
		h := newHistory()
		for _, s := range samples {
			h[c.advance(time.Duration(s.seconds*float64(time.Second)))] = s.rate
		}
		got, ok := h.over(&c, window)
		if ok != wantOK || math.Abs(got.Mean-want.Mean) > 1e-9 || got.Max != want.Max {
			t.Errorf("over(%v, %v) = %v, %v; want %v, %v", samples, window, got, ok, want, wantOK)
		}
	}
	f(nil, 10*time.Second, Rate{}, false)
	f([]sample{{0, unknown}}, 10*time.Second, Rate{}, false) // the agent's first sample
	f([]sample{{1, 2}, {1, 4}}, 10*time.Second, Rate{3, 4}, true)
	f([]sample{{1, 100}, {1, 2}, {1, 4}}, 2*time.Second, Rate{3, 4}, true)
	f([]sample{{1, 100}, {0.99, 2}, {1.01, 4}, {0.98, 6}}, 3*time.Second, Rate{(2*0.99 + 4*1.01 + 6*0.98) / 2.98, 6}, true)
	f([]sample{{1, 100}, {1, unknown}, {1, 4}}, 2*time.Second, Rate{4, 4}, true) // an unknown second is no zero
	f([]sample{{1, unknown}, {1, unknown}}, 2*time.Second, Rate{}, false)
	f([]sample{{1, 100}, {4, 10}, {1, 20}}, 5*time.Second, Rate{12, 20}, true) // four seconds of stillness weigh four
	f([]sample{{1, 1}, {600, 7}}, 10*time.Second, Rate{7, 7}, true)            // a machine that was suspended
}

func TestHistoryForgetsAfterTwoMinutes(t *testing.T) {
	t.Parallel()
	var c clock
	h := newHistory()
	for i := range 2*historyLength + 30 {
		h[c.advance(time.Second)] = float64(i)
	}
	// The last 120 of 0..269 are 150..269.
	if got, ok := h.over(&c, MaxWindow); !ok || got != (Rate{209.5, 269}) {
		t.Errorf("the longest window: %v, %v", got, ok)
	}
	if got, ok := h.over(&c, time.Hour); !ok || got != (Rate{209.5, 269}) {
		t.Errorf("a longer window has what there is: %v, %v", got, ok)
	}
}

// Whatever was sampled: the mean lies between the lowest and the highest known second, and the maximum is one of them.
func TestHistoryBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c clock
		h := newHistory()
		rates := rapid.SliceOfN(rapid.Float64Range(0, 1e12), 1, 300).Draw(t, "rates")
		for i, r := range rates {
			if rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
				r, rates[i] = math.NaN(), math.NaN()
			}
			h[c.advance(time.Second)] = r
		}
		seconds := rapid.IntRange(1, historyLength).Draw(t, "window")
		low, high := math.Inf(1), math.Inf(-1)
		for _, r := range rates[max(0, len(rates)-seconds):] {
			if !math.IsNaN(r) {
				low, high = min(low, r), max(high, r)
			}
		}
		got, ok := h.over(&c, time.Duration(seconds)*time.Second)
		if ok != !math.IsInf(low, 1) {
			t.Fatalf("known is %v", ok)
		}
		if ok && (got.Max != high || got.Mean < low*(1-1e-9) || got.Mean > high*(1+1e-9)) {
			t.Fatalf("%v outside of %v to %v", got, low, high)
		}
	})
}
