package collector

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/host"
)

var (
	memoryUsage = prometheus.NewDesc("agent_memory_usage_ratio", "Share of memory that is not available to new programs, 0 to 1.", nil, nil)
	swapUsage   = prometheus.NewDesc("agent_swap_usage_ratio", "Share of swap space in use, 0 to 1; 0 without swap.", nil, nil)
	rootUsage   = prometheus.NewDesc("agent_root_filesystem_usage_ratio", "Share of the root file system in use, 0 to 1, as df prints it.", nil, nil)
)

// usage exports the three ratios that every list of servers shows, so that a query for them needs one series each.
type usage struct{ host *host.Host }

// Collect implements Family.
func (c *usage) Collect(ch chan<- prometheus.Metric) error {
	m, memoryErr := readMemory(c.host)
	if memoryErr == nil {
		ch <- prometheus.MustNewConstMetric(memoryUsage, prometheus.GaugeValue, ratio(m.Total-m.Available, m.Total))
		ch <- prometheus.MustNewConstMetric(swapUsage, prometheus.GaugeValue, ratio(m.SwapTotal-m.SwapFree, m.SwapTotal))
	}
	u, rootErr := c.host.Usage("/")
	if rootErr == nil {
		ch <- prometheus.MustNewConstMetric(rootUsage, prometheus.GaugeValue, u.Ratio())
	}
	return errors.Join(memoryErr, rootErr)
}

// ratio is 0 for a whole of nothing.
func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Memory is the part of /proc/meminfo that is shown, in bytes.
type Memory struct {
	Total, Free, Available, Buffers, Cached uint64
	SwapTotal, SwapFree                     uint64
}

func readMemory(h *host.Host) (Memory, error) {
	data, err := h.ReadInto("proc/meminfo", make([]byte, 0, 4<<10))
	if err != nil {
		return Memory{}, fmt.Errorf("read memory: %w", err)
	}
	m := parseMemory(data)
	if m.Total == 0 {
		return m, errors.New("read memory: no MemTotal")
	}
	return m, nil
}

func parseMemory(b []byte) (m Memory) {
	var reclaimable uint64
	available := false
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		name, rest := cutField(line)
		field, _ := cutField(rest)
		kib, ok := parseUint(field)
		if !ok || kib > 1<<53 {
			continue
		}
		v := kib << 10
		switch string(bytes.TrimSuffix(name, []byte(":"))) {
		case "MemTotal":
			m.Total = v
		case "MemFree":
			m.Free = v
		case "MemAvailable":
			m.Available, available = v, true
		case "Buffers":
			m.Buffers = v
		case "Cached":
			m.Cached = v
		case "SReclaimable":
			reclaimable = v
		case "SwapTotal":
			m.SwapTotal = v
		case "SwapFree":
			m.SwapFree = v
		}
	}
	if !available { // OpenVZ leaves it out
		m.Available = m.Free + m.Buffers + m.Cached + reclaimable
	}
	m.Available = min(m.Available, m.Total) // some containers say otherwise
	m.SwapFree = min(m.SwapFree, m.SwapTotal)
	return m
}
