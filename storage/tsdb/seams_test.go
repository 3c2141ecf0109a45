package tsdb_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/storage/tsdb"
)

// TestSeams asks range queries that pass from one tier to the next: every time of evaluation must be answered once, and
// as the samples themselves would, which all tiers still have here. The finer tiers only claim to have forgotten them.
func TestSeams(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	u := newTruth(t, r, 3)
	u.db.SetFloor("raw", u.end.Add(-20*time.Hour))
	u.db.SetFloor("5m", u.end.Add(-45*time.Hour))
	seams := 0
	for i := range 60 {
		a := asker{r, u, time.Hour} // what every tier can answer exactly
		q := a.question()
		if strings.Contains(q.expr, "* 1") {
			continue // the mean of an hour is not what the finer tiers answer for a bare selector
		}
		step := time.Duration(1+r.IntN(3)) * time.Hour
		option := []tsdb.Resolution{tsdb.ResolutionDefault, tsdb.ResolutionAuto, tsdb.ResolutionHour, tsdb.ResolutionFiveMinutes}[i%4]
		from, to := u.begin, u.end
		if option == tsdb.ResolutionFiveMinutes {
			from = u.end.Add(-44 * time.Hour) // what is older it must not answer from coarser windows
			if !u.within(q, from) {
				continue
			}
		}
		_, diff := u.compare(t, q, option, from, to, step)
		if diff != "" {
			t.Fatalf("seed %d, resolution %q, %s step %s: %s", seed, option, q.expr, step, diff)
		}
		plan, err := u.db.Plan(q.expr, from, to, step, tsdb.QueryOptions{MaxSourceResolution: option})
		if err != nil {
			t.Fatal(err)
		}
		seams += len(plan) - 1
	}
	if seams < 10 {
		t.Errorf("only %d seams were passed", seams)
	}
}

// within reports whether nothing before from is asked.
func (u *truth) within(q question, from time.Time) bool {
	return !strings.ContainsAny(q.expr, "@") && !strings.Contains(q.expr, "offset") && !strings.Contains(q.expr, "]:")
}

// TestWhoAnswers: the tiers of a range query, from old to new, and the expression each gets.
func TestWhoAnswers(t *testing.T) {
	t.Parallel()
	u := newTruth(t, rand.New(rand.NewPCG(1, 2)), 3)
	u.db.SetFloor("raw", u.end.Add(-20*time.Hour))
	u.db.SetFloor("5m", u.end.Add(-45*time.Hour))
	f := func(option tsdb.Resolution, from, to time.Duration, step time.Duration, expr, want string) {
		t.Helper()
		plan, err := u.db.Plan(expr, u.end.Add(from), u.end.Add(to), step, tsdb.QueryOptions{MaxSourceResolution: option})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			return
		}
		var names []string
		for _, s := range plan {
			names = append(names, s[0])
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s from %s to %s step %s, resolution %q: answered by %s, want %s", expr, from, to, step, option, got, want)
		}
	}
	const h = time.Hour
	// Samples as scraped wherever they are kept, back to the beginning of the range.
	f(tsdb.ResolutionDefault, -5*h, 0, h, "walk", "raw")
	f(tsdb.ResolutionDefault, -30*h, 0, h, "walk", "5m raw")
	f(tsdb.ResolutionDefault, -60*h, 0, h, "walk", "1h 5m raw")
	f(tsdb.ResolutionDefault, -15*h, 0, h, "avg_over_time(walk[10h])", "5m raw")
	f(tsdb.ResolutionDefault, -15*h, 0, h, "avg_over_time(walk[1h] offset 10h)", "5m raw")
	f(tsdb.ResolutionDefault, -15*h, 0, h, "max_over_time(rate(bytes_total[1h])[9h:1h])", "5m raw")
	f(tsdb.ResolutionDefault, 0, 0, 0, "increase(bytes_total[10h])", "raw")
	f(tsdb.ResolutionDefault, 0, 0, 0, "increase(bytes_total[30h])", "5m")
	f(tsdb.ResolutionDefault, 0, 0, 0, "increase(bytes_total[60h])", "1h")
	f(tsdb.ResolutionDefault, 0, 0, 0, "increase(bytes_total[600h])", "1h")
	// What a time of evaluation reads at a fixed time does not move with it.
	f(tsdb.ResolutionDefault, -5*h, 0, h, fmt.Sprintf("walk @ %d", u.end.Add(-30*h).Unix()), "5m")
	f(tsdb.ResolutionDefault, -30*h, 0, h, "walk @ end()", "raw")
	f(tsdb.ResolutionDefault, -30*h, 0, h, "walk - walk @ start()", "5m")
	// Charts go by step, and by the smallest range.
	f(tsdb.ResolutionAuto, -10*h, 0, time.Minute, "avg_over_time(walk[1m])", "raw")
	f(tsdb.ResolutionAuto, -10*h, 0, 20*time.Minute, "avg_over_time(walk[20m])", "5m")
	f(tsdb.ResolutionAuto, -10*h, 0, 20*time.Minute, "avg_over_time(walk[5m])", "raw")
	f(tsdb.ResolutionAuto, -10*h, 0, 20*time.Minute, "avg_over_time(walk[20m]) - min_over_time(walk[9m])", "raw")
	f(tsdb.ResolutionAuto, -10*h, 0, 20*time.Minute, "max_over_time(walk[1h:1m])", "raw")
	f(tsdb.ResolutionAuto, -10*h, 0, 2*h, "avg_over_time(walk[2h])", "1h")
	f(tsdb.ResolutionAuto, -60*h, 0, time.Minute, "avg_over_time(walk[1m])", "1h 5m raw")
	f(tsdb.ResolutionAuto, -2*h, 4*h, 20*time.Minute, "avg_over_time(walk[20m])", "5m raw")
	f(tsdb.ResolutionRaw, -60*h, 0, h, "walk", "raw")
	f(tsdb.ResolutionFiveMinutes, -60*h, 0, h, "walk", "5m")
	f(tsdb.ResolutionHour, -60*h, 0, time.Minute, "walk", "1h")
	// Nothing to read, or nothing that can be read.
	f(tsdb.ResolutionDefault, -60*h, 0, h, "time() + 1", "raw")
	f(tsdb.ResolutionDefault, -60*h, 0, h, "walk[", "raw")
	f(tsdb.ResolutionDefault, -60*h, 0, h, `walk{__agg__="avg"}`, "raw")
}

