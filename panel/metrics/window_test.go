package metrics

import (
	"encoding/json"
	"errors"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"monitoring/storage"
)

func utc(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestNiceStep(t *testing.T) {
	t.Parallel()
	f := func(wanted, interval, want time.Duration) {
		t.Helper()
		if got := niceStep(wanted, interval); got != want {
			t.Errorf("niceStep(%s, %s) = %s, want %s", wanted, interval, got, want)
		}
	}
	f(10*time.Second, 10*time.Second, 10*time.Second)
	f(time.Minute, 10*time.Second, time.Minute)
	f(12*time.Second, 10*time.Second, 20*time.Second)
	f(10*time.Second, 15*time.Second, 15*time.Second)
	f(10*time.Second, 7*time.Second, 14*time.Second)
	f(time.Minute, 7*time.Second, 63*time.Second)
	f(61*time.Second, 10*time.Second, 2*time.Minute)
	f(10*time.Second, 5*time.Minute, 5*time.Minute)
	f(25*time.Hour, 10*time.Second, 48*time.Hour)
	f(0, 10*time.Second, 10*time.Second)
}

// The widths that the UI promises for its periods, at the default interval.
func TestPeriodSteps(t *testing.T) {
	t.Parallel()
	now := utc("2026-11-23T12:41:07Z")
	f := func(name string, wantStep time.Duration, wantPoints int) {
		t.Helper()
		s, err := parseSpan(httptest.NewRequest("GET", "/?period="+name, nil), now)
		if err != nil {
			t.Fatal(err)
		}
		w := cut(s.from, s.to, s.stepFor(0, 10*time.Second, 0))
		if w.step != wantStep || w.count() != wantPoints {
			t.Errorf("%s: %d points of %s, want %d of %s", name, w.count(), w.step, wantPoints, wantStep)
		}
	}
	f("1h", 10*time.Second, 360)
	f("24h", time.Minute, 1440)
	f("7d", 20*time.Minute, 504)
	f("30d", time.Hour, 720)
	f("365d", 12*time.Hour, 730)
}

// Every history answer stays within its number of points and comes from the source that the specification names.
func TestHistoryLimits(t *testing.T) {
	t.Parallel()
	now := utc("2026-11-23T12:41:07Z")
	f := func(query string, limit, wantMost int, wantSource string) {
		t.Helper()
		s, err := parseSpan(httptest.NewRequest("GET", "/?"+query, nil), now)
		if err != nil {
			t.Fatal(err)
		}
		w := cut(s.from, s.to, s.stepFor(s.mostPoints(limit), 10*time.Second, 0))
		if w.count() > wantMost || w.count() < wantMost/4 {
			t.Errorf("%s: %d points, want at most %d and not far less", query, w.count(), wantMost)
		}
		if got := dataSource(w.step); got != wantSource {
			t.Errorf("%s: source %s of step %s, want %s", query, got, w.step, wantSource)
		}
	}
	f("period=1h", 0, 800, "raw")
	f("period=24h", 0, 1500, "raw")
	f("period=7d", 0, 504, "raw")
	f("period=30d", 0, 720, "hour")
	f("period=365d", 0, 730, "hour")
	f("period=365d", 365, 365, "day")
	f("period=24h", 100, 100, "raw")
	f("period=24h", 5000, 1500, "raw")
	f("from_time=2026-11-23T00:00:00Z", 0, 500, "raw")
	f("from_time=2026-11-23T00:00:00Z", 5000, 5000, "raw")
	f("from_time=2026-08-01T00:00:00Z", 0, 500, "hour")
	f("from_time=2025-01-01T00:00:00Z", 0, 500, "day")
}

func TestCutAlignsToTheStep(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.IntRange(5, 300).Draw(t, "interval")) * time.Second
		length := time.Duration(rapid.Int64Range(1, int64(longest/time.Millisecond)).Draw(t, "length")) * time.Millisecond
		most := rapid.IntRange(minPoints, maxPoints).Draw(t, "most")
		least := time.Duration(rapid.IntRange(0, 7200).Draw(t, "least")) * time.Second
		to := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "to"))
		s := span{period{length: length}, to.Add(-length), to}
		w := cut(s.from, s.to, s.stepFor(most, interval, least))

		times := w.times()
		if len(times) != w.count() || len(times) < 1 || len(times) > most {
			t.Fatalf("%d points, want 1 to %d", len(times), most)
		}
		if w.step < interval || w.step < least || w.step%interval != 0 {
			t.Fatalf("step %s is no multiple of %s", w.step, interval)
		}
		if w.to.After(to) || to.Sub(w.to) >= w.step {
			t.Fatalf("the window ends at %s for %s", w.to, to)
		}
		if w.count() > 1 && s.from.Sub(w.from) >= w.step {
			t.Fatalf("the window begins at %s for %s", w.from, s.from)
		}
		for i, ms := range times {
			if ms%w.step.Milliseconds() != 0 {
				t.Fatalf("point %d is off the grid", i)
			}
			if at, ok := w.index(ms); !ok || at != i {
				t.Fatalf("index(%d) = %d, %t, want %d", ms, at, ok, i)
			}
			if _, ok := w.index(ms + 1); ok {
				t.Fatalf("index takes %d, which is off the grid", ms+1)
			}
		}
		if _, ok := w.index(w.from.UnixMilli()); ok {
			t.Fatal("the begin of the window is no point")
		}
		if _, ok := w.index(times[len(times)-1] + w.step.Milliseconds()); ok {
			t.Fatal("index takes a time after the last point")
		}
	})
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	now := utc("2026-11-23T12:00:00Z")
	ok := func(query, wantName, wantFrom, wantTo string) {
		t.Helper()
		s, err := parseSpan(httptest.NewRequest("GET", "/?"+query, nil), now)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			return
		}
		if s.name != wantName || !s.from.Equal(utc(wantFrom)) || !s.to.Equal(utc(wantTo)) {
			t.Errorf("%s: %q from %s to %s", query, s.name, s.from, s.to)
		}
	}
	bad := func(query, field, hint string) {
		t.Helper()
		_, err := parseSpan(httptest.NewRequest("GET", "/?"+query, nil), now)
		var fe *storage.FieldError
		if !errors.As(err, &fe) || fe.Field != field || !strings.Contains(fe.Detail, hint) {
			t.Errorf("%s: error %v, want field %s with %q", query, err, field, hint)
		}
	}
	ok("", "1h", "2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z")
	ok("period=7d", "7d", "2026-11-16T12:00:00Z", "2026-11-23T12:00:00Z")
	ok("from_time=2026-11-23T09:00:00Z", "", "2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z")
	ok("from_time=2026-11-23T12:00:00%2B03:00&to_time=2026-11-23T10:00:00Z", "", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z")
	ok("from_time=2026-11-23T09:00:00.250&to_time=2026-11-23T10:00", "", "2026-11-23T09:00:00.25Z", "2026-11-23T10:00:00Z")
	ok("to_time=2026-11-22&period=24h", "", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")
	ok("from_time=2026-11-23T11:00:00Z&to_time=2027-01-01T00:00:00Z", "", "2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z")
	bad("period=2h", "period", "1h, 24h, 7d, 30d, 365d")
	bad("from_time=yesterday", "from_time", "ISO 8601")
	bad("to_time=1700000000", "to_time", "ISO 8601")
	bad("from_time=2026-11-23T11:00:00Z&to_time=2026-11-23T10:00:00Z", "from_time", "before to_time")
	bad("from_time=2026-11-23T10:00:00Z&to_time=2026-11-23T10:00:00Z", "from_time", "before to_time")
	bad("from_time=2027-11-23T10:00:00Z", "from_time", "not in the future")
	bad("from_time=2020-01-01T00:00:00Z", "from_time", "two years")
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-11-23T12:00:00Z", "2026-11-23T12:00:00.123+03:00", "2026-11-23", "2026-11-23T12:00", "", "0000-00-00", "99999-01-01T00:00:00Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseTime("from_time", text)
		if err != nil {
			var fe *storage.FieldError
			if !errors.As(err, &fe) || fe.Field != "from_time" {
				t.Fatalf("%q: error %v does not name the field", text, err)
			}
			return
		}
		again, err := parseTime("from_time", at.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(at) {
			t.Fatalf("%q: %s does not survive a round trip: %s, %v", text, at, again, err)
		}
	})
}

