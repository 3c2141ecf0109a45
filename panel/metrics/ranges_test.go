package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// However long ago, no chart has points narrower than what is kept of that time: they would be holes, or all the same.
func TestOldRangesHaveWidePoints(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	db, err := tsdb.Open(tsdb.Options{Dir: t.TempDir(), MemoryBytes: 16 << 20, Retention: tsdb.Retention{Raw: day, FiveMinutes: 30 * day, Hour: 800 * day}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b := startOn(t, db)
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }
	f := func(query string, want time.Duration) {
		t.Helper()
		if got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/cpu?"+query); got.StepSeconds != want.Seconds() {
			t.Errorf("chart %s: %g s, want %s", query, got.StepSeconds, want)
		}
		if got := must[HistoryResponse](t, b, "/api/proxy/1/metrics/history?limit=5000&"+query); got.ResolutionSeconds != want.Seconds() || got.DataSource != dataSource(want) {
			t.Errorf("history %s: %g s of %s, want %s", query, got.ResolutionSeconds, got.DataSource, want)
		}
	}
	f("period=1h", 10*time.Second)
	f("period=24h", time.Minute) // exactly as long as raw samples are kept
	f("period=7d", 20*time.Minute)
	f("period=30d", time.Hour)
	f("period=365d", 12*time.Hour)
	f("points=5000&from_time="+ago(2*time.Hour)+"&to_time="+ago(time.Hour), 10*time.Second)
	f("points=5000&from_time="+ago(3*day)+"&to_time="+ago(3*day-time.Hour), 10*time.Minute)
	f("points=5000&from_time="+ago(200*day)+"&to_time="+ago(199*day), 2*time.Hour)
}

// A year of which only the last hours are known: holes before, values after, each exactly once, and where it begins.
func TestPartlyCoveredYear(t *testing.T) {
	t.Parallel()
	b := start(t)
	times := grid(30 * time.Hour)
	for _, state := range []string{"established", "time_wait"} {
		b.record(t, metric(1, "agent_tcp_connections", constant(7, times), "state", state))
	}
	b.record(t, metric(1, "up", constant(1, times)), metric(1, "agent_cpu_core_usage_ratio", constant(0.5, times), "cpu", "0"))
	for chart, want := range map[string]float64{"tcp_states": 7, "cores": 50} {
		for _, period := range []string{"7d", "30d", "365d"} {
			got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/"+chart+"?period="+period)
			if len(got.Series) == 0 || got.Earliest == nil || *got.Earliest > times[0] || *got.Earliest < times[0]-60_000 {
				t.Fatalf("%s %s: %d series, earliest %v", chart, period, len(got.Series), got.Earliest)
			}
			step := int64(got.StepSeconds * 1000)
			if !slices.IsSortedFunc(got.Timestamps, func(a, b int64) int { return int(a - b) }) || got.Timestamps[1]-got.Timestamps[0] != step {
				t.Fatalf("%s %s: times are no grid of %d ms", chart, period, step)
			}
			for _, line := range got.Series {
				for i, ms := range got.Timestamps {
					if covered := ms >= times[0]; covered != (line.Mean[i] != nil) || covered && !sameAs(line.Mean[i], want) {
						t.Fatalf("%s %s %s at %d: %s, covered %t", chart, period, line.Legend, ms, show(line.Mean[i]), covered)
					}
				}
			}
		}
	}
	// The same through the history: only points with a measurement, ascending.
	history := must[HistoryResponse](t, b, "/api/proxy/1/metrics/history?period=365d")
	if history.Count < 2 || history.Count > 5 || *history.Data[0].TCPEstablished != 7 || history.Data[0].CPUUsage != nil {
		t.Errorf("%d points: %+v", history.Count, history.Data)
	}
}

