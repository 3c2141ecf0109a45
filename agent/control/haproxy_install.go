package control

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

const (
	installUnit    = "monitoring-install-haproxy"
	installTimeout = 15 * time.Minute
	aptStepTime    = "300s"   // of each step: systemd ends it then, whatever has become of us
	aptLockTime    = "120"    // seconds to wait for another apt, such as that of unattended upgrades
	installLog     = 16 << 10 // bytes kept of what apt said
)

// install has apt install HAProxy where it is missing. apt works in a unit of its own: an agent that is ended meanwhile,
// or its limits of memory, must not leave a package half installed. A machine that had no configuration gets ours, for
// relaying, in place of the package's.
func (x *HAProxy) install(ctx context.Context, _ Call) (api.Changed, error) {
	if x.installed() {
		return done("HAProxy is installed already"), nil
	}
	if _, err := x.host.Stat("/usr/bin/apt-get"); err != nil {
		return api.Changed{}, fail(api.CodeConflict, "this machine has no apt: install HAProxy with its own package manager")
	}
	unit, err := x.host.Unit(ctx, installUnit+".service")
	if err != nil {
		return api.Changed{}, err
	}
	if unit.Active {
		return api.Changed{}, fail(api.CodeBusy, "apt is at work already: look again in a minute")
	}
	_, err = x.host.Stat(haproxyConfig)
	bare := errors.Is(err, fs.ErrNotExist)
	if err := x.runInstall(ctx); err != nil {
		return api.Changed{}, err
	}
	if !x.installed() {
		return api.Changed{}, fail(api.CodeFailed, "apt has finished, and there is no %s", haproxyBinary)
	}
	if !bare {
		return done("HAProxy is installed"), nil
	}
	if _, err := x.regenerate(ctx, Call{}); err != nil {
		return api.Changed{}, err
	}
	return done("HAProxy is installed, with a configuration for relaying"), nil
}

// runInstall lets apt do its steps. Lists that cannot be fetched are no end: the old ones may do.
func (x *HAProxy) runInstall(ctx context.Context) error {
	out := &aptOutput{}
	x.installing.Store(out)
	defer x.forget()
	defer x.installing.Store(nil)
	quick := []string{"-o", "Acquire::http::Timeout=15", "-o", "Acquire::https::Timeout=15", "-o", "Acquire::Retries=1", "-o", "DPkg::Lock::Timeout=" + aptLockTime}
	install := append([]string{"apt-get", "install", "-y", "-q", "--no-install-recommends", "--no-remove",
		"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"}, append(quick, "haproxy")...)
	stale := x.apt(ctx, out, append([]string{"apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"}, quick...)...)
	err := x.apt(ctx, out, install...)
	if err != nil && x.interrupted(ctx) {
		if err = x.apt(ctx, out, "dpkg", "--force-confdef", "--force-confold", "--configure", "-a"); err == nil {
			err = x.apt(ctx, out, install...)
		}
	}
	switch {
	case err != nil && stale != nil:
		return api.Fail(api.CodeRefused, "HAProxy could not be installed: this server does not reach its package sources").WithLog(out.all(err))
	case err != nil:
		return api.Fail(api.CodeRefused, "apt could not install HAProxy").WithLog(out.all(err))
	}
	return nil
}

// interrupted reports whether an earlier installation, of anything, was cut off: apt does not work before that is finished.
func (x *HAProxy) interrupted(ctx context.Context) bool {
	r, err := x.host.Run(ctx, host.Command{Args: []string{"dpkg", "--audit"}})
	return err == nil && r.Stdout != ""
}

// apt runs one step in the unit.
func (x *HAProxy) apt(ctx context.Context, out *aptOutput, step ...string) error {
	args := []string{"systemd-run", "--quiet", "--collect", "--pipe", "--wait", "--unit=" + installUnit,
		"--property=RuntimeMaxSec=" + aptStepTime, "--property=TimeoutStopSec=20s",
		"--setenv=DEBIAN_FRONTEND=noninteractive", "--setenv=LC_ALL=C", "--setenv=NEEDRESTART_SUSPEND=1"} // no other service is restarted
	_, err := x.host.Run(ctx, host.Command{Args: append(args, step...), Stdout: out, Stderr: out, MaxOutput: 4 << 20, Timeout: installTimeout})
	return err
}

// aptOutput keeps the end of what apt said.
type aptOutput struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (o *aptOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	o.text = o.text[max(0, len(o.text)-installLog):]
	return len(p), nil
}

// last is the last line, for people who wait; there is always one.
func (o *aptOutput) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := bytes.TrimRight(o.text, " \r\n")
	text = bytes.TrimSpace(text[bytes.LastIndexAny(text, "\r\n")+1:])
	if len(text) == 0 {
		return "apt-get"
	}
	return strings.ToValidUTF8(string(text), "")
}

// all is what there is to explain a failure.
func (o *aptOutput) all(err error) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.ToValidUTF8(string(o.text), "") + "\n" + err.Error()
}
