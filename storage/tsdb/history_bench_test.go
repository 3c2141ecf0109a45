package tsdb

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"monitoring/storage"
)

func openForBench(b *testing.B, dir string) *DB {
	b.Helper()
	db, err := Open(Options{Dir: dir, MemoryBytes: 128 << 20, Retention: Retention{Raw: 100 * day}})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// benchSeries are the labels of a chart's series, with the aggregate when it is a rollup.
func benchSeries(metric string, server int, aggregate string) []storage.Label {
	ls := []storage.Label{{Name: nameLabel, Value: metric}, {Name: "instance", Value: fmt.Sprintf("10.0.%d.%d:9100", server/250, server%250)},
		{Name: "job", Value: "node"}, {Name: "server", Value: fmt.Sprint(server)}}
	if aggregate != "" {
		ls = append(ls, storage.Label{Name: aggregateLabel, Value: aggregate})
	}
	return ls
}

// fill writes rows of all servers and metrics into one tier.
func fill(b *testing.B, t *tier, servers int, metrics, aggregates []string, from, to time.Time, step time.Duration) {
	b.Helper()
	batch := getRows()
	defer putRows(batch)
	var names [][]byte
	for server := range servers {
		for _, m := range metrics {
			for _, a := range aggregates {
				name, _ := appendSeriesName(nil, benchSeries(m, server, a), nil)
				names = append(names, name)
			}
		}
	}
	for at := from; at.Before(to); at = at.Add(step) {
		for i, name := range names {
			batch.addName(name, "", at.UnixMilli(), math.Round(1e4*(0.5+0.4*math.Sin(float64(at.Unix())/9e4+float64(i))))/1e4)
			if batch.len() >= 10_000 {
				if err := t.vm.add(batch); err != nil {
					b.Fatal(err)
				}
				batch.reset()
			}
		}
	}
	if err := t.vm.add(batch); err != nil {
		b.Fatal(err)
	}
}

func p95(list []time.Duration) float64 {
	slices.Sort(list)
	return float64(list[len(list)*95/100]) / 1e6
}

var chartMetrics = []string{"agent_cpu_usage_ratio", "agent_memory_usage_ratio", "node_load1", "agent_network_total_receive_bytes_per_second"}

// BenchmarkCharts asks a database that was just opened for charts of different servers and panels: 365 days from the
// hourly tier, 24 hours from raw, and the present values of 500 servers.
func BenchmarkCharts(b *testing.B) {
	const servers = 500
	for range b.N {
		dir := b.TempDir()
		now := time.Now().Truncate(time.Hour)
		db := openForBench(b, dir)
		fill(b, db.tiers[0], servers, chartMetrics, []string{""}, now.Add(-24*time.Hour), now, 30*time.Second)
		fill(b, db.tiers[2], 100, chartMetrics, []string{"avg", "min", "max"}, now.AddDate(-1, 0, 0), now.Add(time.Second), time.Hour)
		for _, j := range db.rollup.jobs {
			j.finished.Store(now.UnixMilli())
		}
		if err := db.rollup.save(now); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		db = openForBench(b, dir)
		ask := func(n int, span, step time.Duration) float64 {
			var took []time.Duration
			for i := range n {
				start := time.Now()
				for _, f := range []string{"avg_over_time", "max_over_time"} {
					expr := fmt.Sprintf(`%s(%s{server="%d"}[%ds])`, f, chartMetrics[i%len(chartMetrics)], i%100, int(step.Seconds()))
					got, err := db.QueryRange(b.Context(), expr, now.Add(-span), now, step)
					if err != nil {
						b.Fatal(err)
					}
					if len(got) != 1 || len(got[0].Points) < int(span/step)*9/10 {
						b.Fatalf("%s over %s: %d series", expr, span, len(got))
					}
				}
				took = append(took, time.Since(start))
			}
			return p95(took)
		}
		b.ReportMetric(ask(100, 365*24*time.Hour, 12*time.Hour), "365d-p95-ms")
		b.ReportMetric(ask(100, 24*time.Hour, time.Minute), "24h-p95-ms")
		var took []time.Duration
		for i := range 100 {
			start := time.Now()
			got, err := db.Query(b.Context(), chartMetrics[i%len(chartMetrics)], now)
			if err != nil || len(got) != servers {
				b.Fatalf("%d series, %v", len(got), err)
			}
			took = append(took, time.Since(start))
		}
		b.ReportMetric(p95(took), "fleet-p95-ms")
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStartup opens 30 days of 100 servers of 500 series and answers a query. A sample every two hours makes the whole
// index and all series of every day; more samples would make the files larger and not more.
func BenchmarkStartup(b *testing.B) {
	metrics := make([]string, 500)
	for i := range metrics {
		metrics[i] = fmt.Sprintf("m%d", i)
	}
	for range b.N {
		dir := b.TempDir()
		now := time.Now().Truncate(time.Hour)
		db := openForBench(b, dir)
		fill(b, db.tiers[0], 100, metrics, []string{""}, now.AddDate(0, 0, -30), now.Add(time.Second), 2*time.Hour)
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		db = openForBench(b, dir)
		b.ReportMetric(time.Since(start).Seconds(), "open-s")
		got, err := db.Query(b.Context(), "m7", now)
		if err != nil || len(got) != 100 {
			b.Fatalf("%d series, %v", len(got), err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "serving-s")
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
