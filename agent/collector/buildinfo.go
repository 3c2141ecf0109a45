package collector

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

var buildDesc = prometheus.NewDesc("agent_build_info", "Version of the agent, of its compiler, and its processor architecture.",
	[]string{"version", "goversion", "arch"}, nil)

type buildInfo struct{ version string }

// Collect implements Family.
func (c *buildInfo) Collect(ch chan<- prometheus.Metric) error {
	ch <- prometheus.MustNewConstMetric(buildDesc, prometheus.GaugeValue, 1, c.version, runtime.Version(), runtime.GOARCH)
	return nil
}