// TestApproximationsAreTold: what the asker must know stands in the warnings.
func TestApproximationsAreTold(t *testing.T) {
	t.Parallel()
	u := newTruth(t, rand.New(rand.NewPCG(3, 4)), 1)
	f := func(expr string, want ...string) {
		t.Helper()
		r, err := u.db.PromQueryRange(t.Context(), expr, u.end.Add(-20*time.Hour), u.end, time.Hour, tsdb.QueryOptions{MaxSourceResolution: tsdb.ResolutionHour})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			return
		}
		warnings, infos := r.Warnings.AsStrings(expr, 0, 0)
		if len(warnings) != len(want) || !slices.ContainsFunc(infos, func(s string) bool { return strings.Contains(s, "windows of 1h") }) {
			t.Errorf("%s: warnings %q, infos %q", expr, warnings, infos)
			return
		}
		slices.Sort(warnings)
		for i, w := range want {
			if !strings.Contains(warnings[i], w) {
				t.Errorf("%s: %q does not say %q", expr, warnings[i], w)
			}
		}
	}
	f("avg_over_time(walk[2h])")
	f("rate(bytes_total[2h])")
	f("walk")
	f("quantile_over_time(0.9, walk[2h])", "quantile_over_time runs on the means of windows of 1h")
	f("sum(changes(walk[2h])) + sum(deriv(walk[2h]))", "changes runs", "deriv runs")
	f("timestamp(walk)", "timestamp runs")
	f("bytes_total", "bytes_total is a counter")
	f("max_over_time(bytes_total[2h])", "bytes_total is a counter")
	f("irate(bytes_total[2h])", "bytes_total is a counter", "irate runs on the means")
}

// TestTooManySamples: a range query that would read too many samples gets the next tier, and is told.
func TestTooManySamples(t *testing.T) {
	t.Parallel()
	u := newTruth(t, rand.New(rand.NewPCG(5, 6)), 1)
	f := func(limit int64, expr, resolution, want string, option tsdb.Resolution) {
		t.Helper()
		u.db.SetMaxRawSamples(limit)
		r, err := u.db.PromQueryRange(t.Context(), expr, u.end.Add(-24*time.Hour), u.end, time.Hour, tsdb.QueryOptions{MaxSourceResolution: option})
		if err != nil {
			t.Fatal(err)
		}
		warnings, infos := r.Warnings.AsStrings(expr, 0, 0)
		if want == "" && len(warnings) > 0 || !strings.Contains(strings.Join(warnings, ""), want) || !strings.Contains(strings.Join(infos, ""), resolution) {
			t.Errorf("limit %d, %s: warnings %q, infos %q", limit, expr, warnings, infos)
		}
	}
	// One series of 24 hours and the range before it has about 9000 samples.
	f(10_000, `avg_over_time(walk{server="1"}[1h])`, "", "", tsdb.ResolutionDefault)
	f(10_000, `avg_over_time(walk[1h])`, "windows of 5m", "have to be read, so times that are rolled up are answered from windows of 5m", tsdb.ResolutionDefault)
	f(10_000, `avg_over_time(walk{server="1"}[1h]) + avg_over_time(walk{server="1"}[1h])`, "windows of 5m", "windows of 5m", tsdb.ResolutionDefault)
	f(500, `avg_over_time(walk[1h])`, "windows of 1h", "windows of 1h", tsdb.ResolutionDefault)
	f(500, `avg_over_time(walk[1h])`, "", "", tsdb.ResolutionRaw)
	f(500, `avg_over_time(walk[1h])`, "windows of 5m", "", tsdb.ResolutionFiveMinutes)
}
