package control

import (
	"context"
	"path"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/haproxy"
)

// start checks the configuration, starts the service, looks whether it stays up, and only then has it start at boot.
func (x *HAProxy) start(ctx context.Context, _ Call) (api.Changed, error) {
	if err := x.ready(ctx); err != nil {
		return api.Changed{}, err
	}
	if err := x.up(ctx, "start"); err != nil {
		return api.Changed{}, err
	}
	return done("HAProxy is running"), x.host.Systemctl(ctx, "enable", haproxyUnit)
}

func (x *HAProxy) stop(ctx context.Context, _ Call) (api.Changed, error) {
	if err := x.need(); err != nil {
		return api.Changed{}, err
	}
	x.config.Lock()
	defer x.config.Unlock()
	defer x.forget()
	if err := x.host.Systemctl(ctx, "stop", haproxyUnit); err != nil {
		return api.Changed{}, err
	}
	return done("HAProxy is stopped"), x.host.Systemctl(ctx, "disable", haproxyUnit)
}

func (x *HAProxy) restart(ctx context.Context, _ Call) (api.Changed, error) {
	if err := x.ready(ctx); err != nil {
		return api.Changed{}, err
	}
	return done("HAProxy has been restarted"), x.up(ctx, "restart")
}

func (x *HAProxy) reloadService(ctx context.Context, _ Call) (api.Changed, error) {
	if err := x.ready(ctx); err != nil {
		return api.Changed{}, err
	}
	unit, err := x.host.Unit(ctx, haproxyUnit)
	if err != nil {
		return api.Changed{}, err
	}
	if !unit.Active {
		return api.Changed{}, fail(api.CodeConflict, "HAProxy is not running: start it")
	}
	x.config.Lock()
	defer x.config.Unlock()
	defer x.forget()
	return done("HAProxy has been reloaded"), x.reload(ctx)
}

// done answers a change that was made.
func done(format string, args ...any) api.Changed {
	d := api.Changed{Success: true}
	d.Say(format, args...)
	return d
}

// ready makes sure that there is a configuration which HAProxy accepts.
func (x *HAProxy) ready(ctx context.Context) error {
	if err := x.need(); err != nil {
		return err
	}
	if err := x.recover(ctx); err != nil {
		return err
	}
	content, exists, err := x.configuration()
	if err != nil {
		return err
	}
	if !exists {
		if err := x.checkCandidate(ctx, content); err != nil {
			return err
		}
		if err := x.host.MkdirAll(path.Dir(haproxyConfig), 0o755); err != nil {
			return err
		}
		if err := x.host.WriteFile(haproxyConfig, content, 0o644); err != nil {
			return err
		}
	}
	if valid, message := x.check(ctx); !valid {
		return api.Fail(api.CodeRefused, "HAProxy does not accept its configuration; nothing has been changed").WithLog(message)
	}
	return nil
}

// up starts or restarts the service and looks whether it stays up. It leaves alone whether it starts at boot.
func (x *HAProxy) up(ctx context.Context, action string) error {
	x.config.Lock()
	defer x.config.Unlock()
	defer x.forget()
	failure := func(why string) error {
		logs, _ := x.host.Journal(context.WithoutCancel(ctx), haproxyUnit, failureLogs) // only to explain
		return api.Fail(api.CodeRefused, "HAProxy does not stay up").WithLog(why + "\n" + logs)
	}
	if err := x.host.Systemctl(ctx, action, haproxyUnit); err != nil {
		return failure(err.Error())
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(startTime): // an address that is taken shows only now
	}
	unit, err := x.host.Unit(ctx, haproxyUnit)
	if err != nil {
		return err
	}
	if !unit.Active {
		return failure("it has ended")
	}
	return nil
}

// ReloadIfRunning has a running HAProxy read its files anew.
func (x *HAProxy) ReloadIfRunning(ctx context.Context) error {
	unit, err := x.host.Unit(ctx, haproxyUnit)
	if err != nil || !unit.Active {
		return err
	}
	x.config.Lock()
	defer x.config.Unlock()
	defer x.forget()
	return x.reload(ctx)
}

// holds reports whether a running HAProxy listens on a port.
func (x *HAProxy) holds(ctx context.Context, port int) bool {
	unit, err := x.host.Unit(ctx, haproxyUnit)
	if err != nil || !unit.Active {
		return false
	}
	content, err := x.host.ReadFile(haproxyConfig)
	return err == nil && haproxy.Binds(content, port) != ""
}
