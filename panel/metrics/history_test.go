package metrics

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/storage"
)

// Every column against the samples under it; points without any sample are not in the answer.
func TestHistoryAgainstSamples(t *testing.T) {
	t.Parallel()
	b := start(t)
	used, high, memory := noisy(11), noisy(12), noisy(13)
	b.record(t, metric(1, "agent_cpu_usage_ratio", used), metric(1, "agent_cpu_usage_max_ratio", high), metric(1, "agent_memory_usage_ratio", memory))
	f := func(query, wantPeriod string, step time.Duration) {
		t.Helper()
		got := must[HistoryResponse](t, b, "/api/proxy/1/metrics/history?"+query)
		if got.Period != wantPeriod || got.DataSource != "raw" || got.ResolutionSeconds != step.Seconds() || got.Count != len(got.Data) || got.Count == 0 {
			t.Fatalf("%s: %s from %s, %g s, count %d of %d", query, got.Period, got.DataSource, got.ResolutionSeconds, got.Count, len(got.Data))
		}
		seen := map[int64]HistoryPoint{}
		last := int64(0)
		for _, p := range got.Data {
			ms := utc(p.Timestamp).UnixMilli()
			if ms <= last {
				t.Fatalf("%s: %s is not after the point before it", query, p.Timestamp)
			}
			last, seen[ms] = ms, p
		}
		for ms := utc(got.FromTime).Add(step).UnixMilli(); ms <= utc(got.ToTime).UnixMilli(); ms += step.Milliseconds() {
			p := seen[ms] // all null where there is no point
			check := func(what string, got *float64, want float64) {
				t.Helper()
				if !sameAs(got, want) {
					t.Fatalf("%s: %s at %d is %s, want %g", query, what, ms, show(got), want)
				}
			}
			check("cpu_usage", p.CPUUsage, 100*reduced(used, ms, step, mean))
			check("max_cpu", p.MaxCPU, 100*reduced(high, ms, step, slices.Max))
			check("memory_percent", p.MemoryPercent, 100*reduced(memory, ms, step, mean))
			check("max_memory_percent", p.MaxMemoryPercent, 100*reduced(memory, ms, step, slices.Max))
			delete(seen, ms)
		}
		if len(seen) > 0 {
			t.Errorf("%s: %d points beside the range", query, len(seen))
		}
	}
	f("", "1h", 10*time.Second)
	f("period=24h", "24h", time.Minute)
	f("period=24h&limit=100", "24h", 15*time.Minute)
	f("from_time="+time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05"), "custom", 10*time.Second)
}

// The keys of a raw and of an aggregated point, to the letter of the specification.
func TestHistoryKeys(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.record(t, everything(1, grid(3 * 24 * time.Hour)[0:8640:8640], 4)...)
	b.record(t, everything(1, grid(30*time.Minute), 4)...)
	common := []string{"timestamp", "cpu_usage", "max_cpu", "load_avg_1", "memory_percent", "max_memory_percent", "disk_percent",
		"net_rx_bytes_per_sec", "net_tx_bytes_per_sec", "disk_read_bytes_per_sec", "disk_write_bytes_per_sec", "tcp_established",
		"tcp_listen", "tcp_time_wait", "tcp_close_wait", "tcp_syn_sent", "tcp_syn_recv", "tcp_fin_wait"}
	raw := []string{"memory_used", "memory_available", "swap_used", "process_count"}
	f := func(query, source string, more ...string) {
		t.Helper()
		got := must[struct {
			DataSource string `json:"data_source"`
			Data       []map[string]json.RawMessage
		}](t, b, "/api/proxy/1/metrics/history?"+query)
		if got.DataSource != source || len(got.Data) == 0 {
			t.Fatalf("%s: source %s, %d points", query, got.DataSource, len(got.Data))
		}
		var keys []string
		for key, value := range got.Data[0] {
			keys = append(keys, key)
			if string(value) == "null" {
				t.Errorf("%s: %s is null", query, key)
			}
		}
		want := slices.Concat(common, more)
		slices.Sort(keys)
		slices.Sort(want)
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Errorf("%s:\n%s", query, diff)
		}
	}
	f("period=1h", "raw", raw...)
	f("period=1h&include_per_cpu=true", "raw", append(raw, "per_cpu_percent")...)
	f("period=30d", "hour", "total_rx_bytes", "total_tx_bytes", "data_points")
	f("period=30d&include_per_cpu=true", "hour", "total_rx_bytes", "total_tx_bytes", "data_points") // only raw has cores
	f("period=365d", "hour", "total_rx_bytes", "total_tx_bytes", "data_points")
	f("period=365d&limit=365", "day", "total_rx_bytes", "total_tx_bytes", "data_points")
}