func TestValuesJSON(t *testing.T) {
	t.Parallel()
	f := func(v Values, want string) {
		t.Helper()
		got, err := json.Marshal(v)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	f(nil, "null")
	f(Values{}, "[]")
	f(holes(2), "[null,null]")
	f(Values{0, 1.5, math.NaN(), math.Inf(1), math.Inf(-1)}, "[0,1.5,null,null,null]")
	f(Values{12.3456789, 98765432.1, 1e-9}, "[12.3457,9.87654e+07,1e-09]")
}

func TestValuesKeepSixDigits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := Values(rapid.SliceOf(rapid.Float64Range(-1e12, 1e12)).Draw(t, "values"))
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out []float64
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for i := range in {
			if math.Abs(in[i]-out[i]) > math.Abs(in[i])*1e-5 {
				t.Fatalf("%v became %v", in[i], out[i])
			}
		}
	})
}

func TestNatural(t *testing.T) {
	t.Parallel()
	f := func(a, b string, want int) {
		t.Helper()
		if got := natural(a, b); got != want {
			t.Errorf("natural(%q, %q) = %d, want %d", a, b, got, want)
		}
	}
	f("2", "10", -1)
	f("10", "2", 1)
	f("3", "3", 0)
	f("/", "/var", -1)
	f("eth0", "eth0", 0)
}

// The cache answers from memory, forgets after its time, never grows past its bound and keeps no failure.
func TestSparklineCache(t *testing.T) {
	t.Parallel()
	c := newSparklineCache()
	now := utc("2026-11-23T12:00:00Z")
	builds := 0
	build := func() ([]byte, error) { builds++; return []byte("x"), nil }
	get := func(minutes int, at time.Time, wantBuilds int) {
		t.Helper()
		if body, err := c.get(sparklineKey{minutes, 60}, at, build); err != nil || string(body) != "x" || builds != wantBuilds {
			t.Errorf("body %q, error %v, %d builds, want %d", body, err, builds, wantBuilds)
		}
	}
	get(60, now, 1)
	get(60, now.Add(9*time.Second), 1)
	get(60, now.Add(10*time.Second), 2)
	for m := range 100 {
		get(100+m, now, 3+m)
	}
	if len(c.kept) > sparklineKeys {
		t.Errorf("%d answers are kept", len(c.kept))
	}
	broken := errors.New("broken")
	if _, err := c.get(sparklineKey{1, 1}, now, func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if body, err := c.get(sparklineKey{1, 1}, now, build); err != nil || string(body) != "x" {
		t.Errorf("after a failure: %q, %v", body, err)
	}
}
