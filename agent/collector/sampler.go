package collector

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"monitoring/agent/host"
)

const samplePeriod = time.Second

// sampler reads the kernel's counters once a second and remembers two minutes of true rates: what a scrape every ten
// seconds would average away, such as one second at full load, stays visible as the maximum of the window.
//
// A second costs three reads of files that stay open, into buffers that stay allocated.
type sampler struct {
	host *host.Host
	log  *slog.Logger

	stat, netDev, diskStats source

	mu    sync.RWMutex
	last  time.Time // monotonic: a clock that is set does not bend the rates
	clock clock

	cpu        core
	cores      map[int]*core
	interfaces deviceSet
	disks      deviceSet
}

// core is the load of one processor, or of all together.
type core struct {
	times cpuTimes
	known bool
	seen  time.Time
	busy  *history // 0 to 1
}

func newSampler(h *host.Host, log *slog.Logger) *sampler {
	return &sampler{
		host:       h,
		log:        log,
		stat:       source{host: h, name: "proc/stat"},
		netDev:     source{host: h, name: "proc/net/dev"},
		diskStats:  source{host: h, name: "proc/diskstats"},
		cpu:        core{busy: newHistory()},
		cores:      map[int]*core{},
		interfaces: newDeviceSet(),
		disks:      newDeviceSet(),
	}
}

// Run samples every second until ctx is done.
func (s *sampler) Run(ctx context.Context) error {
	t := time.NewTicker(samplePeriod)
	defer t.Stop()
	failing := false
	for {
		err := s.RunOnce(ctx)
		if err != nil && !failing { // a broken /proc stays broken: once is enough
			s.log.Error("sample rates", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// RunOnce takes one sample. What can be read is used even if the rest cannot.
func (s *sampler) RunOnce(context.Context) error {
	stat, err := s.stat.read()
	netDev, netErr := s.netDev.read()
	diskStats, diskErr := s.diskStats.read()
	now := time.Now()

	s.mu.Lock()
	defer s.mu.Unlock()
	elapsed := now.Sub(s.last)
	if s.last.IsZero() {
		elapsed = 0 // the first sample is only what the second is compared with
	}
	s.last = now
	at := s.clock.advance(elapsed)
	s.sampleCPU(stat, at, now)
	s.sampleInterfaces(netDev, at, now, elapsed)
	s.sampleDisks(diskStats, at, now, elapsed)
	return errors.Join(err, netErr, diskErr)
}

func (s *sampler) sampleCPU(b []byte, at int, now time.Time) {
	s.cpu.busy[at] = math.NaN()
	for _, c := range s.cores {
		c.busy[at] = math.NaN()
	}
	parseStat(b, func(cpu int, t cpuTimes) {
		c := &s.cpu
		if cpu != allCPUs {
			c = s.cores[cpu]
			if c == nil {
				c = &core{busy: newHistory()}
				s.cores[cpu] = c
			}
		}
		if c.known {
			c.busy[at] = busyRatio(c.times, t)
		}
		c.times, c.known, c.seen = t, true, now
	})
	for cpu, c := range s.cores {
		if !c.seen.Equal(now) {
			delete(s.cores, cpu) // taken offline
		}
	}
}

// busyRatio is the share of time between two readings that was neither idle nor waiting for a disk. A column can step
// back a little (the kernel says so of iowait): then it counts as unchanged. NaN if no time has passed.
func busyRatio(before, after cpuTimes) float64 {
	var total, idle uint64
	for i := range after {
		if after[i] <= before[i] {
			continue
		}
		d := after[i] - before[i]
		total += d
		if i == cpuIdle || i == cpuIOWait {
			idle += d
		}
	}
	return float64(total-idle) / float64(total)
}

func (s *sampler) sampleInterfaces(b []byte, at int, now time.Time, elapsed time.Duration) {
	s.interfaces.begin(at)
	parseNetDev(b, func(name []byte, c *interfaceCounters) {
		d := s.interfaces.devices[string(name)]
		if d == nil {
			d = s.interfaces.add(string(name), false)
		}
		if d.seen.IsZero() || at == 0 { // looked up again now and then: an interface can become a slave
			d.virtual = isVirtualInterface(s.host.FS(), d.name)
		}
		d.sample(at, now, elapsed, c[receiveBytes], c[sendBytes])
	})
	s.interfaces.end(at, now)
}

func (s *sampler) sampleDisks(b []byte, at int, now time.Time, elapsed time.Duration) {
	s.disks.begin(at)
	parseDiskStats(b, func(name []byte, c *diskCounters) {
		d := s.disks.devices[string(name)]
		if d == nil {
			n := string(name)
			d = s.disks.add(n, ignoredDisk(s.host.FS(), n))
			d.virtual = isVirtualDisk(s.host.FS(), n)
		}
		d.sample(at, now, elapsed, c[sectorsRead]*sectorSize, c[sectorsWritten]*sectorSize)
	})
	s.disks.end(at, now)
}

// virtualInterfaces tells of each interface whether it is left out of the total.
func (s *sampler) virtualInterfaces() map[string]bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make(map[string]bool, len(s.interfaces.devices))
	for name, d := range s.interfaces.devices {
		out[name] = d.virtual
	}
	return out
}

// Rates is what the sampler knows of the last seconds. Network and disk rates are bytes per second.
type Rates struct {
	CPU        Rate // 0 to 1
	Cores      []CoreRate
	Interfaces []DeviceRates
	Network    DeviceRates // sum of the interfaces that are not virtual
	Disks      []DeviceRates
	Disk       DeviceRates
}

// CoreRate is the load of one processor.
type CoreRate struct {
	CPU int
	Rate
}

// DeviceRates is what goes in and out of a device: received and sent, or read and written.
type DeviceRates struct {
	Name    string
	Virtual bool // not part of the total: another device carries the same bytes
	In, Out Rate
}

// Rates returns mean and maximum over the window. ok is false until two samples exist.
func (s *sampler) Rates(window time.Duration) (r Rates, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r.CPU, ok = s.cpu.busy.over(&s.clock, window); !ok {
		return r, false
	}
	for cpu, c := range s.cores {
		if rate, known := c.busy.over(&s.clock, window); known {
			r.Cores = append(r.Cores, CoreRate{cpu, rate})
		}
	}
	slices.SortFunc(r.Cores, func(a, b CoreRate) int { return a.CPU - b.CPU })
	r.Interfaces, r.Network = s.interfaces.over(&s.clock, window)
	r.Disks, r.Disk = s.disks.over(&s.clock, window)
	return r, true
}
