package tsdb_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

var (
	five = tsdb.QueryOptions{MaxSourceResolution: tsdb.ResolutionFiveMinutes}
	hour = tsdb.QueryOptions{MaxSourceResolution: tsdb.ResolutionHour}
)

// hoursAgo is a whole hour in the past, all of whose windows are complete.
func hoursAgo(n int) time.Time {
	return time.Now().Add(-2 * time.Minute).Truncate(time.Hour).Add(-time.Duration(n) * time.Hour)
}

// scrapeInto appends a page every 10 s of (from, to].
func scrapeInto(t testing.TB, e *tsdb.Exposition, from, to time.Time, page func(i int) string) {
	t.Helper()
	for i, at := 0, from.Add(10*time.Second); !at.After(to); i, at = i+1, at.Add(10*time.Second) {
		if _, err := e.Append([]byte(page(i)), at); err != nil {
			t.Fatal(err)
		}
	}
}

func rollUp(t testing.TB, db *tsdb.DB) {
	t.Helper()
	if err := db.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// value1 is the single value of an instant query.
func value1(t testing.TB, db *tsdb.DB, expr string, at time.Time, o tsdb.QueryOptions) float64 {
	t.Helper()
	r, err := db.PromQuery(t.Context(), expr, at, o)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	v, err := r.Vector()
	if err != nil || len(v) != 1 {
		t.Fatalf("%s at %s: %v %v, want one value", expr, at.UTC(), v, err)
	}
	return v[0].F
}

func targetPage(db *tsdb.DB, server string) *tsdb.Exposition {
	return db.NewExposition(tsdb.ExpositionOptions{Labels: []storage.Label{
		{Name: "job", Value: "node"}, {Name: "instance", Value: server + ":1"}, {Name: "server", Value: server}}})
}

func TestRollupsOfAnHour(t *testing.T) {
	t.Parallel()
	db := openDB(t, t.TempDir(), tsdb.Options{RollupExclude: []string{"secret_*", "other"}})
	begin := hoursAgo(3)
	scrapeInto(t, targetPage(db, "1"), begin, begin.Add(2*time.Hour), func(i int) string {
		text := fmt.Sprintf("# TYPE even counter\neven %d\n# TYPE odd_total gauge\nodd_total %d\nc_total %d\nflat 7\nsecret_a 1\nother 1\n", 10*i, i%10, 100*(i%180))
		if i >= 365 && i < 372 {
			text += fmt.Sprintf("short %d\n", i)
		}
		return text
	})
	rollUp(t, db)
	end := begin.Add(2 * time.Hour)
	f := func(expr string, o tsdb.QueryOptions, want float64) {
		t.Helper()
		if got := value1(t, db, expr, end, o); got != want {
			t.Errorf("%s (%s) = %v, want %v", expr, o.MaxSourceResolution, got, want)
		}
	}
	for _, o := range []tsdb.QueryOptions{five, hour} {
		f("increase(even[2h])", o, 7190) // 720 samples, 719 steps of 10: the type wins over the name
		f("rate(even[1h])", tsdb.QueryOptions{MaxSourceResolution: five.MaxSourceResolution}, 1)
		f("avg_over_time(odd_total[2h])", o, 4.5)
		f("min_over_time(odd_total[2h])", o, 0)
		f("max_over_time(odd_total[2h])", o, 9)
		f("count_over_time(odd_total[2h])", o, 720)
		f("sum_over_time(odd_total[2h])", o, 3240)
		f("increase(c_total[2h])", o, 4*17900) // three resets to zero
		f("count_over_time(short[2h])", o, 7)  // fewer than its target
		f("sum_over_time(short[2h])", o, 365+366+367+368+369+370+371)
		f("avg_over_time(flat[2h])", o, 7)
		f("count_over_time(secret_a[2h])", o, 720) // it has no rollups: from the samples, whatever was asked for
		f("count(sum by (__name__) ({__name__=~\"secret_.|other|flat\"}))", o, 1)
	}
	// Ranges shorter than two windows are widened, and what grows with the range is scaled back.
	f("increase(even[1h])", hour, 7190.0/2)
	f("count_over_time(flat[1m])", five, 6)
	f("increase(even[7m])", five, 3000*0.7/5)
}

// rowsOf counts the rows that the rollup has written to a tier.
func rowsOf(t testing.TB, reg *prometheus.Registry, tier string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "panel_tsdb_rollup_samples_total" && m.Label[0].GetValue() == tier {
				return m.Counter.GetValue()
			}
		}
	}
	t.Fatalf("no count of the rows of tier %s", tier)
	return 0
}

