package tsdb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

func TestQueryShapes(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	ms := hourStart.UnixMilli()
	appendNow(t, db, sample(`m{x="1"}`, ms, 1), sample(`m{x="1"}`, ms+60_000, 2), sample(`m{x="1"}`, ms+900_000, 3))
	ctx := t.Context()

	got, err := db.Query(ctx, `scalar(m) * 10`, second(60))
	if d := cmp.Diff([]storage.Series{{Points: []storage.Point{{Time: ms + 60_000, Value: 20}}}}, got); err != nil || d != "" {
		t.Error("scalar", d, err)
	}
	got, err = db.QueryRange(ctx, `m`, second(0), second(960), 5*time.Minute)
	want := []storage.Series{series(`m{x="1"}`, point{ms, 1}, point{ms + 300_000, 2}, point{ms + 900_000, 3})}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error("a gap stays a gap", d, err)
	}
	if got, err := db.QueryRange(ctx, `1`, second(0), second(2), time.Second); err != nil || len(got) != 1 || len(got[0].Points) != 3 {
		t.Error("range of a scalar", got, err)
	}
	var parse *tsdb.ParseError
	if _, err := db.Query(ctx, `"text"`, second(0)); !errors.As(err, &parse) {
		t.Error("string", err)
	}
	vector, err := db.RuleQuery(ctx, `m > 1`, second(60))
	if err != nil || len(vector) != 1 || vector[0].F != 2 {
		t.Error("rule", vector, err)
	}
	if vector, err := db.RuleQuery(ctx, `1 + 1`, second(60)); err != nil || len(vector) != 1 || vector[0].F != 2 {
		t.Error("scalar rule", vector, err)
	}
	if _, err := db.RuleQuery(ctx, `m[1m]`, second(60)); err == nil {
		t.Error("a rule gave a range")
	}
	r, err := db.PromQuery(ctx, `rate(m[20m])`, second(900), tsdb.QueryOptions{})
	if err != nil || len(r.Warnings.AsErrors()) != 1 {
		t.Error("rate of what is named no counter carries a note", r, err)
	}
}

// TestNobodyWaitsForClients: whoever may read metrics may ask heavy questions; alerts are raised and pages shown nevertheless.
func TestNobodyWaitsForClients(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	appendNow(t, db, sample(`m`, hourStart.UnixMilli(), 1))
	release := db.FillGate()
	defer release()
	if v, err := db.RuleQuery(t.Context(), "m", second(0)); err != nil || len(v) != 1 {
		t.Errorf("a rule while all places for queries are taken: %v, %v", v, err)
	}
	if v, err := db.Query(t.Context(), "m", second(0)); err != nil || len(v) != 1 {
		t.Errorf("a page: %v, %v", v, err)
	}
	if v, err := db.QueryRange(t.Context(), "m", second(0), second(60), time.Minute); err != nil || len(v) != 1 {
		t.Errorf("a chart: %v, %v", v, err)
	}
	var late promql.ErrQueryTimeout
	if _, err := db.PromQuery(t.Context(), "m", second(0), tsdb.QueryOptions{Timeout: time.Millisecond}); !errors.As(err, &late) {
		t.Errorf("a query while all places are taken: %v", err)
	}
}

