package metrics

import (
	"context"
	"math"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

// sparklineAnswer is SparklinesResponse as a client reads it.
type sparklineAnswer struct {
	From        int64
	StepSeconds float64 `json:"step_seconds"`
	Count       int
	Servers     map[string]traces
	Total       traces
}

type traces struct{ CPU, RAM, Rx, Tx []*float64 }

func TestSparklines(t *testing.T) {
	t.Parallel()
	b := start(t)
	times := grid(30 * time.Minute)
	silent := len(times) - 6 - 90 // server 2 says nothing for the 15 minutes before the last
	for server, size := range map[int]float64{1: 3, 2: 1, 3: 100} {
		heard := times
		if server == 2 {
			heard = append(append([]int64{}, times[:silent]...), times[silent+84:]...)
		}
		level := 0.2 * float64(server)
		b.record(t,
			metric(server, "agent_cpu_usage_ratio", constant(level, heard)),
			metric(server, "agent_memory_usage_ratio", constant(level, heard)),
			metric(server, "node_memory_MemTotal_bytes", constant(size*1e9, heard)),
			metric(server, "agent_network_total_receive_bytes_per_second", constant(100*float64(server), heard)),
			metric(server, "agent_network_total_transmit_bytes_per_second", constant(10*float64(server), heard)),
		)
		for core := range int(size) {
			b.record(t, metric(server, "agent_cpu_core_usage_ratio", constant(level, heard), "cpu", string(rune('a'+core))))
		}
	}
	got := must[sparklineAnswer](t, b, "/api/fleet/sparklines")
	if got.Count != 60 || got.StepSeconds != 60 || got.From%60000 != 0 || len(got.Total.CPU) != 60 {
		t.Fatalf("%d points of %g s from %d", got.Count, got.StepSeconds, got.From)
	}
	if len(got.Servers) != 2 {
		t.Fatalf("%d servers, want the two that are monitored", len(got.Servers))
	}
	at := func(i int, what string, got *float64, want float64) {
		t.Helper()
		if !sameAs(got, want) {
			t.Errorf("point %d: %s is %s, want %g", i, what, show(got), want)
		}
	}
	check := func(i int, cpu2, total, rx, tx float64) {
		t.Helper()
		at(i, "cpu of 1", got.Servers["1"].CPU[i], 20)
		at(i, "ram of 1", got.Servers["1"].RAM[i], 20)
		at(i, "cpu of 2", got.Servers["2"].CPU[i], cpu2)
		at(i, "rx of 2", got.Servers["2"].Rx[i], cpu2*5)
		at(i, "cpu of all", got.Total.CPU[i], total)
		at(i, "ram of all", got.Total.RAM[i], total)
		at(i, "rx of all", got.Total.Rx[i], rx)
		at(i, "tx of all", got.Total.Tx[i], tx)
	}
	check(35, 40, 25, 300, 30)                      // 3 cores at 20 %, 1 core at 40 %
	check(50, math.NaN(), 20, 100, 10)              // server 2 is silent
	at(5, "rx of all", got.Total.Rx[5], math.NaN()) // before the first sample
	at(5, "cpu of all", got.Total.CPU[5], math.NaN())
}

func TestSparklinesOfAnEmptyFleet(t *testing.T) {
	t.Parallel()
	got := must[sparklineAnswer](t, start(t), "/api/fleet/sparklines?minutes=5&points=10")
	if got.Servers == nil || len(got.Servers) != 0 || got.Count != 10 || len(got.Total.CPU) != 10 || got.Total.CPU[0] != nil {
		t.Errorf("%+v", got)
	}
}

// Within ten seconds the answer is the same bytes: hundreds of open dashboards cost one set of queries.
func TestSparklinesAreShared(t *testing.T) {
	t.Parallel()
	b := start(t)
	_, before := b.get(t, "/api/fleet/sparklines")
	b.record(t, metric(1, "agent_cpu_usage_ratio", constant(1, grid(time.Hour))))
	_, after := b.get(t, "/api/fleet/sparklines")
	if string(before) != string(after) {
		t.Error("a second request within ten seconds was computed again")
	}
	if other := must[sparklineAnswer](t, b, "/api/fleet/sparklines?points=30"); len(other.Servers) != 1 {
		t.Error("another length got the remembered answer")
	}
}

// BenchmarkSparklines is the hour of 500 servers that every open dashboard shows, without its cache.
func BenchmarkSparklines(b *testing.B) {
	db := storagetest.TSDB(b)
	times := grid(time.Hour)
	fleet := &fakeFleet{}
	for id := range 500 {
		fleet.servers = append(fleet.servers, storage.Server{ID: int64(id + 1), IsActive: true})
		var samples []storage.Sample
		for _, one := range everything(id+1, times, 4) {
			for _, p := range one.points {
				samples = append(samples, storage.Sample{Labels: one.labels, Time: p.Time, Value: p.Value + float64(p.Time%7)})
			}
		}
		if err := db.Append(samples); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.RunOnce(context.Background()); err != nil {
		b.Fatal(err)
	}
	s := New(Options{DB: db, Fleet: fleet, Interval: func() time.Duration { return interval }})
	for b.Loop() {
		body, err := s.fleetTraces(b.Context(), 60, 60)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(body)), "bytes")
	}
}
