package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

// checkResult is the last word of haproxy -c.
type checkResult struct {
	hash    string
	at      time.Time
	valid   bool
	message string
}

// Status says how HAProxy is. The answer may be 5 s old, unless something has been changed since.
func (x *HAProxy) Status(ctx context.Context) (api.HAProxyStatus, error) {
	s, err := x.lately(ctx)
	if apt := x.installing.Load(); apt != nil {
		s.Installing = apt.last()
	}
	return s, err
}

func (x *HAProxy) lately(ctx context.Context) (api.HAProxyStatus, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.statusAt.IsZero() && time.Since(x.statusAt) < statusAge {
		return x.status, nil
	}
	s := api.HAProxyStatus{ConfigPath: haproxyConfig}
	unit, err := x.host.Unit(ctx, haproxyUnit)
	if err != nil {
		return s, err
	}
	s.Running, s.Enabled, s.Installed = unit.Active, unit.Enabled, x.installed()
	content, err := x.host.ReadFile(haproxyConfig)
	if err == nil {
		s.ConfigExists, s.ConfigHash = true, hash(content)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("read configuration: %w", err)
	}
	if s.Installed && s.ConfigExists {
		if x.checked.hash != s.ConfigHash || time.Since(x.checked.at) > checkAge {
			valid, message := x.check(ctx)
			x.checked = checkResult{s.ConfigHash, time.Now(), valid, message}
		}
		s.ConfigValid, s.ConfigMessage = x.checked.valid, x.checked.message
	}
	if s.Installed {
		r, _ := x.host.Run(ctx, host.Command{Args: []string{"systemctl", "status", haproxyUnit, "--no-pager", "--lines=0"}}) // 3 for a stopped service
		s.StatusOutput = r.Output()
	}
	if s.Installed && !s.Running {
		s.ServiceLogs, _ = x.host.Journal(ctx, haproxyUnit, stoppedLogs) // a machine without a journal has none to show
	}
	if s.Running {
		s.OldProcesses = x.oldProcesses()
	}
	if ctx.Err() != nil {
		return s, ctx.Err() // what was asked too late says nothing
	}
	x.status, x.statusAt = s, time.Now()
	return s, nil
}

// forget makes the next Status look anew.
func (x *HAProxy) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.statusAt = time.Time{}
}

var (
	configValid  = prometheus.NewDesc("haproxy_config_valid", "Whether haproxy -c accepts the configuration file, as of the last minute.", nil, nil)
	serviceUp    = prometheus.NewDesc("haproxy_service_running", "Whether the service runs, as systemd sees it.", nil, nil)
	serviceBoots = prometheus.NewDesc("haproxy_service_enabled", "Whether the service starts at boot.", nil, nil)
)

// Collect sends what only commands can tell, from the last minute's look: collectors run none.
func (x *HAProxy) Collect(ch chan<- prometheus.Metric) error {
	x.mu.Lock()
	s, known := x.status, !x.statusAt.IsZero()
	x.mu.Unlock()
	if !known || !s.Installed {
		return nil
	}
	gauge := func(desc *prometheus.Desc, yes bool) {
		v := 0.0
		if yes {
			v = 1
		}
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v)
	}
	if s.ConfigExists && x.host.Privileged() { // others cannot read the keys that the check wants
		gauge(configValid, s.ConfigValid)
	}
	gauge(serviceUp, s.Running)
	gauge(serviceBoots, s.Enabled)
	return nil
}
