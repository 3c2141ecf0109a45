package control

import (
	"context"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

const (
	haproxyUnit   = "haproxy.service"
	haproxyBinary = "/usr/sbin/haproxy"
	haproxyConfig = "/etc/haproxy/haproxy.cfg"
	statusAge     = 5 * time.Second // of a status that is answered again
	stoppedLogs   = 20              // lines that explain why it does not run
)

// HAProxy is the HAProxy of the machine: its service and its configuration.
type HAProxy struct {
	host *host.Host

	mu       sync.Mutex
	status   api.HAProxyStatus
	statusAt time.Time
}

// NewHAProxy returns the subsystem.
func NewHAProxy(o Options) *HAProxy { return &HAProxy{host: o.Host} }

// Name implements Subsystem.
func (x *HAProxy) Name() string { return "haproxy" }

// Domain implements Subsystem.
func (x *HAProxy) Domain() string { return api.DomainHAProxy }

// Inspect implements Subsystem.
func (x *HAProxy) Inspect(ctx context.Context) (any, error) { return x.Status(ctx) }

// Actions implements Subsystem.
func (x *HAProxy) Actions() []Action {
	return []Action{
		look("/status", func(ctx context.Context, _ Call) (api.HAProxyStatus, error) { return x.Status(ctx) }),
	}
}

// Run implements Subsystem.
func (x *HAProxy) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Status says how HAProxy is. The answer may be 5 s old, unless something has been changed since.
func (x *HAProxy) Status(ctx context.Context) (api.HAProxyStatus, error) {
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
	s.Running, s.Enabled = unit.Active, unit.Enabled
	_, err = x.host.Stat(haproxyBinary)
	s.Installed = err == nil
	if _, err := x.host.Stat(haproxyConfig); err == nil {
		s.ConfigExists = true
	}
	if s.Installed && s.ConfigExists {
		s.ConfigValid, s.ConfigMessage = x.check(ctx, haproxyConfig)
	}
	if s.Installed {
		r, _ := x.host.Run(ctx, host.Command{Args: []string{"systemctl", "status", haproxyUnit, "--no-pager", "--lines=0"}}) // 3 for a stopped service
		s.StatusOutput = r.Output()
	}
	if s.Installed && !s.Running {
		s.ServiceLogs, _ = x.host.Journal(ctx, haproxyUnit, stoppedLogs) // a machine without a journal has none to show
	}
	x.status, x.statusAt = s, time.Now()
	return s, ctx.Err()
}

// check runs HAProxy's own check of a file.
func (x *HAProxy) check(ctx context.Context, path string) (valid bool, message string) {
	r, err := x.host.Run(ctx, host.Command{Args: []string{haproxyBinary, "-c", "-f", path}})
	message = r.Output()
	if message == "" && err != nil {
		message = err.Error()
	}
	return err == nil, message
}
