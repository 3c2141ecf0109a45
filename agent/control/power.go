package control

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

// Power restarts and stops the machine and sends signals to its processes.
type Power struct {
	host *host.Host
	log  *slog.Logger
}

// NewPower returns the subsystem.
func NewPower(o Options) *Power { return &Power{o.Host, o.Log} }

// Name implements Subsystem.
func (x *Power) Name() string { return "power" }

// Domain implements Subsystem.
func (x *Power) Domain() string { return api.DomainPower }

// PowerState says whether somebody has asked for a restart.
type PowerState struct {
	RebootRequired bool `json:"reboot_required"` // a package has asked for it
}

// Inspect implements Subsystem.
func (x *Power) Inspect(context.Context) (any, error) {
	_, err := x.host.Stat("/run/reboot-required")
	return PowerState{err == nil}, nil
}

// Actions implements Subsystem.
func (x *Power) Actions() []Action {
	return []Action{
		change(http.MethodPost, "/machine", 20*time.Second, x.machine),
		change(http.MethodPost, "/processes/{pid}/signal", 0, x.signal),
	}
}

// Run implements Subsystem.
func (x *Power) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// machine hands the wish to the machine's own init and does not wait for it: the answer has to be out before the network
// goes.
func (x *Power) machine(ctx context.Context, r api.PowerRequest, _ Call) (api.Changed, error) {
	verb := map[string]string{api.Reboot: "reboot", api.Shutdown: "poweroff"}[r.Action]
	if verb == "" {
		return api.Changed{}, invalid("action", "is reboot or shutdown")
	}
	x.log.Warn("the panel stops the machine", "action", r.Action)
	if _, err := x.host.Run(ctx, host.Command{Args: []string{"systemctl", "--no-block", verb}}); err != nil {
		return api.Changed{}, fail(api.CodeFailed, "systemctl %s: %v", verb, err)
	}
	return done("%s has begun", verb), nil
}

var signals = map[string]syscall.Signal{
	"TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

func (x *Power) signal(_ context.Context, r api.SignalRequest, c Call) (api.Changed, error) {
	pid, err := strconv.Atoi(c.Param("pid"))
	if err != nil || pid < 1 {
		return api.Changed{}, invalid("pid", "is the number of a process")
	}
	if pid == 1 {
		return api.Changed{}, invalid("pid", "1 is the init of the machine: use reboot or shutdown")
	}
	if !slices.Contains(api.Signals, r.Signal) {
		return api.Changed{}, invalid("signal", "is one of %s", strings.Join(api.Signals, " "))
	}
	switch err := x.host.Signal(pid, r.Started, signals[r.Signal]); {
	case errors.Is(err, host.ErrProcessGone):
		return api.Changed{}, fail(api.CodeNotFound, "process %d has ended", pid)
	case err != nil:
		return api.Changed{}, err
	}
	x.log.Info("the panel sent a signal", "pid", pid, "signal", r.Signal)
	return done("sent SIG%s to process %d", r.Signal, pid), nil
}
