package collector

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// lab is a machine with one processor, one card and one disk whose counters the test sets, one second after the other.
type lab struct {
	files   fstest.MapFS
	sampler *sampler
}

func newLab() *lab {
	files := tree("sys/class/net/eth0/device", "sys/block/sda/device", "sys/class/block/sda/size")
	for _, name := range []string{"proc/stat", "proc/net/dev", "proc/diskstats"} {
		files[name] = &fstest.MapFile{}
	}
	return &lab{files: files, sampler: newSampler(fakeHost(files), quiet)}
}

func cpuLine(name string, busy, idle uint64) string {
	return fmt.Sprintf("%s %d 0 0 %d 0 0 0 0 0 0\n", name, busy, idle)
}

func netLine(name string, in, out uint64) string {
	return fmt.Sprintf("%s: %d 0 0 0 0 0 0 0 %d 0 0 0 0 0 0 0\n", name, in, out)
}

func diskLine(name string, sectorsRead, sectorsWritten uint64) string {
	return fmt.Sprintf("8 0 %s 0 0 %d 0 0 0 %d 0 0 0 0\n", name, sectorsRead, sectorsWritten)
}

// tick lets time pass and takes a sample.
func (l *lab) tick(t *testing.T, d time.Duration, stat, netDev, diskStats string) {
	t.Helper()
	l.files["proc/stat"].Data, l.files["proc/net/dev"].Data, l.files["proc/diskstats"].Data = []byte(stat), []byte(netDev), []byte(diskStats)
	time.Sleep(d) // of the bubble
	if err := l.sampler.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) expect(t *testing.T, window time.Duration, want Rates) {
	t.Helper()
	got, ok := l.sampler.Rates(window)
	if !ok {
		t.Fatal("no rates")
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("rates over %v: %s", window, diff)
	}
}

func TestSampler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		if _, ok := l.sampler.Rates(time.Minute); ok {
			t.Error("rates before the first sample")
		}
		l.tick(t, 0, cpuLine("cpu", 0, 0)+cpuLine("cpu0", 0, 0), netLine("eth0", 1000, 5000), diskLine("sda", 10, 20))
		if _, ok := l.sampler.Rates(time.Minute); ok {
			t.Error("rates after one sample: there is nothing to compare it with")
		}
		l.tick(t, time.Second, cpuLine("cpu", 100, 0)+cpuLine("cpu0", 100, 0), netLine("eth0", 1600, 5000), diskLine("sda", 12, 20))
		l.tick(t, time.Second, cpuLine("cpu", 120, 80)+cpuLine("cpu0", 120, 80), netLine("eth0", 1800, 5030), diskLine("sda", 12, 21))
		l.tick(t, time.Second, cpuLine("cpu", 150, 150)+cpuLine("cpu0", 150, 150), netLine("eth0", 1900, 5090), diskLine("sda", 12, 25))
		// Processor: 100, 20 and 30 of 100 ticks. Received 600, 200, 100 bytes; sent 0, 30, 60. A sector is 512 bytes:
		// read 1024, 0, 0; written 0, 512, 2048.
		eth0 := DeviceRates{Name: "eth0", In: Rate{300, 600}, Out: Rate{30, 60}}
		sda := DeviceRates{Name: "sda", In: Rate{1024.0 / 3, 1024}, Out: Rate{2560.0 / 3, 2048}}
		l.expect(t, time.Minute, Rates{
			CPU: Rate{0.5, 1}, Cores: []CoreRate{{0, Rate{0.5, 1}}},
			Interfaces: []DeviceRates{eth0}, Network: DeviceRates{In: eth0.In, Out: eth0.Out},
			Disks: []DeviceRates{sda}, Disk: DeviceRates{In: sda.In, Out: sda.Out},
		})
		eth0.In, eth0.Out, sda.In, sda.Out = Rate{150, 200}, Rate{45, 60}, Rate{}, Rate{1280, 2048}
		l.expect(t, 2*time.Second, Rates{
			CPU: Rate{0.25, 0.3}, Cores: []CoreRate{{0, Rate{0.25, 0.3}}},
			Interfaces: []DeviceRates{eth0}, Network: DeviceRates{In: eth0.In, Out: eth0.Out},
			Disks: []DeviceRates{sda}, Disk: DeviceRates{In: sda.In, Out: sda.Out},
		})
	})
}

