package collector

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

var bootInfo = prometheus.NewDesc("agent_boot_info", "Random id that the kernel chose at boot; it changes when the machine reboots.",
	[]string{"boot_id"}, nil)

// bootID tells one boot from the next, also where the clock was set meanwhile.
type bootID struct{ root fs.FS } // the machine's file system; a fstest.MapFS in tests

// Collect implements Family.
func (c *bootID) Collect(ch chan<- prometheus.Metric) error {
	data, err := fs.ReadFile(c.root, "proc/sys/kernel/random/boot_id")
	if err != nil {
		return fmt.Errorf("read boot id: %w", err)
	}
	ch <- prometheus.MustNewConstMetric(bootInfo, prometheus.GaugeValue, 1, strings.TrimSpace(string(data)))
	return nil
}
