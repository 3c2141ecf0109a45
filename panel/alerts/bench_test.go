package alerts

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"monitoring/storage"
)

func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// pages returns the lines of an agent's page, without values: what every server exports.
func pageLines(b *testing.B) []string {
	b.Helper()
	var out []string
	for _, file := range []string{"page.golden", "node_exporter_full.txt"} {
		page, err := os.ReadFile("../../agent/collector/testdata/" + file)
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(string(page)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' { // the second file is names only
				if i := strings.LastIndex(line, " "); i > 0 {
					line = line[:i]
				}
				out = append(out, line)
			}
		}
	}
	for cpu := range 4 {
		for _, mode := range []string{"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"} {
			out = append(out, fmt.Sprintf(`node_cpu_seconds_total{cpu="%d",mode="%s"}`, cpu, mode))
		}
	}
	return out
}

// seriesOf makes the labels of a line of a page.
func seriesOf(line, id string) []storage.Label {
	name, rest, _ := strings.Cut(strings.TrimSuffix(line, "}"), "{")
	ls := []storage.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "node"}, {Name: "server", Value: id}, {Name: "instance", Value: "h" + id + ":9100"}}
	for part := range strings.SplitSeq(rest, `",`) {
		if n, v, ok := strings.Cut(part, `="`); ok {
			ls = append(ls, storage.Label{Name: n, Value: strings.TrimSuffix(v, `"`)})
		}
	}
	return ls
}

// BenchmarkEvaluation evaluates all shipped rules and all triggers over 500 servers with whole pages, as often as in a
// minute. The CPU is this process's: evaluation, database, state; Postgres has its own.
func BenchmarkEvaluation(b *testing.B) {
	const servers = 500
	r := newRig(b, servers, allOn)
	lines := pageLines(b)
	write := func(at time.Time) {
		for _, id := range r.ids {
			samples := make([]storage.Sample, 0, len(lines))
			for i, line := range lines {
				samples = append(samples, storage.Sample{Labels: seriesOf(line, fmt.Sprint(id)), Time: at.UnixMilli(), Value: 0.3 + float64(i%7)/100})
			}
			if err := r.db.Append(samples); err != nil {
				b.Fatal(err)
			}
		}
		r.poll(all)
	}
	start := r.now
	for minute := range 10 { // what the rules look back on; a sample a minute keeps the preparation short
		write(start.Add(time.Duration(minute) * time.Minute))
	}
	if err := r.db.RunOnce(b.Context()); err != nil {
		b.Fatal(err)
	}
	r.now = start.Add(10 * time.Minute)
	minute := func() {
		for _, g := range r.groups {
			for range int(time.Minute / g.Interval()) {
				r.evaluate(b.Context(), g, r.now)
			}
		}
		r.now = r.now.Add(time.Minute)
	}
	minute() // the first finds caches cold
	cpu, began := cpuSeconds(b), time.Now()
	n := 0
	for b.Loop() {
		write(r.now.Add(-10 * time.Second))
		cpu, began = cpuSeconds(b), time.Now()
		minute()
		n++
	}
	b.ReportMetric(cpuSeconds(b)-cpu, "cpu-s/minute")
	b.ReportMetric(time.Since(began).Seconds(), "wall-s/minute")
	b.ReportMetric(float64(len(lines)*servers), "series")
	rules, failed, missed := 0, 0, 0
	for _, g := range r.groups {
		if g.GetEvaluationTime() > g.Interval() {
			missed++
		}
		for _, rule := range g.Rules() {
			rules++
			if rule.LastError() != nil {
				failed++
			}
		}
	}
	b.ReportMetric(float64(rules), "rules")
	b.ReportMetric(float64(failed), "failed")
	b.ReportMetric(float64(missed), "missed")
}

// BenchmarkLatency lets 50 of 500 servers die under a panel that runs on its own clock, and prints how long it took
// until Telegram had the message.
func BenchmarkLatency(b *testing.B) {
	const servers, dead, n, interval = 500, 50, 3, 10 * time.Second
	r := newRig(b, servers, func(v *storage.AlertSettings) { allOn(v); v.CheckInterval, v.OfflineFailThreshold = 10, n })
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 3)
		var died atomic.Bool
		go func() { done <- r.Run(ctx) }()
		go func() { done <- r.notify.Run(ctx) }()
		go func() {
			done <- every(ctx, time.Second, func() { r.poll(func(i int) bool { return i >= dead || !died.Load() }) })
		}()
		eventually(b, "the first check", func() bool { s := r.Status(); return s.LastCheck != nil })
		death := time.Now()
		died.Store(true)
		eventually(b, "the message arrives", func() bool { return len(r.bot.received()) > 0 })
		h, err := r.history(b.Context(), storage.AlertHistoryFilter{Limit: 1})
		if err != nil {
			b.Fatal(err)
		}
		r.bot.mu.Lock()
		arrived, text := r.bot.at[0], r.bot.texts[0]
		r.bot.mu.Unlock()
		first := h.Items[0].CreatedAt.Add(-(n - 1) * interval)
		b.ReportMetric(arrived.Sub(first).Seconds(), "s-from-first-failed-check")
		b.ReportMetric(((n-1)*interval + groupWait + 2*time.Second).Seconds(), "s-allowed")
		b.ReportMetric(arrived.Sub(death).Seconds(), "s-from-death")
		b.ReportMetric(((n+1)*interval + groupWait + 2*time.Second).Seconds(), "s-worst-from-death")
		b.ReportMetric(float64(len(r.bot.received())), "messages")
		b.ReportMetric(float64(strings.Count(text, "srv-")), "servers-in-it")
		cancel()
		for range 3 {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Log("worst case from the death itself, by settings: (N + 1) x interval + 7 s; a check that still saw an answer does not count")
	for _, c := range []struct{ interval, n int }{{10, 1}, {10, 3}, {60, 3}, {60, 5}} {
		b.Logf("interval %2d s, N %d: %3d s after the first failed check, %3d s after the death at worst", c.interval, c.n, c.interval*(c.n-1)+7, c.interval*(c.n+1)+7)
	}
}
