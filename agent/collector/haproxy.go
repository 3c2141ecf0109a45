package collector

import (
	"errors"
	"io/fs"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/haproxy"
	"monitoring/agent/host"
)

const (
	haproxyConfig = "/etc/haproxy/haproxy.cfg"
	haproxyDial   = time.Second
)

var (
	haproxyUp  = prometheus.NewDesc("haproxy_up", "Whether HAProxy answers on its stats socket.", nil, nil)
	haproxyOld = prometheus.NewDesc("haproxy_old_processes", "Processes of before a reload that still hold connections.", nil, nil)
)

// haproxyStats reads HAProxy's stats socket, which its configuration names. The families have the names of HAProxy's own
// exporter. Most machines have no HAProxy: that is no failure and no data.
type haproxyStats struct{ host *host.Host }

// Collect implements Family.
func (c *haproxyStats) Collect(ch chan<- prometheus.Metric) error {
	config, err := c.host.ReadFile(haproxyConfig)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	path := haproxy.SocketPath(config)
	if path == "" {
		return nil
	}
	stats, info, err := c.read(path)
	if err != nil {
		ch <- prometheus.MustNewConstMetric(haproxyUp, prometheus.GaugeValue, 0) // stopped; not a failure of ours
		return nil
	}
	ch <- prometheus.MustNewConstMetric(haproxyUp, prometheus.GaugeValue, 1)
	haproxy.Metrics(stats, info, ch)
	if p, err := c.socket(haproxy.MasterSocket).Processes(); err == nil {
		ch <- prometheus.MustNewConstMetric(haproxyOld, prometheus.GaugeValue, float64(len(p.Old)))
	}
	return nil
}

func (c *haproxyStats) read(path string) ([]haproxy.Stat, map[string]string, error) {
	socket := c.socket(path)
	info, err := socket.Info()
	if err != nil {
		return nil, nil, err
	}
	stats, err := socket.Stats()
	return stats, info, err
}

func (c *haproxyStats) socket(path string) haproxy.Socket {
	return haproxy.Socket{Dial: func() (net.Conn, error) { return c.host.DialUnix(path, haproxyDial) }}
}
