package tsdb_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// nodePage is a page of 500 series like a small server's, with values that move as they do there.
func nodePage(turn int) []byte {
	r := rand.New(rand.NewPCG(uint64(turn), 1))
	var b bytes.Buffer
	family := func(name, kind string, series ...string) {
		fmt.Fprintf(&b, "# HELP %s What %s says about this machine.\n# TYPE %s %s\n", name, name, name, kind)
		for i, labels := range series {
			if kind == "counter" {
				fmt.Fprintf(&b, "%s%s %d\n", name, labels, turn*(i+3)*17+i)
			} else {
				fmt.Fprintf(&b, "%s%s %.4f\n", name, labels, 40+float64(r.IntN(10000))/1000)
			}
		}
	}
	each := func(format string, n int) (out []string) {
		for i := range n {
			out = append(out, strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return out
	}
	for _, mode := range []string{"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"} {
		family("node_cpu_seconds_"+mode+"_total", "counter", each(`{cpu="#",mode="`+mode+`"}`, 8)...)
	}
	for i := range 20 {
		family(fmt.Sprintf("node_network_device_%d_total", i), "counter", each(`{device="eth#"}`, 4)...)
		family(fmt.Sprintf("node_disk_something_%d_seconds_total", i), "counter", each(`{device="nvme#n1"}`, 3)...)
		family(fmt.Sprintf("node_filesystem_%d_bytes", i), "gauge", each(`{device="/dev/mapper/vg-#",fstype="ext4",mountpoint="/srv/#"}`, 4)...)
	}
	for i := range 214 {
		family(fmt.Sprintf("node_memory_or_netstat_field_%d", i), "gauge", "")
	}
	return b.Bytes()
}

const pageSeries = 8*8 + 20*(4+3+4) + 214

var benchTarget = []storage.Label{{Name: "job", Value: "node"}, {Name: "instance", Value: "203.0.113.7:9100"}, {Name: "server", Value: "7"}}

func reportPerSample(b *testing.B, samplesPerRound int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*samplesPerRound), "ns/sample")
}

// BenchmarkExpositionAppend stores the pages of one target every 10 s: as remembered, with one line more or less each
// time, and with nothing remembered.
func BenchmarkExpositionAppend(b *testing.B) {
	pages := make([][]byte, 16)
	for i := range pages {
		pages[i] = nodePage(i)
	}
	run := func(name string, prepare func(int, []byte) []byte, forget bool) {
		b.Run(name, func(b *testing.B) {
			db := storagetest.TSDB(b)
			e := db.NewExposition(tsdb.ExpositionOptions{Labels: benchTarget})
			b.ReportAllocs()
			at := hourStart
			for i := range b.N {
				if forget {
					e = db.NewExposition(tsdb.ExpositionOptions{Labels: benchTarget})
				}
				at = at.Add(10 * time.Second)
				if _, err := e.Append(prepare(i, pages[i%len(pages)]), at); err != nil {
					b.Fatal(err)
				}
			}
			reportPerSample(b, pageSeries)
		})
	}
	run("remembered", func(_ int, page []byte) []byte { return page }, false)
	run("changing", func(i int, page []byte) []byte {
		if i%2 == 0 {
			return page
		}
		return page[bytes.Index(page, []byte("# HELP node_network_device_0_total")):]
	}, false)
	run("forgotten", func(_ int, page []byte) []byte { return page }, true)
}

// BenchmarkAppend stores 500 samples at a time without an Exposition.
func BenchmarkAppend(b *testing.B) {
	db := storagetest.TSDB(b)
	samples := make([]storage.Sample, 500)
	for i := range samples {
		samples[i] = sample(fmt.Sprintf(`node_metric_%d{device="eth%d",job="node",instance="203.0.113.7:9100",server="7"}`, i/4, i%4), 0, 0)
	}
	b.ReportAllocs()
	for n := range b.N {
		at := hourStart.Add(time.Duration(n) * 10 * time.Second).UnixMilli()
		for i := range samples {
			samples[i].Time, samples[i].Value = at, float64(n*i)
		}
		if err := db.Append(samples); err != nil {
			b.Fatal(err)
		}
	}
	reportPerSample(b, len(samples))
}

// benchFleet holds 24 hours of 4 counters of 20 servers, a sample every 10 s.
func benchFleet(b *testing.B) *tsdb.DB {
	db := storagetest.TSDB(b)
	var series []storage.Sample
	for server := range 20 {
		for cpu := range 4 {
			series = append(series, sample(fmt.Sprintf(`node_cpu_seconds_total{cpu="%d",instance="203.0.113.7:9100",job="node",mode="idle",server="%d"}`, cpu, server), 0, 0))
		}
	}
	for n := range 8640 {
		for i := range series {
			series[i].Time, series[i].Value = hourStart.Add(time.Duration(n)*10*time.Second).UnixMilli(), float64(n)*9.87+float64(i)
		}
		if err := db.Append(series); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.RunOnce(b.Context()); err != nil {
		b.Fatal(err)
	}
	return db
}

func BenchmarkQueryRange(b *testing.B) {
	db := benchFleet(b)
	end := hourStart.Add(24 * time.Hour)
	run := func(name, expr string, from time.Time, step time.Duration) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				got, err := db.QueryRange(b.Context(), expr, from, end, step)
				if err != nil || len(got) == 0 {
					b.Fatal(got, err)
				}
			}
		})
	}
	run("server-24h-60s", `sum(rate(node_cpu_seconds_total{server="7"}[2m]))`, end.Add(-24*time.Hour), time.Minute)
	run("fleet-1h-15s", `sum by (server) (rate(node_cpu_seconds_total[1m]))`, end.Add(-time.Hour), 15*time.Second)
	run("chart-1h-10s", `avg_over_time(node_cpu_seconds_total{server="7"}[10s])`, end.Add(-time.Hour), 10*time.Second)
}

func BenchmarkQueryInstant(b *testing.B) {
	db := benchFleet(b)
	at := hourStart.Add(24*time.Hour - 10*time.Second)
	b.ReportAllocs()
	for range b.N {
		got, err := db.Query(b.Context(), `rate(node_cpu_seconds_total[5m])`, at)
		if err != nil || len(got) != 80 {
			b.Fatal(len(got), err)
		}
	}
}

// BenchmarkRollUp rolls one window of 100 targets with 500 series each up.
func BenchmarkRollUp(b *testing.B) {
	const targets, series = 100, 500
	db := storagetest.TSDB(b)
	begin := hoursAgo(3)
	var batch []storage.Sample
	window := func(n int) {
		for target := range targets {
			for s := range series {
				name := fmt.Sprintf("gauge_%d", s)
				if s%2 == 0 {
					name = fmt.Sprintf("counter_%d_total", s)
				}
				ls := []storage.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "node"}, {Name: "instance", Value: fmt.Sprint("h", target)}, {Name: "server", Value: fmt.Sprint(target)}}
				for i := range 30 {
					v := float64(s)
					if s%2 == 0 || s%5 == 0 {
						v = float64(i * s)
					}
					batch = append(batch, storage.Sample{Labels: ls, Time: begin.Add(time.Duration(n*30+i+1) * 10 * time.Second).UnixMilli(), Value: v})
				}
			}
			if err := db.Append(batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	window(0)
	window(1)
	end := begin.Add(10 * time.Minute)
	if err := db.RollWindow(b.Context(), "5m", end); err != nil { // the index learns the names
		b.Fatal(err)
	}
	for b.Loop() {
		if err := db.RollWindow(b.Context(), "5m", end); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/targets/series, "ns/series")
}
