package collector

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

var (
	ownCPU        = prometheus.NewDesc("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", nil, nil)
	ownOpenFiles  = prometheus.NewDesc("process_open_fds", "Number of open file descriptors.", nil, nil)
	ownMaxFiles   = prometheus.NewDesc("process_max_fds", "Maximum number of open file descriptors.", nil, nil)
	ownVirtual    = prometheus.NewDesc("process_virtual_memory_bytes", "Virtual memory size in bytes.", nil, nil)
	ownMaxVirtual = prometheus.NewDesc("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", nil, nil)
	ownResident   = prometheus.NewDesc("process_resident_memory_bytes", "Resident memory size in bytes.", nil, nil)
	ownStart      = prometheus.NewDesc("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", nil, nil)
)

// ownProcess exports what the agent itself takes, with the names that every Prometheus client has. The client library's
// collector parses six files of /proc for them, on each scrape.
type ownProcess struct{ started time.Time }

// Collect implements Family.
func (c *ownProcess) Collect(ch chan<- prometheus.Metric) error {
	var usage unix.Rusage
	var files, memory unix.Rlimit
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return fmt.Errorf("read own usage: %w", err)
	}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("read own limits: %w", err)
	}
	if err := unix.Getrlimit(unix.RLIMIT_AS, &memory); err != nil {
		return fmt.Errorf("read own limits: %w", err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("list own files: %w", err)
	}
	pages, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return fmt.Errorf("read own memory: %w", err)
	}
	var size [2]uint64 // virtual, resident
	if parseColumns(bytes.TrimSpace(pages), size[:]) != len(size) {
		return fmt.Errorf("read own memory: %q", pages)
	}
	page := float64(os.Getpagesize())
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	send := func(desc *prometheus.Desc, kind prometheus.ValueType, v float64) {
		ch <- prometheus.MustNewConstMetric(desc, kind, v)
	}
	send(ownCPU, prometheus.CounterValue, cpu.Seconds())
	send(ownOpenFiles, prometheus.GaugeValue, float64(len(open)-1)) // one of them is the directory itself
	send(ownMaxFiles, prometheus.GaugeValue, float64(files.Cur))
	send(ownVirtual, prometheus.GaugeValue, float64(size[0])*page)
	send(ownMaxVirtual, prometheus.GaugeValue, float64(memory.Cur))
	send(ownResident, prometheus.GaugeValue, float64(size[1])*page)
	send(ownStart, prometheus.GaugeValue, float64(c.started.UnixMilli())/1e3)
	return nil
}