// The total's maximum is the worst second of the sum, not the sum of each card's worst second.
func TestTotalsLeaveOutVirtualDevices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.files["sys/class/net/eth1/device"] = &fstest.MapFile{}
		l.files["sys/block/dm-0/size"] = &fstest.MapFile{}
		network := func(eth0, eth1, docker0 uint64) string {
			return netLine("lo", docker0, docker0) + netLine("eth0", eth0, 0) + netLine("eth1", eth1, 0) + netLine("docker0", docker0, 0)
		}
		l.tick(t, 0, cpuLine("cpu", 0, 0), network(0, 0, 0), diskLine("sda", 0, 0)+diskLine("dm-0", 0, 0))
		l.tick(t, time.Second, cpuLine("cpu", 1, 1), network(100, 0, 7777), diskLine("sda", 1, 0)+diskLine("dm-0", 1, 0))
		l.tick(t, time.Second, cpuLine("cpu", 2, 2), network(100, 60, 7777), diskLine("sda", 1, 0)+diskLine("dm-0", 1, 0)+diskLine("loop0", 5, 5))
		got, _ := l.sampler.Rates(time.Minute)
		if want := (Rate{80, 100}); got.Network.In != want {
			t.Errorf("network: %v, want %v", got.Network.In, want)
		}
		if want := (Rate{256, 512}); got.Disk.In != want {
			t.Errorf("disks: %v, want %v", got.Disk.In, want)
		}
		var virtual []string
		for _, d := range append(got.Interfaces, got.Disks...) {
			if d.Virtual {
				virtual = append(virtual, d.Name)
			}
		}
		if diff := cmp.Diff([]string{"docker0", "lo", "dm-0"}, virtual); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSamplerSurvivesResetsAndHotPlug(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		stat := func(busy, idle uint64) string { return cpuLine("cpu", busy, idle) + cpuLine("cpu0", busy, idle) }
		l.tick(t, 0, stat(0, 0), netLine("eth0", 5000, 5000), diskLine("sda", 0, 0))
		l.tick(t, time.Second, stat(10, 90), netLine("eth0", 5100, 5000), diskLine("sda", 0, 0))
		// The card is made anew and has counted 40 bytes since; a second core comes; a disk is plugged in.
		l.tick(t, time.Second, stat(30, 170)+cpuLine("cpu1", 5, 5), netLine("eth0", 40, 0), diskLine("sda", 0, 0)+diskLine("sdb", 99, 99))
		got, _ := l.sampler.Rates(time.Minute)
		if want := (Rate{100, 100}); got.Interfaces[0].In != want || got.Network.In != want {
			t.Errorf("after the reset: %v and %v, want the second before: %v", got.Interfaces[0].In, got.Network.In, want)
		}
		if len(got.Cores) != 1 || len(got.Disks) != 1 {
			t.Errorf("what is new has rates already: %v %v", got.Cores, got.Disks)
		}
		l.tick(t, time.Second, stat(60, 240)+cpuLine("cpu1", 105, 5), netLine("eth0", 240, 0), diskLine("sda", 0, 0)+diskLine("sdb", 101, 99))
		got, _ = l.sampler.Rates(time.Minute)
		if want := (Rate{150, 200}); got.Network.In != want {
			t.Errorf("a second later: %v, want %v", got.Network.In, want)
		}
		if want := []CoreRate{{0, Rate{0.2, 0.3}}, {1, Rate{1, 1}}}; !cmp.Equal(want, got.Cores, cmpopts.EquateApprox(1e-9, 0)) {
			t.Errorf("cores: %v, want %v", got.Cores, want)
		}
		if want := (Rate{1024, 1024}); got.Disks[1].In != want {
			t.Errorf("the new disk: %v, want %v", got.Disks[1], want)
		}
		// All three vanish.
		l.tick(t, time.Second, stat(60, 340), "", diskLine("sda", 0, 0))
		got, _ = l.sampler.Rates(time.Minute)
		if len(got.Cores) != 1 || len(got.Interfaces) != 0 || len(got.Disks) != 1 {
			t.Errorf("what vanished is still there: %+v", got)
		}
	})
}

