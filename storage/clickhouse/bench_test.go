package clickhouse_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/clickhouse"
	"monitoring/storage/storagetest"
)

// twoGB is what the engine takes of a machine with 2 GB.
const twoGB = 2048 * 3 / 10 << 20

func benchStore(b *testing.B) *clickhouse.Store {
	b.Helper()
	o := storagetest.ClickHouseOptions(b)
	o.Embedded.MemoryBytes, o.Log = twoGB, slog.New(slog.DiscardHandler)
	return storagetest.StartClickHouse(b, o)
}

// memoryOf reads a figure of /proc/PID/status in MB.
func memoryOf(b *testing.B, s *clickhouse.Store, name string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", clickhouse.PidForTest(s)))
	must(b, err)
	_, rest, _ := strings.Cut(string(status), name+":")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	must(b, err)
	return kb / 1024
}

// From a killed engine to one that answers.
func BenchmarkRestart(b *testing.B) {
	o := storagetest.ClickHouseOptions(b)
	o.Embedded.MemoryBytes, o.Log = twoGB, slog.New(slog.DiscardHandler)
	s, err := clickhouse.Open(o)
	must(b, err)
	clickhouse.HurryForTest(s) // as after some life, not in a loop of crashes
	storagetest.RunClickHouse(b, s)
	storagetest.AwaitClickHouse(b, s)
	idle, anonymous := memoryOf(b, s, "VmRSS"), memoryOf(b, s, "RssAnon")
	for b.Loop() {
		b.StopTimer()
		restarts := s.Status().Restarts
		b.StartTimer()
		must(b, syscall.Kill(clickhouse.PidForTest(s), syscall.SIGKILL))
		for s.Status().Restarts == restarts || s.Ping(b.Context()) != nil {
			time.Sleep(time.Millisecond)
		}
	}
	b.ReportMetric(idle, "idle-RSS-MB")
	b.ReportMetric(anonymous, "idle-anonymous-MB")
}

// manyVisits are like those of a fleet: 3000 users, 20000 hosts of which few are visited much.
func manyVisits(n int, r *rand.Rand) []storage.Visit {
	zipf := rand.NewZipf(r, 1.2, 5, 20000)
	list := make([]storage.Visit, n)
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range list {
		hour := start.Add(time.Duration(r.IntN(24*20)) * time.Hour)
		user := r.Uint32N(3000)
		list[i] = storage.Visit{
			Hour: hour, ServerID: int64(1 + r.IntN(50)), UserID: user, Email: strconv.Itoa(int(user)),
			IP:   netip.AddrFrom4([4]byte{100, 64, byte(user >> 4), byte(r.IntN(4))}),
			Host: fmt.Sprintf("host%d.example.net", zipf.Uint64()), Count: 1 + r.Uint64N(50), First: hour, Last: hour.Add(time.Minute),
		}
	}
	return list
}

// The load test: a million rows go in by the queue while four clients ask.
func BenchmarkLoad(b *testing.B) {
	s := benchStore(b)
	r := rand.New(rand.NewPCG(1, 2))
	batches := make([][]storage.Visit, 10)
	for i := range batches {
		batches[i] = manyVisits(20_000, r)
	}
	const inserts = 50
	for b.Loop() {
		ctx, stop := context.WithCancel(b.Context())
		var clients sync.WaitGroup
		var asked atomic.Int64
		for range 4 {
			clients.Go(func() {
				for ctx.Err() == nil {
					for _, sql := range []string{
						`SELECT host AS v FROM host_day GROUP BY host ORDER BY sum(visits) DESC LIMIT 20`,
						`SELECT email AS v FROM user_day GROUP BY email ORDER BY sum(visits) DESC LIMIT 20`,
						`SELECT host AS v FROM visits WHERE user_id = 7 GROUP BY host ORDER BY sum(visits) DESC LIMIT 20`,
					} {
						if _, err := clickhouse.ManyForTest[struct {
							V string `ch:"v"`
						}](ctx, s, sql, nil); err != nil && ctx.Err() == nil {
							b.Error(err)
						}
						asked.Add(1)
					}
				}
			})
		}
		began := time.Now()
		for i := range inserts {
			must(b, s.EnqueueVisits(batches[i%len(batches)]))
			for s.Status().WaitingRows > 60_000 {
				time.Sleep(time.Millisecond)
			}
		}
		must(b, clickhouse.FlushForTest(b.Context(), s))
		took := time.Since(began)
		stop()
		clients.Wait()
		b.ReportMetric(inserts*20_000/took.Seconds(), "rows/s")
		b.ReportMetric(float64(asked.Load())/took.Seconds(), "queries/s")
	}
	b.ReportMetric(memoryOf(b, s, "VmHWM"), "peak-RSS-MB")
	b.ReportMetric(memoryOf(b, s, "RssAnon"), "anonymous-MB")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkSmallQuery(b *testing.B) {
	s := benchStore(b)
	must(b, s.EnqueueVisits(manyVisits(20_000, rand.New(rand.NewPCG(1, 2)))))
	must(b, clickhouse.FlushForTest(b.Context(), s))
	var times []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := clickhouse.ManyForTest[struct {
			V uint64 `ch:"v"`
		}](b.Context(), s, `SELECT sum(visits) AS v FROM visits WHERE user_id = {user:UInt32}`, map[string]any{"user": uint32(7)}); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}
