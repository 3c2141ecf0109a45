package system

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/procfs"
	"pgregory.net/rapid"
)

// What the kernel says, taken from its files by hand.
func TestStats(t *testing.T) {
	t.Parallel()
	s, url := start(t, nil)
	before := get[StatsResponse](t, url+"/stats")
	if before.CPU.Percent != nil {
		t.Errorf("a percentage without an interval: %g", *before.CPU.Percent)
	}
	if want := uint64(fromMeminfo(t, "MemTotal")) * 1024; before.Memory.Total != want {
		t.Errorf("memory %d, want %d", before.Memory.Total, want)
	}
	if want := uint64(fromMeminfo(t, "SwapTotal")) * 1024; before.Memory.SwapTotal != want {
		t.Errorf("swap %d, want %d", before.Memory.SwapTotal, want)
	}
	if m := before.Memory; m.Used+m.Available != m.Total || m.Percent <= 0 || m.Percent >= 100 {
		t.Errorf("%+v", m)
	}
	if d := before.Disk; d.Total == 0 || d.Used+d.Free > d.Total || d.Percent < 0 || d.Percent > 100 {
		t.Errorf("%+v", d)
	}
	if before.CPU.Cores < 1 {
		t.Errorf("%d cores", before.CPU.Cores)
	}
	s.mu.Lock()
	s.previous = cpuTimes{busy: s.previous.busy - 10, total: s.previous.total - 1000} // as if the last reading were older
	s.mu.Unlock()
	if err := s.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := get[StatsResponse](t, url+"/stats").CPU.Percent
	if after == nil || *after < 0.5 || *after > 100 {
		t.Errorf("percent %v", after)
	}
}

func fromMeminfo(t *testing.T, key string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if fields[0] == key+":" {
			n, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", key)
	return 0
}

func TestCPUTimes(t *testing.T) {
	t.Parallel()
	f := func(earlier, later procfs.CPUStat, want float64, wantOK bool) {
		t.Helper()
		if got, ok := sumCPU(later).since(sumCPU(earlier)); got != want || ok != wantOK {
			t.Errorf("got %g, %t, want %g, %t", got, ok, want, wantOK)
		}
	}
	before := procfs.CPUStat{User: 100, Idle: 900}
	f(before, procfs.CPUStat{User: 101, System: 1, Idle: 908}, 20, true)
	f(before, procfs.CPUStat{User: 100, Idle: 905, Iowait: 5}, 0, true)                     // waiting for a disk is not work
	f(before, procfs.CPUStat{User: 102, Guest: 2, GuestNice: 1, Idle: 908}, 20, true)       // a guest's time is user time
	f(before, procfs.CPUStat{User: 101, IRQ: 1, SoftIRQ: 1, Steal: 1, Idle: 906}, 40, true) // so is what the host took
	f(before, before, 0, false)                                                             // no time has passed
	f(procfs.CPUStat{}, procfs.CPUStat{User: 100, Idle: 900}, 0, false)                     // the mean since boot says nothing
	f(before, procfs.CPUStat{User: 99, Idle: 950}, 0, true)                                 // counters may step back a little
}

func TestCPUPercentStaysInRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Float64Range(0, 1e9)
		a := cpuTimes{seconds.Draw(t, "busy1"), seconds.Draw(t, "total1")}
		b := cpuTimes{seconds.Draw(t, "busy2"), seconds.Draw(t, "total2")}
		if got, ok := b.since(a); ok && !(got >= 0 && got <= 100) {
			t.Fatalf("%+v to %+v is %g %%", a, b, got)
		}
	})
}