func TestSamplerSpreadsALateSample(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.tick(t, 0, cpuLine("cpu", 0, 0), netLine("eth0", 0, 0), "")
		l.tick(t, 4*time.Second, cpuLine("cpu", 1, 3), netLine("eth0", 400, 0), "")
		l.tick(t, time.Second, cpuLine("cpu", 2, 3), netLine("eth0", 1000, 0), "")
		got, _ := l.sampler.Rates(time.Minute)
		if want := (Rate{200, 600}); got.Network.In != want { // 1000 bytes in five seconds
			t.Errorf("%v, want %v", got.Network.In, want)
		}
	})
}

func TestBusyRatio(t *testing.T) {
	t.Parallel()
	f := func(before, after cpuTimes, want float64) {
		t.Helper()
		if got := busyRatio(before, after); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("busyRatio(%v, %v) = %v, want %v", before, after, got, want)
		}
	}
	f(cpuTimes{}, cpuTimes{}, math.NaN())                                                       // no time has passed
	f(cpuTimes{10, 10, 10, 10, 10, 10, 10, 10}, cpuTimes{11, 11, 11, 11, 11, 11, 11, 11}, 0.75) // idle and iowait are not busy
	f(cpuTimes{0, 0, 0, 100, 50, 0, 0, 0}, cpuTimes{10, 0, 0, 130, 40, 0, 0, 0}, 0.25)          // iowait went back
	f(cpuTimes{100, 0, 0, 100, 0, 0, 0, 0}, cpuTimes{1, 0, 0, 101, 0, 0, 0, 0}, 0)              // all of it went back: a reset
	f(cpuTimes{0, 0, 0, 0, 0, 0, 0, 0}, cpuTimes{0, 0, 0, 0, 0, 0, 0, 5}, 1)                    // stolen time is not ours to use
}

func TestRunSamplesEverySecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.files["proc/stat"].Data = []byte(cpuLine("cpu", 1, 1))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
		defer cancel()
		if err := l.sampler.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got := l.sampler.clock.filled; got != 11 { // at once, and after each of ten seconds
			t.Errorf("%d samples", got)
		}
	})
}

// What can be read is sampled even where the rest cannot: a container may hide /proc/diskstats.
func TestSamplerWithoutDisks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		delete(l.files, "proc/diskstats")
		for i := range uint64(3) {
			l.files["proc/stat"].Data = []byte(cpuLine("cpu", i*25, i*75))
			if err := l.sampler.RunOnce(t.Context()); err == nil {
				t.Error("no error")
			}
			time.Sleep(time.Second)
		}
		got, ok := l.sampler.Rates(time.Minute)
		if !ok || got.CPU != (Rate{0.25, 0.25}) {
			t.Errorf("%v, %v", got.CPU, ok)
		}
	})
}

// A machine with many processors has a /proc/stat that does not fit into the first buffer.
func TestSourceGrows(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"proc/stat": {}}
	var text string
	for i := range 1000 {
		text += cpuLine(fmt.Sprintf("cpu%d", i), 1, 1)
	}
	files["proc/stat"].Data = []byte(text)
	s := source{host: fakeHost(files), name: "proc/stat"}
	for range 2 {
		if got, err := s.read(); err != nil || string(got) != text {
			t.Fatalf("read %d of %d bytes, %v", len(got), len(text), err)
		}
	}
}

func TestSampleAllocatesNothing(t *testing.T) {
	s := newSampler(fakeHost(machine(t)), quiet)
	sample := func() {
		if err := s.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range historyLength { // the devices are known and their histories made
		sample()
	}
	// Each parser moves its counters to the heap once; what two minutes' looking up of devices costs is spread.
	if n := testing.AllocsPerRun(historyLength, sample); n > 10 {
		t.Errorf("%v allocations in a second", n)
	}
}
