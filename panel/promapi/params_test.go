package promapi

import (
	"math"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	ok := func(text string, wantMs int64) {
		t.Helper()
		if got, err := parseTime(text); err != nil || got.UnixMilli() != wantMs {
			t.Errorf("%q: %d, %v, want %d", text, got.UnixMilli(), err, wantMs)
		}
	}
	bad := func(text string) {
		t.Helper()
		want := "cannot parse \"" + text + "\" to a valid timestamp"
		if got, err := parseTime(text); err == nil || err.Error() != want {
			t.Errorf("%q: %s, error %v, want %q", text, got, err, want)
		}
	}
	ok("1700000000", 1700000000000)
	ok("1700000000.123", 1700000000123)
	ok("1700000000.1234567", 1700000000123)
	ok("-1.5", -1500)
	ok("1.7e9", 1700000000000)
	ok("2023-11-14T22:13:20Z", 1700000000000)
	ok("2023-11-15T01:13:20.5+03:00", 1700000000500)
	bad("")
	bad("now")
	bad("NaN")
	bad("+Inf")
	bad("1e300")
	bad("2023-11-14")
}

// A time survives the way Grafana and client libraries write it.
func TestParseTimeRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(-1e12, 4e12).Draw(t, "ms")
		for _, text := range []string{string(appendTime(nil, ms)), time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)} {
			if got, err := parseTime(text); err != nil || got.UnixMilli() != ms {
				t.Fatalf("%s: %d, %v, want %d", text, got.UnixMilli(), err, ms)
			}
		}
	})
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	ok := func(text string, want time.Duration) {
		t.Helper()
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	bad := func(text, hint string) {
		t.Helper()
		if got, err := parseDuration(text); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%q: %s, error %v, want %q", text, got, err, hint)
		}
	}
	ok("15", 15*time.Second)
	ok("0.5", 500*time.Millisecond)
	ok("-1", -time.Second)
	ok("1h30m", 90*time.Minute)
	ok("1d", 24*time.Hour)
	bad("", "cannot parse")
	bad("soon", "cannot parse")
	bad("NaN", "overflows")
	bad("1e30", "overflows")
}

func FuzzParams(f *testing.F) {
	f.Add("1700000000", "15s", "10", `up{job="node"}`)
	f.Add("2023-11-14T22:13:20Z", "1e3", "-1", `{}`)
	f.Add("NaN", "1y2w", "9999999999999999999", "up{")
	f.Fuzz(func(t *testing.T, at, duration, limit, match string) {
		if d, err := parseDuration(duration); err == nil && math.Abs(d.Seconds()) > math.MaxInt64/1e9 {
			t.Fatalf("duration %q became %s", duration, d)
		}
		form := url.Values{"start": {at}, "limit": {limit}, "match[]": {match}}
		r := httptest.NewRequest("GET", "/?"+form.Encode(), nil)
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		sel, err := New(Options{}).parseSelection(r)
		if err != nil {
			if kindOf(err) != badData {
				t.Fatalf("error %v is %s", err, kindOf(err))
			}
			return
		}
		if sel.limit < 0 || sel.from.Before(minTime) || sel.from.After(maxTime) {
			t.Fatalf("selection %+v is out of bounds", sel)
		}
	})
}

func TestSelectionProbe(t *testing.T) {
	t.Parallel()
	f := func(limit, want int) {
		t.Helper()
		if got := (selection{limit: limit}).probe(); got != want {
			t.Errorf("limit %d: asks for %d, want %d", limit, got, want)
		}
	}
	f(0, 0)
	f(1, 2)
	f(math.MaxInt, math.MaxInt)
}