// everything is one series of each metric that a history point reads.
func everything(server int, times []int64, cores int) []series {
	var out []series
	add := func(name string, value float64, pairs ...string) {
		out = append(out, metric(server, name, constant(value, times), pairs...))
	}
	for _, name := range []string{"agent_cpu_usage_ratio", "agent_cpu_usage_max_ratio", "node_load1", "agent_memory_usage_ratio", "agent_root_filesystem_usage_ratio",
		"agent_network_total_receive_bytes_per_second", "agent_network_total_transmit_bytes_per_second",
		"agent_disk_total_read_bytes_per_second", "agent_disk_total_written_bytes_per_second", "agent_processes",
		"node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes", "node_memory_SwapTotal_bytes", "node_memory_SwapFree_bytes"} {
		add(name, 0.5)
	}
	for _, state := range []string{"established", "listen", "time_wait", "close_wait", "syn_sent", "syn_recv", "fin_wait"} {
		add("agent_tcp_connections", 3, "state", state)
	}
	for core := range cores {
		add("agent_cpu_core_usage_ratio", float64(core)/10, "cpu", strconv.Itoa(core))
	}
	for _, name := range []string{"node_network_receive_bytes_total", "node_network_transmit_bytes_total"} {
		add(name, 1000, "device", "eth0")
	}
	return out
}

func TestHistoryPerCPU(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.record(t, everything(1, grid(10*time.Minute), 12)...)
	if got := must[HistoryResponse](t, b, "/api/proxy/1/metrics/history"); got.Data[0].PerCPUPercent != nil {
		t.Errorf("cores without being asked: %v", got.Data[0].PerCPUPercent)
	}
	got := must[HistoryResponse](t, b, "/api/proxy/1/metrics/history?include_per_cpu=true")
	for _, p := range got.Data {
		if len(p.PerCPUPercent) != 12 {
			t.Fatalf("%d cores at %s", len(p.PerCPUPercent), p.Timestamp)
		}
		for core, v := range p.PerCPUPercent {
			if math.Abs(v-10*float64(core)) > 1e-9 {
				t.Fatalf("core %d at %s: %g", core, p.Timestamp, v)
			}
		}
	}
}

// Traffic is what the counters of the hardware say: across a reset, without the bridge that carries the same bytes, and
// with nothing lost to a gap in the samples.
func TestHistoryTraffic(t *testing.T) {
	t.Parallel()
	b := start(t)
	from := floor(time.Now().Add(-26*time.Hour), 24*time.Hour/12) // a grid that holds the step of period=30d
	const perScrape = 5000
	var received, bridge, sent []storage.Point
	counter := 1e9
	for i := range int(12 * time.Hour / interval) {
		at := from.Add(time.Duration(i)*interval + 4*time.Second).UnixMilli()
		if i == 1800 {
			counter = 0 // a reboot
		}
		counter += perScrape
		if i >= 2300 && i < 2400 {
			continue // 1000 s of silence, during which the counter goes on
		}
		received = append(received, storage.Point{Time: at, Value: counter})
		bridge = append(bridge, storage.Point{Time: at, Value: counter * 3})
		sent = append(sent, storage.Point{Time: at, Value: counter / 10})
	}
	b.record(t,
		metric(1, "node_network_receive_bytes_total", received, "device", "eth0"),
		metric(1, "node_network_receive_bytes_total", bridge, "device", "docker0"),
		metric(1, "node_network_transmit_bytes_total", sent, "device", "ens3"),
		metric(1, "agent_cpu_usage_ratio", received),
	)
	got := must[HistoryResponse](t, b, "/api/proxy/1/metrics/history?period=30d")
	if got.ResolutionSeconds != 3600 || got.Count != 12 {
		t.Fatalf("%d points of %g s, want 12 of 3600", got.Count, got.ResolutionSeconds)
	}
	for i, p := range got.Data {
		want := perScrape * got.ResolutionSeconds / 10
		if p.TotalRxBytes == nil || math.Abs(*p.TotalRxBytes-want) > want*0.002 {
			t.Errorf("point %d received %s, want %g", i, show(p.TotalRxBytes), want)
		}
		if p.TotalTxBytes == nil || math.Abs(*p.TotalTxBytes-want/10) > want*0.0002 {
			t.Errorf("point %d sent %s, want %g", i, show(p.TotalTxBytes), want/10)
		}
		wantCount := 360.0
		if i == 6 {
			wantCount = 260
		}
		if p.DataPoints == nil || *p.DataPoints != wantCount {
			t.Errorf("point %d counts %s samples, want %g", i, show(p.DataPoints), wantCount)
		}
	}
}

func TestHistoryWithoutData(t *testing.T) {
	t.Parallel()
	got := must[HistoryResponse](t, start(t), "/api/proxy/3/metrics/history")
	if got.Data == nil || got.Count != 0 {
		t.Errorf("%+v", got)
	}
}

// A column that reads a name which no agent exports would be null for ever.
func TestQueriesNameMetricsOfTheAgent(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"up": true} // from the scraper
	name := regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*`)
	for _, file := range []string{"page.golden", "node_exporter_full.txt"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "agent", "collector", "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			known[name.FindString(line)] = true
		}
	}
	exprs := []string{perCore, anyAnswer, fleetCPU, fleetRAM, fleetRx, fleetTx, fleetCores, fleetMemory}
	for _, c := range slices.Concat(commonColumns, rawColumns, aggregatedColumns) {
		exprs = append(exprs, c.expr)
	}
	selector := regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)\{`)
	for _, expr := range exprs {
		found := selector.FindAllStringSubmatch(expr, -1)
		if len(found) == 0 {
			t.Errorf("%s reads nothing", expr)
		}
		for _, f := range found {
			if !known[f[1]] {
				t.Errorf("%s: no collector exports %s", expr, f[1])
			}
		}
	}
}