// Long ranges are answered by rollups, and say what the samples under them said: the maximum exactly, the mean within
// half a percent, holes where there was nothing, nothing twice at the seam to what is not rolled up yet.
func TestLongRangesFromRollups(t *testing.T) {
	t.Parallel()
	b := start(t)
	used := daysOfLoad(3)
	b.record(t, metric(1, "agent_cpu_usage_ratio", used), metric(1, "agent_cpu_usage_max_ratio", used), metric(1, "agent_tcp_connections", used, "state", "established"))
	if err := b.db.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, period := range []string{"7d", "30d", "365d"} {
		got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/cpu?period="+period)
		history := must[HistoryResponse](t, b, "/api/proxy/1/metrics/history?period="+period)
		points := map[int64]HistoryPoint{}
		for _, p := range history.Data {
			points[utc(p.Timestamp).UnixMilli()] = p
		}
		step := time.Duration(got.StepSeconds) * time.Second
		filled := 0
		for i, ms := range got.Timestamps {
			wantMean, wantMax := 100*reduced(used, ms, step, mean), 100*reduced(used, ms, step, slices.Max)
			if math.IsNaN(wantMean) != (got.Series[0].Mean[i] == nil) {
				t.Fatalf("%s at %s: %s, want %g", period, time.UnixMilli(ms).UTC(), show(got.Series[0].Mean[i]), wantMean)
			}
			if math.IsNaN(wantMean) {
				continue
			}
			filled++
			if v := *got.Series[0].Mean[i]; math.Abs(v-wantMean) > 0.005*wantMean {
				t.Errorf("%s at %s: mean %g, want %g", period, time.UnixMilli(ms).UTC(), v, wantMean)
			}
			if v := got.Series[0].Max[i]; !sameAs(v, wantMax) {
				t.Errorf("%s at %s: max %s, want %g", period, time.UnixMilli(ms).UTC(), show(v), wantMax)
			}
			p := points[ms]
			if p.MaxCPU == nil || math.Abs(*p.MaxCPU-wantMax) > 1e-9*wantMax || p.TCPEstablished == nil || math.Abs(100**p.TCPEstablished-wantMean) > 0.005*wantMean {
				t.Errorf("%s at %s: history %+v, want mean %g, max %g", period, time.UnixMilli(ms).UTC(), p, wantMean, wantMax)
			}
		}
		if filled < 5 || history.Count != filled {
			t.Errorf("%s: %d points, %d in the history", period, filled, history.Count)
		}
	}
}

// daysOfLoad is a random walk over some days up to now, with an hour and some minutes of silence.
func daysOfLoad(days int) []storage.Point {
	rnd := rand.New(rand.NewPCG(5, 0))
	times := grid(time.Duration(days) * 24 * time.Hour)
	value := 0.4
	var out []storage.Point
	for i, ms := range times {
		value = max(0.05, min(0.95, value+(rnd.Float64()-0.5)*0.05))
		if i > 9000 && i < 9400 || i > 15000 && i < 15050 {
			continue
		}
		out = append(out, storage.Point{Time: ms, Value: math.Round(value*1e6) / 1e6})
	}
	return out
}

func TestRangesRefused(t *testing.T) {
	t.Parallel()
	b := start(t)
	for _, path := range []string{"/api/proxy/1/metrics/history?", "/api/proxy/1/metrics/chart/cpu?"} {
		b.refused(t, path+"period=2h", 400, "invalid", "period")
		b.refused(t, path+"from_time=x", 400, "invalid", "from_time")
		b.refused(t, path+"from_time=2020-01-01", 400, "invalid", "from_time")
		b.refused(t, path+"to_time=1700000000", 400, "invalid", "to_time")
	}
	b.refused(t, "/api/proxy/1/metrics/history?limit=5001", 400, "invalid", "limit")
	b.refused(t, "/api/proxy/1/metrics/history?limit=0", 400, "invalid", "limit")
	b.refused(t, "/api/proxy/1/metrics/history?include_per_cpu=maybe", 400, "invalid", "include_per_cpu")
	b.refused(t, "/api/proxy/1/metrics/chart/cpu?points=9", 400, "invalid", "points")
	b.refused(t, "/api/proxy/1/metrics/chart/nothing", 404, "not_found", "")
	b.refused(t, "/api/proxy/9/metrics/history", 404, "not_found", "")
}
