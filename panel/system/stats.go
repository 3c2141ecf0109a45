package system

import (
	"fmt"
	"net/http"
	"runtime"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"monitoring/panel/rest"
)

// StatsResponse is the state of the panel's host. Sizes are bytes, percents 0 to 100.
type StatsResponse struct {
	CPU    HostCPU    `json:"cpu"`
	Memory HostMemory `json:"memory"`
	Disk   HostDisk   `json:"disk"`
}

// HostCPU is use over the last seconds; Percent is null in the first seconds of the panel.
type HostCPU struct {
	Percent   *float64 `json:"percent"`
	Cores     int      `json:"cores"`
	LoadAvg1  float64  `json:"load_avg_1"`
	LoadAvg5  float64  `json:"load_avg_5"`
	LoadAvg15 float64  `json:"load_avg_15"`
}

// HostMemory counts Used as total minus available.
type HostMemory struct {
	Total       uint64  `json:"total"`
	Used        uint64  `json:"used"`
	Available   uint64  `json:"available"`
	Percent     float64 `json:"percent"`
	SwapTotal   uint64  `json:"swap_total"`
	SwapUsed    uint64  `json:"swap_used"`
	SwapPercent float64 `json:"swap_percent"`
}

// HostDisk is the file system that holds the panel's data.
type HostDisk struct {
	Total   uint64  `json:"total"`
	Used    uint64  `json:"used"`
	Free    uint64  `json:"free"` // for the panel; what is reserved for root is not
	Percent float64 `json:"percent"`
}

func (s *Service) stats(w http.ResponseWriter, _ *http.Request) error {
	load, err := s.proc.LoadAvg()
	if err != nil {
		return fmt.Errorf("read load: %w", err)
	}
	info, err := s.proc.Meminfo()
	if err != nil {
		return fmt.Errorf("read memory: %w", err)
	}
	disk, err := diskOf(s.o.DataDir)
	if err != nil {
		return err
	}
	s.mu.Lock()
	busy := s.busy
	s.mu.Unlock()
	return rest.Encode(w, http.StatusOK, StatsResponse{
		CPU:    HostCPU{busy, runtime.NumCPU(), load.Load1, load.Load5, load.Load15},
		Memory: memoryOf(info),
		Disk:   disk,
	})
}

func memoryOf(m procfs.Meminfo) HostMemory {
	value := func(b *uint64) uint64 {
		if b == nil {
			return 0
		}
		return *b
	}
	total, available := value(m.MemTotalBytes), value(m.MemAvailableBytes)
	swap, swapFree := value(m.SwapTotalBytes), value(m.SwapFreeBytes)
	return HostMemory{
		Total: total, Used: total - available, Available: available, Percent: percent(total-available, total),
		SwapTotal: swap, SwapUsed: swap - swapFree, SwapPercent: percent(swap-swapFree, swap),
	}
}

// diskOf counts like df: percent is of what the panel could use.
func diskOf(dir string) (HostDisk, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return HostDisk{}, fmt.Errorf("read disk of %s: %w", dir, err)
	}
	block := uint64(fs.Bsize)
	total, used, free := fs.Blocks*block, (fs.Blocks-fs.Bfree)*block, fs.Bavail*block
	return HostDisk{Total: total, Used: used, Free: free, Percent: percent(used, used+free)}, nil
}

func percent(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// cpuTimes are the kernel's counters in seconds since boot.
type cpuTimes struct{ busy, total float64 }

// sumCPU adds up the modes. Guest time is part of user time already; waiting for a disk is idle.
func sumCPU(c procfs.CPUStat) cpuTimes {
	busy := c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal
	return cpuTimes{busy: busy, total: busy + c.Idle + c.Iowait}
}

// since returns the percent in use since an earlier reading; false when there is none, or no time has passed.
func (c cpuTimes) since(earlier cpuTimes) (float64, bool) {
	span := c.total - earlier.total
	if earlier.total == 0 || span <= 0 {
		return 0, false
	}
	return min(100, max(0, 100*(c.busy-earlier.busy)/span)), true
}