// TestGapsKeepTheirStep: a counter goes on while nobody asks. What it gained belongs to the window after the gap, whether
// one server was away, or the panel with all of them, or a gap ends in the middle of a window.
func TestGapsKeepTheirStep(t *testing.T) {
	t.Parallel()
	db := openDB(t, t.TempDir(), tsdb.Options{})
	begin := hoursAgo(12)
	always, away := targetPage(db, "1"), targetPage(db, "2")
	write := func(e *tsdb.Exposition, from, to time.Duration) {
		offset := int(from / (10 * time.Second))
		scrapeInto(t, e, begin.Add(from), begin.Add(to), func(i int) string { return fmt.Sprintf("c_total %d\n", offset+i+1) })
	}
	const h = time.Hour
	write(always, 0, 4*h)
	write(away, 0, h+3*time.Minute)
	write(away, 3*h+17*time.Minute, 4*h) // two hours alone
	write(always, 9*h, 11*h)             // then five hours, all of them
	write(away, 9*h, 11*h)
	rollUp(t, db)
	for _, o := range []tsdb.QueryOptions{five, hour} {
		for _, server := range []string{"1", "2"} {
			got := value1(t, db, fmt.Sprintf(`increase(c_total{server="%s"}[11h])`, server), begin.Add(11*h), o)
			if got != 11*360-1 {
				t.Errorf("server %s in %s: %v, want %d", server, o.MaxSourceResolution, got, 11*360-1)
			}
		}
	}
	if got := value1(t, db, `increase(c_total{server="2"}[10m])`, begin.Add(3*h+20*time.Minute), five); got != 3*6+(2*h+14*time.Minute).Seconds()/10 {
		t.Errorf("the window after a gap has %v", got)
	}
}

