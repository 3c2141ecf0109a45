package collector

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/host"
)

var (
	portBytes = prometheus.NewDesc("agent_port_bytes_total",
		"Bytes of TCP and UDP to (rx) and from (tx) a port of this machine that the panel asked to count, whole IP packets.",
		[]string{"port", "direction"}, nil)
	countedInterface = prometheus.NewDesc("agent_network_counted",
		"Whether an interface belongs to the machine's total (1), or carries only what another one carries too (0), as bridges and tunnels do.",
		[]string{"device"}, nil)
)

// traffic counts bytes by port, and tells which interfaces make up the total: their bytes are node_exporter's families.
type traffic struct {
	host    *host.Host
	sampler *sampler
}

// Collect implements Family.
func (c *traffic) Collect(ch chan<- prometheus.Metric) error {
	for name, virtual := range c.sampler.virtualInterfaces() {
		if containerEnd.MatchString(name) {
			continue
		}
		counted := 1.0
		if virtual {
			counted = 0
		}
		ch <- prometheus.MustNewConstMetric(countedInterface, prometheus.GaugeValue, counted, name)
	}
	ports, err := c.host.PortBytes()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil // an agent that may only watch counts none
	}
	if err != nil {
		return fmt.Errorf("read port counters: %w", err)
	}
	for _, p := range ports {
		port := strconv.Itoa(int(p.Port))
		ch <- prometheus.MustNewConstMetric(portBytes, prometheus.CounterValue, float64(p.Received), port, "rx")
		ch <- prometheus.MustNewConstMetric(portBytes, prometheus.CounterValue, float64(p.Sent), port, "tx")
	}
	return nil
}
