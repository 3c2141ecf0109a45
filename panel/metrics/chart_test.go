package metrics

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"monitoring/storage"
)

// chartAnswer is ChartResponse as a client reads it.
type chartAnswer struct {
	Chart           string
	From, To        int64
	StepSeconds     float64 `json:"step_seconds"`
	IntervalSeconds float64 `json:"interval_seconds"`
	Timestamps      []int64
	Series          []struct {
		Name, Legend   string
		Mean, Min, Max []*float64
	}
	Earliest *int64
}

// Every point of every kind of range is exactly what the samples under it say, and nothing where there are none.
func TestChartAgainstSamples(t *testing.T) {
	t.Parallel()
	b := start(t)
	used, high := noisy(1), noisy(2)
	b.record(t, metric(1, "agent_cpu_usage_ratio", used), metric(1, "agent_cpu_usage_max_ratio", high), metric(2, "agent_cpu_usage_ratio", noisy(3)))

	f := func(query string, wantStep time.Duration) {
		t.Helper()
		got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/cpu?"+query)
		if got.StepSeconds != wantStep.Seconds() || got.IntervalSeconds != 10 || len(got.Series) != 1 {
			t.Fatalf("%s: step %g, interval %g, %d series", query, got.StepSeconds, got.IntervalSeconds, len(got.Series))
		}
		line := got.Series[0]
		n := len(got.Timestamps)
		if len(line.Mean) != n || len(line.Min) != n || len(line.Max) != n || got.To != got.Timestamps[n-1] || got.From != got.Timestamps[0]-wantStep.Milliseconds() {
			t.Fatalf("%s: %d times, %d means, %d minima, %d maxima, from %d to %d", query, n, len(line.Mean), len(line.Min), len(line.Max), got.From, got.To)
		}
		holes, values := 0, 0
		for i, ms := range got.Timestamps {
			check := func(what string, got *float64, want float64) {
				t.Helper()
				if !sameAs(got, want) {
					t.Fatalf("%s: %s at %s is %s, want %g", query, what, time.UnixMilli(ms).UTC(), show(got), want)
				}
			}
			check("mean", line.Mean[i], 100*reduced(used, ms, wantStep, mean))
			check("min", line.Min[i], 100*reduced(used, ms, wantStep, slices.Min))
			check("max", line.Max[i], 100*reduced(high, ms, wantStep, slices.Max))
			if line.Mean[i] == nil {
				holes++
			} else {
				values++
			}
		}
		if holes == 0 || values == 0 {
			t.Errorf("%s: %d holes, %d values: the test shows nothing", query, holes, values)
		}
	}
	f("period=1h", 10*time.Second)
	f("period=24h", time.Minute)
	f("period=7d", 20*time.Minute)
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }
	f("from_time="+ago(30*time.Minute), 10*time.Second)
	f("from_time="+ago(90*time.Minute)+"&to_time="+ago(time.Hour)+"&points=50", time.Minute)
	f("period=1h&points=100", time.Minute)
}

func TestChartUnits(t *testing.T) {
	t.Parallel()
	b := start(t)
	times := grid(10 * time.Minute)
	b.record(t,
		metric(1, "agent_network_total_receive_bytes_per_second", constant(1000, times)),
		metric(1, "agent_network_total_receive_max_bytes_per_second", constant(3000, times)),
		metric(1, "agent_network_total_transmit_bytes_per_second", constant(500, times)),
		metric(1, "agent_disk_total_read_bytes_per_second", constant(2048, times)),
		metric(1, "node_load1", constant(1.07, times)),
		metric(1, "node_filesystem_size_bytes", constant(1000, times), "mountpoint", "/", "fstype", "ext4", "device", "/dev/vda1"),
		metric(1, "node_filesystem_free_bytes", constant(400, times), "mountpoint", "/", "fstype", "ext4", "device", "/dev/vda1"),
		metric(1, "node_filesystem_avail_bytes", constant(200, times), "mountpoint", "/", "fstype", "ext4", "device", "/dev/vda1"), // 200 are root's
		metric(1, "node_filesystem_size_bytes", constant(10, times), "mountpoint", "/run", "fstype", "tmpfs", "device", "tmpfs"),
		metric(1, "node_filesystem_free_bytes", constant(10, times), "mountpoint", "/run", "fstype", "tmpfs", "device", "tmpfs"),
		metric(1, "node_filesystem_avail_bytes", constant(10, times), "mountpoint", "/run", "fstype", "tmpfs", "device", "tmpfs"),
	)
	f := func(chart, name, legend string, wantMean, wantMax float64) {
		t.Helper()
		got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/"+chart+"?period=1h")
		for _, line := range got.Series {
			if line.Name != name || line.Legend != legend {
				continue
			}
			last := len(line.Mean) - 2 // the newest scrape may not have happened yet
			if !sameAs(line.Mean[last], wantMean) {
				t.Errorf("%s %s: mean %s, want %g", chart, name, show(line.Mean[last]), wantMean)
			}
			if !math.IsNaN(wantMax) && !sameAs(line.Max[last], wantMax) {
				t.Errorf("%s %s: max %s, want %g", chart, name, show(line.Max[last]), wantMax)
			}
			return
		}
		t.Errorf("%s: no line %s %q among %d", chart, name, legend, len(got.Series))
	}
	f("network", "download", "", 8000, 24000)
	f("network", "upload", "", 4000, math.NaN())
	f("disk_io", "read", "", 2048, math.NaN())
	f("load", "load1", "", 1.07, 1.07)
	f("filesystems", "used", "/", 75, math.NaN())
	if got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/filesystems"); len(got.Series) != 1 {
		t.Errorf("%d file systems, want the one that is no tmpfs", len(got.Series))
	}
}

