package tsdb_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// TestValues shows what becomes of one value. The storage engine keeps decimal numbers: it differs from Prometheus in the
// sign of zero, in subnormal numbers, which it takes for zero, and after the 12th to 15th digit.
func TestValues(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	at := hourStart
	f := func(in, want float64) {
		t.Helper()
		at = at.Add(time.Hour)
		appendNow(t, db, sample("m", at.UnixMilli(), in))
		got, err := db.Query(t.Context(), "m", at)
		if err != nil || len(got) != 1 {
			t.Fatalf("%v: %v %v", in, got, err)
		}
		if v := got[0].Points[0].Value; v != want || math.Signbit(v) != math.Signbit(want) {
			t.Errorf("%v is read as %v, want %v", in, v, want)
		}
	}
	f(0, 0)
	f(1, 1)
	f(-1.5, -1.5)
	f(math.Inf(1), math.Inf(1))
	f(math.Inf(-1), math.Inf(-1))
	f(1<<53, 1<<53)
	f(1<<53-1, 1<<53-1)
	f(1<<53+2, 1<<53+2)
	f(-(1 << 53), -(1 << 53))
	f(123456789.0125, 123456789.0125)
	f(1e300, 1e300)
	f(1e-300, 1e-300)
	f(math.Copysign(0, -1), 0)
	f(5e-324, 0)
	f(1e-310, 0)

	g := func(in float64) {
		t.Helper()
		at = at.Add(time.Hour)
		appendNow(t, db, sample("m", at.UnixMilli(), in))
		got, err := db.Query(t.Context(), "m", at)
		if err != nil || len(got) != 1 || !near(got[0].Points[0].Value, in) {
			t.Errorf("%v is read as %v (%v)", in, got, err)
		}
	}
	g(1.0 / 3)
	g(math.Pi)
	g(math.MaxFloat64)
	g(math.MaxUint64)
	g(math.SmallestNonzeroFloat64 * (1 << 52)) // the smallest normal number
}

// TestOneSeriesMixesMagnitudes: all values of one block share a decimal exponent, so a value that is 18 digits smaller than
// its neighbours is read as zero; Prometheus would keep it.
func TestOneSeriesMixesMagnitudes(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	ms := hourStart.UnixMilli()
	appendNow(t, db, sample("m", ms, 1<<53), sample("m", ms+1000, 0.25), sample("m", ms+2000, math.Inf(1)), sample("m", ms+3000, -3))
	appendNow(t, db, sample("n", ms, 1e12), sample("n", ms+1000, 1e-9))
	got, err := db.Query(t.Context(), `{__name__=~"m|n"}[1m]`, hourStart.Add(3*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	want := []storage.Series{
		series("m", point{ms, 1 << 53}, point{ms + 1000, 0.25}, point{ms + 2000, math.Inf(1)}, point{ms + 3000, -3}),
		series("n", point{ms, 1e12}, point{ms + 1000, 0}),
	}
	if d := cmp.Diff(want, sortSeries(got)); d != "" {
		t.Error(d)
	}
}

func TestNaNIsDroppedAndMarkerKept(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	ms := hourStart.UnixMilli()
	appendNow(t, db, sample("m", ms, 1), sample("m", ms+1000, math.NaN()), sample("n", ms, 2), sample("n", ms+1000, stale))
	got, err := db.Query(t.Context(), `{__name__=~"m|n"}`, hourStart.Add(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]storage.Series{series("m", point{ms + 2000, 1})}, got); d != "" {
		t.Error(d)
	}
}

// TestOrderOfArrival: late samples take their place in time, as in Prometheus with an out-of-order window.
func TestOrderOfArrival(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil)
	at := func(second int, v float64) storage.Sample {
		return sample("m_total", hourStart.Add(time.Duration(second)*time.Second).UnixMilli(), v)
	}
	p.append(t, []storage.Sample{at(50, 5), at(60, 6), at(70, 7)})
	p.append(t, []storage.Sample{at(20, 2), at(10, 1)})
	p.append(t, []storage.Sample{at(100, 1), at(30, 3), at(90, 9), at(40, 4)})
	for _, expr := range []string{"m_total", "rate(m_total[1m])", "resets(m_total[2m])", "sum_over_time(m_total[35s])", "count_over_time(m_total[2m])"} {
		if d := p.check(t, query{expr, hourStart, hourStart.Add(3 * time.Minute), 5 * time.Second}); d != "" {
			t.Error(d)
		}
	}
}

// TestDuplicateTimestamps: the greatest value stands, before and after the engine merged its files; Prometheus keeps the
// first and refuses the others.
func TestDuplicateTimestamps(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	ms := hourStart.UnixMilli()
	f := func(want ...point) {
		t.Helper()
		got, err := db.Query(t.Context(), "m[1m]", hourStart.Add(10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]storage.Series{series("m", want...)}, got); d != "" {
			t.Error(d)
		}
	}
	appendNow(t, db, sample("m", ms, 1), sample("m", ms+1000, 2), sample("m", ms+2000, 3))
	appendNow(t, db, sample("m", ms+1000, 5), sample("m", ms, 1), sample("m", ms+1000, 4))
	f(point{ms, 1}, point{ms + 1000, 5}, point{ms + 2000, 3})
	appendNow(t, db, sample("m", ms+2000, stale))
	f(point{ms, 1}, point{ms + 1000, 5}, point{ms + 2000, 3})
	appendNow(t, db, sample("m", ms+3000, stale), sample("m", ms+3000, -1), sample("m", ms+3000, stale))
	f(point{ms, 1}, point{ms + 1000, 5}, point{ms + 2000, 3}, point{ms + 3000, -1})
}

func TestUnfitSamples(t *testing.T) {
	t.Parallel()
	db := openDB(t, t.TempDir(), tsdb.Options{Retention: tsdb.Retention{Raw: 24 * time.Hour}})
	now := time.Now()
	good := sample("good", now.UnixMilli(), 1)
	f := func(bad storage.Sample, reason string) {
		t.Helper()
		err := db.Append([]storage.Sample{good, bad})
		var e *tsdb.SampleError
		if !errors.As(err, &e) || !strings.Contains(e.Reason, reason) {
			t.Errorf("error %v, want one that says %q", err, reason)
		}
	}
	label := func(name, value string) storage.Sample {
		s := sample("m", now.UnixMilli(), 1)
		s.Labels = append(s.Labels, storage.Label{Name: name, Value: value})
		return s
	}
	f(sample("m", now.Add(-25*time.Hour).UnixMilli(), 1), "older than the retention")
	f(sample("m", now.Add(72*time.Hour).UnixMilli(), 1), "in the future")
	f(sample("m", -1, 1), "older than the retention")
	f(storage.Sample{Time: now.UnixMilli()}, "__name__")
	f(sample(`{x="1"}`, now.UnixMilli(), 1), "__name__")
	f(label("", "v"), "no name")
	f(label("__agg__", "min"), "reserved")
	f(label("x", "\xff"), "UTF-8")
	f(label("\xff", "x"), "UTF-8")
	f(label("__name__", "n"), "given twice")
	f(label("x", strings.Repeat("y", 20_000)), "at most")

	if err := db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Query(t.Context(), "good", now); err != nil || len(got) != 0 {
		t.Errorf("a sample of a refused batch was stored: %v %v", got, err)
	}
}
