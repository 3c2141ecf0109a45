package collector

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// rates exports what the sampler saw in the window.
type rates struct {
	sampler *sampler
	window  time.Duration
}

// rateDescs is a pair of families: the mean of the window and its worst second.
type rateDescs struct{ mean, max *prometheus.Desc }

// describeRate names a pair. The format has one %s, for "" and "max_".
func describeRate(format, what string, labels ...string) rateDescs {
	return rateDescs{
		mean: prometheus.NewDesc(fmt.Sprintf(format, ""), what+", mean of the window's seconds.", labels, nil),
		max:  prometheus.NewDesc(fmt.Sprintf(format, "max_"), what+", highest of the window's seconds.", labels, nil),
	}
}

var (
	cpuRates  = describeRate("agent_cpu_usage_%sratio", "Share of all processors' time in use, 0 to 1")
	coreRates = describeRate("agent_cpu_core_usage_%sratio", "Share of one processor's time in use, 0 to 1", "cpu")

	receiveRates      = describeRate("agent_network_receive_%sbytes_per_second", "Bytes received by an interface", "device")
	transmitRates     = describeRate("agent_network_transmit_%sbytes_per_second", "Bytes sent by an interface", "device")
	totalReceiveRates = describeRate("agent_network_total_receive_%sbytes_per_second", "Bytes received by all interfaces but virtual ones")
	totalSendRates    = describeRate("agent_network_total_transmit_%sbytes_per_second", "Bytes sent by all interfaces but virtual ones")

	readRates         = describeRate("agent_disk_read_%sbytes_per_second", "Bytes read from a disk", "device")
	writtenRates      = describeRate("agent_disk_written_%sbytes_per_second", "Bytes written to a disk", "device")
	totalReadRates    = describeRate("agent_disk_total_read_%sbytes_per_second", "Bytes read from all disks but virtual ones")
	totalWrittenRates = describeRate("agent_disk_total_written_%sbytes_per_second", "Bytes written to all disks but virtual ones")
)

func (d rateDescs) send(ch chan<- prometheus.Metric, r Rate, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d.mean, prometheus.GaugeValue, r.Mean, labels...)
	ch <- prometheus.MustNewConstMetric(d.max, prometheus.GaugeValue, r.Max, labels...)
}

// Collect implements Family.
func (c *rates) Collect(ch chan<- prometheus.Metric) error {
	r, ok := c.sampler.Rates(c.window)
	if !ok {
		return ErrNoData // the agent's first second
	}
	cpuRates.send(ch, r.CPU)
	for _, core := range r.Cores {
		coreRates.send(ch, core.Rate, strconv.Itoa(core.CPU))
	}
	for _, d := range r.Interfaces {
		if !containerEnd.MatchString(d.Name) {
			receiveRates.send(ch, d.In, d.Name)
			transmitRates.send(ch, d.Out, d.Name)
		}
	}
	totalReceiveRates.send(ch, r.Network.In)
	totalSendRates.send(ch, r.Network.Out)
	for _, d := range r.Disks {
		readRates.send(ch, d.In, d.Name)
		writtenRates.send(ch, d.Out, d.Name)
	}
	totalReadRates.send(ch, r.Disk.In)
	totalWrittenRates.send(ch, r.Disk.Out)
	return nil
}