// TestRestartGoesOn: what is finished is not done again after a restart, apart from the windows that may not have been on
// disk; and windows that were missed meanwhile are caught up.
func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := hoursAgo(5)
	write := func(db *tsdb.DB, from, to time.Duration) {
		scrapeInto(t, targetPage(db, "1"), begin.Add(from), begin.Add(to), func(i int) string { return fmt.Sprintf("# TYPE steady counter\nsteady %d\nload %d\n", i, i%7) })
	}
	reg := prometheus.NewRegistry()
	db := openDB(t, dir, tsdb.Options{Registerer: reg})
	write(db, 0, 2*time.Hour)
	rollUp(t, db)
	first := rowsOf(t, reg, "5m")
	rollUp(t, db)
	if again := rowsOf(t, reg, "5m"); again != first {
		t.Errorf("a second run wrote %v rows, the first %v", again-first, first)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "rollup.json"))
	if err != nil || !json.Valid(text) || !strings.Contains(string(text), `"steady":"counter"`) {
		t.Fatalf("state %s %v", text, err)
	}

	reg = prometheus.NewRegistry()
	db = openDB(t, dir, tsdb.Options{Registerer: reg})
	// Without a page that tells its type: it is still known.
	for i := range 360 {
		at := begin.Add(3*time.Hour + time.Duration(i+1)*10*time.Second).UnixMilli()
		ls := labelsOf(`steady{job="node",instance="1:1",server="1"}`)
		if err := db.Append([]storage.Sample{{Labels: ls, Time: at, Value: float64(1000 + i)}}); err != nil {
			t.Fatal(err)
		}
	}
	// The samples are older than what is finished, so nothing happens without setting it back.
	rollUp(t, db)
	if n := rowsOf(t, reg, "5m"); n != 0 {
		t.Errorf("finished windows were written again: %v rows", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	state := fmt.Sprintf(`{"tiers":{"5m":{"finished":%[1]d,"last":%[1]d},"1h":{"finished":%[1]d,"last":%[1]d}},"types":{"steady":"counter"}}`, begin.Add(2*time.Hour).UnixMilli())
	if err := os.WriteFile(filepath.Join(dir, "rollup.json"), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	reg = prometheus.NewRegistry()
	db = openDB(t, dir, tsdb.Options{Registerer: reg})
	rollUp(t, db)
	if n := rowsOf(t, reg, "5m"); n < 12 || n > 30 {
		t.Errorf("%v rows for an hour of one counter", n)
	}
	if got := value1(t, db, "increase(steady[4h])", begin.Add(4*time.Hour), hour); got != 719+(1359-719) {
		t.Errorf("increase over the restart: %v", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	// No file, or one that nobody can read: all again, with the same answers.
	for _, text := range []string{"", "{"} {
		path := filepath.Join(dir, "rollup.json")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		db = openDB(t, dir, tsdb.Options{})
		rollUp(t, db)
		for _, o := range []tsdb.QueryOptions{five, hour} {
			if got := value1(t, db, "sum_over_time(load[2h])", begin.Add(2*time.Hour), o); math.Abs(got-2157) > 0.2 {
				t.Errorf("after doing it again in %s: %v", o.MaxSourceResolution, got)
			}
			if got := value1(t, db, "count_over_time(load[2h])", begin.Add(2*time.Hour), o); got != 720 {
				t.Errorf("count after doing it again in %s: %v", o.MaxSourceResolution, got)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOnlyInTheOldest: series and labels that only the coarsest tier still has are found, without the label that tells
// rollups apart.
func TestOnlyInTheOldest(t *testing.T) {
	t.Parallel()
	db := openDB(t, t.TempDir(), tsdb.Options{})
	begin := hoursAgo(10)
	scrapeInto(t, targetPage(db, "1"), begin, begin.Add(2*time.Hour), func(i int) string { return fmt.Sprintf("old{x=\"y\"} %d\nold_total %d\n", i%3, i) })
	scrapeInto(t, targetPage(db, "2"), begin.Add(8*time.Hour), begin.Add(9*time.Hour), func(i int) string { return "young 1\n" })
	rollUp(t, db)
	db.SetFloor("raw", begin.Add(6*time.Hour))
	db.SetFloor("5m", begin.Add(5*time.Hour))
	// The samples themselves are gone, too.
	ctx := t.Context()
	got, err := db.Series(ctx, []string{`{__name__=~"old.*"}`}, begin, begin.Add(3*time.Hour), 0)
	want := [][]storage.Label{labelsOf(`old{instance="1:1",job="node",server="1",x="y"}`), labelsOf(`old_total{instance="1:1",job="node",server="1"}`)}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(d, err)
	}
	names, err := db.LabelNames(ctx, []string{"old"}, begin, begin.Add(3*time.Hour), 0)
	if d := cmp.Diff([]string{"__name__", "instance", "job", "server", "x"}, names); err != nil || d != "" {
		t.Error(d, err)
	}
	all, err := db.LabelNames(ctx, nil, time.Time{}, time.Time{}, 0)
	if d := cmp.Diff([]string{"__name__", "instance", "job", "server", "x"}, all); err != nil || d != "" {
		t.Error(d, err)
	}
	values, err := db.LabelValues(ctx, "server", nil, time.Time{}, time.Time{}, 0)
	if d := cmp.Diff([]string{"1", "2"}, values); err != nil || d != "" {
		t.Error(d, err)
	}
	for _, matchers := range [][]string{nil, {`{job="node"}`}} {
		if values, err := db.LabelValues(ctx, "__agg__", matchers, time.Time{}, time.Time{}, 0); err != nil || len(values) > 0 {
			t.Errorf("values of __agg__: %q %v", values, err)
		}
	}
	if got, err := db.Series(ctx, []string{`old{__agg__="avg"}`}, time.Time{}, time.Time{}, 0); err != nil || len(got) > 0 {
		t.Errorf("by __agg__: %v %v", got, err)
	}
	if got, err := db.Series(ctx, []string{`old{__agg__=""}`}, time.Time{}, time.Time{}, 0); err != nil || len(got) != 1 {
		t.Errorf("by an empty __agg__: %v %v", got, err)
	}
	series, err := db.QueryRange(ctx, `avg by (x, __agg__) (old)`, begin.Add(2*time.Hour), begin.Add(2*time.Hour), time.Hour)
	if err != nil || len(series) != 1 || len(series[0].Labels) != 1 || series[0].Points[0].Value != 1 {
		t.Errorf("%v %v", series, err)
	}
	if n, err := db.DeleteSeries(ctx, []string{`{server="1"}`}); err != nil || n != 2 {
		t.Errorf("deleted %d %v", n, err)
	}
	if got, err := db.Query(ctx, "old", begin.Add(2*time.Hour)); err != nil || len(got) > 0 {
		t.Errorf("after deletion: %v %v", got, err)
	}
}

func TestRollupMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	db := openDB(t, t.TempDir(), tsdb.Options{Registerer: reg})
	begin := hoursAgo(2)
	scrapeInto(t, targetPage(db, "1"), begin, begin.Add(time.Hour), func(i int) string { return "flat 1\n" })
	rollUp(t, db)
	// Of each window the mean, and the number of samples of the target.
	want := `
# HELP panel_tsdb_rollup_runs_total Times that windows were looked for which are complete.
# TYPE panel_tsdb_rollup_runs_total counter
panel_tsdb_rollup_runs_total 1
# HELP panel_tsdb_rollup_samples_total Samples that the rollup wrote into a tier.
# TYPE panel_tsdb_rollup_samples_total counter
panel_tsdb_rollup_samples_total{tier="1h"} 2
panel_tsdb_rollup_samples_total{tier="5m"} 24
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "panel_tsdb_rollup_runs_total", "panel_tsdb_rollup_samples_total"); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "panel_") {
			t.Error(p)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
