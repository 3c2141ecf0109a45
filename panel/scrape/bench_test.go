package scrape

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/panel/scrape/simulate"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// BenchmarkFleetWithHangingAgents runs 500 simulated agents of 500 series for a minute, 50 of them hanging, over mutual
// TLS into a real store. The CPU figure includes the agents, which live in this process.
func BenchmarkFleetWithHangingAgents(b *testing.B) {
	const total, bad = 500, 50
	for range b.N {
		f := newFakeFleet()
		agents := startFleet(b, f, total, bad)
		db, err := tsdb.Open(tsdb.Options{Dir: b.TempDir(), MemoryBytes: 128 << 20, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		s := newScraper(Options{
			DB: db, Interval: func() time.Duration { return 10 * time.Second }, ServicesInterval: func() time.Duration { return time.Minute },
			Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
		}, f, storeOf(db))
		runtime.GC()
		cpu := cpuSeconds(b)
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		flushed := make(chan error, 1)
		go func() { flushed <- db.Run(ctx) }()
		if err := s.Run(ctx); err != nil {
			b.Fatal(err)
		}
		cancel()
		if err := <-flushed; err != nil {
			b.Fatal(err)
		}
		cpu = cpuSeconds(b) - cpu
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}

		stats := s.Stats()
		short := 0
		for _, a := range agents[bad:] {
			if a.Requests() < 6 { // six host scrapes, or five when the first slot comes late and the last is cut short; plus one of services
				short++
			}
		}
		samples := testutil.ToFloat64(s.counters.samples)
		b.ReportMetric(float64(stats.LagP99)/1e6, "p99-lag-ms")
		b.ReportMetric(float64(stats.Missed), "missed")
		b.ReportMetric(float64(stats.Failing), "failing")
		b.ReportMetric(samples/60, "samples/s")
		b.ReportMetric(cpu/60, "cores")
		b.ReportMetric(cpu/samples*1e6, "cpu-s/Msample")
		if stats.LagP99 > 200*time.Millisecond || stats.Missed > 0 || short > 0 || stats.Failing != bad {
			b.Errorf("%+v, %d good agents were scraped too seldom", stats, short)
		}
	}
}

func startFleet(b *testing.B, f *fakeFleet, total, bad int) []*simulate.Agent {
	b.Helper()
	ca, err := simulate.NewAuthority()
	if err != nil {
		b.Fatal(err)
	}
	var agents []*simulate.Agent
	for i := range total {
		agent, client, err := ca.Start(fmt.Sprintf("agent%d", i))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(agent.Close)
		if i < bad {
			agent.Set(simulate.Behaviour(1 + i%2)) // Hang, HangMidBody
		}
		agents = append(agents, agent)
		f.putClient(storage.Server{ID: int64(i + 1), Name: fmt.Sprintf("agent %d", i), URL: agent.URL(), IsActive: true}, client)
	}
	return agents
}

// cpuSeconds is what this process has used of all cores.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