func TestQueryOptions(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	ms := hourStart.UnixMilli()
	appendNow(t, db, sample(`m`, ms, 1))
	ctx := t.Context()
	f := func(o tsdb.QueryOptions, at time.Time, want int) {
		t.Helper()
		r, err := db.PromQuery(ctx, "m", at, o)
		if err != nil {
			t.Fatal(err)
		}
		if v := r.Value.(promql.Vector); len(v) != want {
			t.Errorf("%+v: %v, want %d series", o, v, want)
		}
	}
	f(tsdb.QueryOptions{}, second(299), 1)
	f(tsdb.QueryOptions{}, second(301), 0)
	f(tsdb.QueryOptions{LookbackDelta: time.Minute}, second(299), 0)
	f(tsdb.QueryOptions{LookbackDelta: 10 * time.Minute}, second(301), 1)

	var tooMany promql.ErrTooManySamples
	if _, err := db.PromQueryRange(ctx, "m", second(0), second(200), time.Second, tsdb.QueryOptions{MaxSamples: 100}); !errors.As(err, &tooMany) {
		t.Errorf("101 samples: %v", err)
	}
	var timeout promql.ErrQueryTimeout
	if _, err := db.PromQuery(ctx, "m", second(0), tsdb.QueryOptions{Timeout: time.Nanosecond}); !errors.As(err, &timeout) {
		t.Errorf("timeout: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	var cancelErr promql.ErrQueryCanceled
	if _, err := db.PromQuery(canceled, "m", second(0), tsdb.QueryOptions{}); !errors.As(err, &cancelErr) {
		t.Errorf("canceled: %v", err)
	}
}

// TestCanceledReader: neither finding series nor reading their samples goes on without its context.
func TestCanceledReader(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	appendNow(t, db, sample(`m`, hourStart.UnixMilli(), 1))
	q, err := db.Queryable().Querier(hourStart.UnixMilli(), hourStart.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	m := labels.MustNewMatcher(labels.MatchEqual, "__name__", "m")
	ctx, cancel := context.WithCancel(t.Context())
	set := q.Select(ctx, false, nil, m)
	if !set.Next() {
		t.Fatal("no series", set.Err())
	}
	cancel()
	it := set.At().Iterator(nil)
	if it.Next() != chunkenc.ValNone || !errors.Is(it.Err(), context.Canceled) {
		t.Errorf("reading samples: %v", it.Err())
	}
	if set := q.Select(ctx, false, nil, m); set.Next() || !errors.Is(set.Err(), context.Canceled) {
		t.Errorf("finding series: %v", set.Err())
	}
	if _, err := db.Series(ctx, []string{"m"}, hourStart, hourStart, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("listing series: %v", err)
	}
}

func TestBadQueries(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	f := func(expr, want string) {
		t.Helper()
		var e *tsdb.ParseError
		if _, err := db.Query(t.Context(), expr, hourStart); !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a ParseError that says %q", expr, err, want)
		}
	}
	f(``, "no expression found in input")
	f(`m{`, "1:3: parse error: unexpected end of input inside braces")
	f(`{}`, "must contain at least one non-empty matcher")
	f(`{x=~".*"}`, "must contain at least one non-empty matcher")
	f(`rate(m)`, `expected type range vector in call to function "rate", got instant vector`)
	f(`m{x=~"("}`, "missing closing )")
	f(`unknown(m)`, "unknown function")
	if _, err := db.QueryRange(t.Context(), "m[1m]", hourStart, hourStart, time.Second); err == nil || !strings.Contains(err.Error(), "must be Scalar or instant Vector") {
		t.Errorf("range of ranges: %v", err)
	}
	var field *storage.FieldError
	if _, err := db.QueryRange(t.Context(), "m", hourStart, hourStart, 0); !errors.As(err, &field) || field.Field != "step" {
		t.Errorf("step 0: %v", err)
	}
	if _, err := db.QueryRange(t.Context(), "m", second(1), second(0), time.Second); !errors.As(err, &field) || field.Field != "to" {
		t.Errorf("end before start: %v", err)
	}
}

// TestQueriesOutsideTheTimeAxis: before 1970 and far ahead there is nothing, and nothing breaks.
func TestQueriesOutsideTheTimeAxis(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	appendNow(t, db, sample(`m`, hourStart.UnixMilli(), 1))
	f := func(expr string, at time.Time, want int) {
		t.Helper()
		if got, err := db.Query(t.Context(), expr, at); err != nil || len(got) != want {
			t.Errorf("%s at %s: %v %v", expr, at, got, err)
		}
	}
	f(`m`, time.Unix(-1000, 0), 0)
	f(`m`, time.Unix(0, 0), 0)
	f(`m offset 100y`, hourStart, 0)
	f(`m offset -100y`, hourStart, 0)
	f(`m`, time.UnixMilli(1<<52), 0)
	f(`last_over_time(m[50y])`, hourStart, 1)
	f(`m @ 9e9`, hourStart, 0)
	f(`last_over_time(m[20y])`, hourStart.Add(10*365*24*time.Hour), 1)
}

func TestTooManySeries(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	var samples []storage.Sample
	for i := range 300 {
		samples = append(samples, sample(fmt.Sprintf(`m{x="%d"}`, i), hourStart.UnixMilli(), 1))
	}
	appendNow(t, db, samples...)
	db.SetMaxSeries(299)
	var e *tsdb.TooManySeriesError
	if _, err := db.Query(t.Context(), "m", hourStart); !errors.As(err, &e) || e.Limit != 299 {
		t.Errorf("300 series: %v", err)
	}
	if _, err := db.Series(t.Context(), []string{"m"}, hourStart, hourStart, 0); !errors.As(err, &e) {
		t.Errorf("list of 300 series: %v", err)
	}
	db.SetMaxSeries(300)
	if got, err := db.Query(t.Context(), "count(m)", hourStart); err != nil || got[0].Points[0].Value != 300 {
		t.Errorf("300 series of 300: %v %v", got, err)
	}
	db.SetMaxSeries(20) // more than ten times the limit: the engine itself stops
	if _, err := db.Query(t.Context(), "m", hourStart); !errors.As(err, &e) {
		t.Errorf("300 series of 20: %v", err)
	}
}

func TestTooManySteps(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	f := func(from, to time.Time, step time.Duration) {
		t.Helper()
		if _, err := db.PromQueryRange(t.Context(), "up", from, to, step, tsdb.QueryOptions{}); err == nil || !strings.Contains(err.Error(), "step") {
			t.Errorf("%v", err)
		}
	}
	f(hourStart, hourStart.Add(100*24*time.Hour), time.Second)
	f(time.UnixMilli(math.MinInt64/2-1), time.UnixMilli(math.MaxInt64/2), time.Hour)
}
