package scrape

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"monitoring/panel/scrape/simulate"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// feed tells the recorded pages of some hosts from one time to another.
func feed(b *testing.B, hosts int, from, to time.Time, step time.Duration, take func(host int, page []byte, at time.Time)) {
	b.Helper()
	r, err := simulate.LoadRecording()
	if err != nil {
		b.Fatal(err)
	}
	var page []byte
	for at := from; at.Before(to); at = at.Add(step) {
		for host := range hosts {
			page = r.AppendPage(page[:0], host, at.Sub(from))
			take(host, page, at)
		}
	}
}

// storing appends pages to a database and counts the samples.
func storing(b *testing.B, db *tsdb.DB, hosts int) (take func(int, []byte, time.Time), samples *int) {
	b.Helper()
	var targets []*tsdb.Exposition
	for host := range hosts {
		targets = append(targets, db.NewExposition(tsdb.ExpositionOptions{Labels: []storage.Label{
			{Name: "job", Value: "node"}, {Name: "instance", Value: fmt.Sprintf("10.0.0.%d:9100", host)}, {Name: "server", Value: strconv.Itoa(host)}}}))
	}
	samples = new(int)
	return func(host int, page []byte, at time.Time) {
		st, err := targets[host].Append(page, at)
		if err != nil {
			b.Fatal(err)
		}
		*samples += st.Samples
	}, samples
}

func openBench(b *testing.B, dir string) *tsdb.DB {
	b.Helper()
	always := 2 * 365 * 24 * time.Hour
	db, err := tsdb.Open(tsdb.Options{Dir: dir, MemoryBytes: 128 << 20, Log: slog.New(slog.DiscardHandler),
		Retention: tsdb.Retention{Raw: always, FiveMinutes: always, Hour: always}})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// dataBytes is what lies in the partitions below dir.
func dataBytes(b *testing.B, dir string) float64 {
	b.Helper()
	var total int64
	err := filepath.WalkDir(filepath.Join(dir, "data"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return float64(total)
}

// BenchmarkYear stores 30 days of one server, a page a minute, rolls them up and prints what a year of each rollup takes.
// BENCH_DAYS=365 stores all of it.
func BenchmarkYear(b *testing.B) {
	days := 30
	if text := os.Getenv("BENCH_DAYS"); text != "" {
		var err error
		if days, err = strconv.Atoi(text); err != nil {
			b.Fatalf("BENCH_DAYS: %v", err)
		}
	}
	for range b.N {
		dir := b.TempDir()
		db := openBench(b, dir)
		now := time.Now().Truncate(time.Hour)
		take, samples := storing(b, db, 1)
		feed(b, 1, now.AddDate(0, 0, -days), now, time.Minute, take)
		start := time.Now()
		if err := db.RollUp(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "rollup-s")
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		perYear := func(tier string) float64 { return dataBytes(b, filepath.Join(dir, tier)) / float64(days) * 365 / 1e6 }
		b.ReportMetric(float64(*samples)/float64(days)/1440, "series")
		b.ReportMetric(perYear("5m"), "MB-5m/year")
		b.ReportMetric(perYear("1h"), "MB-1h/year")
	}
}

// BenchmarkAgainstVictoriaMetrics stores six hours of 20 servers, every 10 s, here and in Debian's victoria-metrics, and
// compares bytes per sample and the CPU of range queries over the fleet.
func BenchmarkAgainstVictoriaMetrics(b *testing.B) {
	const hosts = 20
	const span = 6 * time.Hour
	for range b.N {
		dir := b.TempDir()
		now := time.Now().Truncate(time.Minute)
		db := openBench(b, filepath.Join(dir, "ours"))
		take, samples := storing(b, db, hosts)
		cpu := cpuSeconds(b)
		feed(b, hosts, now.Add(-span), now, 10*time.Second, take)
		b.ReportMetric((cpuSeconds(b)-cpu)/float64(*samples)*1e6, "panel-store-cpu-s/Msample") // making the pages included
		if err := db.RunOnce(b.Context()); err != nil {
			b.Fatal(err)
		}

		vmDir := filepath.Join(dir, "vm")
		vm := startPeer(b, "victoria-metrics", `vm_rows_inserted_total{type="prometheus"}`, "-storageDataPath="+vmDir, "-httpListenAddr=ADDR", "-loggerLevel=ERROR", "-retentionPeriod=2y")
		base := vm.url[:len(vm.url)-len("/metrics")]
		waitFor(b, base+"/health")
		feed(b, hosts, now.Add(-span), now, 10*time.Second, func(host int, page []byte, at time.Time) {
			q := url.Values{"timestamp": {strconv.FormatInt(at.UnixMilli(), 10)}, "extra_label": {"job=node", fmt.Sprintf("instance=10.0.0.%d:9100", host), fmt.Sprintf("server=%d", host)}}
			call(b, http.MethodPost, base+"/api/v1/import/prometheus?"+q.Encode(), page)
		})
		call(b, http.MethodGet, base+"/internal/force_flush", nil)

		for _, q := range []struct{ name, expr string }{
			{"rate", "sum by (server) (rate(node_cpu_seconds_total[5m]))"},
			{"avg", "avg by (server) (avg_over_time(agent_cpu_usage_ratio[1m]))"},
			{"all", "max by (server) (node_load1)"},
		} {
			const rounds = 5
			cpu, theirs := cpuSeconds(b), processCPU(b, vm.pid)
			for range rounds {
				if _, err := db.QueryRange(b.Context(), q.expr, now.Add(-span), now, time.Minute); err != nil {
					b.Fatal(err)
				}
			}
			cpu = cpuSeconds(b) - cpu
			for range rounds {
				v := url.Values{"query": {q.expr}, "start": {strconv.FormatInt(now.Add(-span).Unix(), 10)}, "end": {strconv.FormatInt(now.Unix(), 10)}, "step": {"60"}, "nocache": {"1"}}
				call(b, http.MethodGet, base+"/api/v1/query_range?"+v.Encode(), nil)
			}
			theirs = processCPU(b, vm.pid) - theirs
			b.ReportMetric(cpu/rounds*1e3, "panel-"+q.name+"-ms")
			b.ReportMetric(theirs/rounds*1e3, "vm-"+q.name+"-ms")
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(dataBytes(b, filepath.Join(dir, "ours", "raw"))/float64(*samples), "panel-B/sample")
		b.ReportMetric(dataBytes(b, vmDir)/float64(*samples), "vm-B/sample")
	}
}

func call(b *testing.B, method, url string, body []byte) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		b.Fatalf("%s: %d %.200s %v", url, resp.StatusCode, text, err)
	}
}

func waitFor(b *testing.B, url string) {
	b.Helper()
	for until := time.Now().Add(30 * time.Second); ; pause(b, 50*time.Millisecond) {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
			return
		}
		if time.Now().After(until) {
			b.Fatal(err)
		}
	}
}