// Rows of a heat strip come in the order of the cores, 2 before 10; a line per state in the order of the names.
func TestChartOfManyLines(t *testing.T) {
	t.Parallel()
	b := start(t)
	times := grid(5 * time.Minute)
	for core := range 12 {
		b.record(t, metric(1, "agent_cpu_core_usage_ratio", constant(float64(core)/100, times), "cpu", strconv.Itoa(core)))
	}
	for _, state := range []string{"time_wait", "established", "listen"} {
		b.record(t, metric(1, "agent_tcp_connections", constant(5, times), "state", state))
	}
	got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/cores")
	if len(got.Series) != 12 {
		t.Fatalf("%d cores", len(got.Series))
	}
	for core, line := range got.Series {
		if line.Legend != strconv.Itoa(core) || !sameAs(line.Mean[len(line.Mean)-2], float64(core)) || line.Min != nil {
			t.Errorf("row %d is core %s with %s", core, line.Legend, show(line.Mean[len(line.Mean)-2]))
		}
	}
	states := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/tcp_states").Series
	if len(states) != 3 || states[0].Legend != "established" || states[1].Legend != "listen" || states[2].Legend != "time_wait" {
		t.Errorf("states %+v", states)
	}
}

// A server that moved to another address stays one line.
func TestChartAcrossAddresses(t *testing.T) {
	t.Parallel()
	b := start(t)
	times := grid(40 * time.Minute)
	half := len(times) / 2
	b.record(t,
		metric(1, "node_load1", constant(1, times[:half]), "instance", "192.0.2.1:9100"),
		metric(1, "node_load1", constant(2, times[half:]), "instance", "192.0.2.99:9100"),
	)
	got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/load")
	if len(got.Series) != 1 {
		t.Fatalf("%d lines, want one", len(got.Series))
	}
	for i, ms := range got.Timestamps {
		want := math.NaN()
		switch {
		case ms >= times[half]:
			want = 2
		case ms >= times[0]:
			want = 1
		}
		if v := got.Series[0].Mean[i]; !sameAs(v, want) {
			t.Fatalf("at %d: %s, want %g", ms, show(v), want)
		}
	}
}

func TestChartWithoutData(t *testing.T) {
	t.Parallel()
	b := start(t)
	got := must[chartAnswer](t, b, "/api/proxy/3/metrics/chart/cpu?period=30d")
	if got.Series == nil || len(got.Series) != 0 || got.Earliest != nil || len(got.Timestamps) != 720 {
		t.Errorf("%d series, earliest %v, %d times", len(got.Series), got.Earliest, len(got.Timestamps))
	}
}

// The UI says "not enough history" by it: the first minute in which the agent was heard, not the first attempt.
func TestEarliest(t *testing.T) {
	t.Parallel()
	f := func(heard time.Duration) {
		t.Helper()
		b := start(t)
		first := floor(time.Now().Add(-heard), interval).Add(3 * time.Second)
		tries := []storage.Point{{Time: first.Add(-time.Hour).UnixMilli(), Value: 0}, {Time: first.UnixMilli(), Value: 1}, {Time: first.Add(time.Minute).UnixMilli(), Value: 1}}
		b.record(t, metric(1, "up", tries), metric(2, "up", constant(1, grid(time.Minute))))
		got := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/cpu?period=365d").Earliest
		if got == nil || *got > first.UnixMilli() || *got <= first.Add(-time.Minute).UnixMilli()-1 {
			t.Errorf("heard %s ago: earliest %v, want within the minute before %d", heard, got, first.UnixMilli())
			return
		}
		again := must[chartAnswer](t, b, "/api/proxy/1/metrics/chart/load").Earliest
		if again == nil || *again != *got {
			t.Errorf("heard %s ago: the second answer is %v, the first %d", heard, again, *got)
		}
	}
	f(2 * time.Minute)
	f(5 * time.Hour)
	f(40 * 24 * time.Hour)
	f(700 * 24 * time.Hour)
}

func TestBeginningsForget(t *testing.T) {
	t.Parallel()
	b := newBeginnings()
	now := utc("2026-11-23T12:00:00Z")
	b.put(1, 100, now)
	if ms, ok := b.get(1, now.Add(59*time.Minute)); !ok || ms != 100 {
		t.Errorf("after 59 min: %d, %t", ms, ok)
	}
	if _, ok := b.get(1, now.Add(time.Hour)); ok {
		t.Error("after an hour it is still trusted")
	}
	b.put(2, 200, now.Add(2*time.Hour))
	if len(b.seen) != 1 {
		t.Errorf("%d servers are remembered, want the one that was asked for", len(b.seen))
	}
}
