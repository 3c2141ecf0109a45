package control

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
	"monitoring/agent/host"
)

// pidCall is a request about a process.
func pidCall(pid int) Call {
	return Call{Param: func(string) string { return strconv.Itoa(pid) }}
}

func sleeper(t *testing.T) (pid int, ended chan error) {
	t.Helper()
	cmd := exec.Command("sleep", "300")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd.Process.Pid, ended
}

func TestSignal(t *testing.T) {
	t.Parallel()
	h := host.Here()
	x := NewPower(testOptions(t, h))
	pid, ended := sleeper(t)
	started := startOf(t, h, pid)
	var refused *api.Failure
	if _, err := x.signal(t.Context(), api.SignalRequest{Signal: "KILL", Started: started - 1}, pidCall(pid)); !errors.As(err, &refused) || refused.Code != api.CodeNotFound {
		t.Errorf("an earlier process with this number: %v", err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the process that has the number now is gone: %v", err)
	}
	if r, err := x.signal(t.Context(), api.SignalRequest{Signal: "TERM", Started: started}, pidCall(pid)); err != nil || !r.Success {
		t.Fatalf("%+v, %v", r, err)
	}
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("it ended by %v", err)
	}
	if _, err := x.signal(t.Context(), api.SignalRequest{Signal: "TERM", Started: started}, pidCall(pid)); !errors.As(err, &refused) || refused.Code != api.CodeNotFound {
		t.Errorf("a process that has ended: %v", err)
	}
}

func startOf(t *testing.T, h *host.Host, pid int) uint64 {
	t.Helper()
	started, err := h.ProcessStart(pid)
	if err != nil {
		t.Fatal(err)
	}
	return started
}

func TestPowerRefusals(t *testing.T) {
	t.Parallel()
	x := NewPower(testOptions(t, host.Fake(host.Parts{Dir: t.TempDir()})))
	f := func(err error, wantField string) {
		t.Helper()
		var refused *api.Failure
		if !errors.As(err, &refused) || refused.Code != api.CodeInvalid || refused.Field != wantField {
			t.Errorf("%v, want field %s", err, wantField)
		}
	}
	ask := func(signal string, pid string) error {
		_, err := x.signal(t.Context(), api.SignalRequest{Signal: signal}, Call{Param: func(string) string { return pid }})
		return err
	}
	f(ask("TERM", "1"), "pid")
	f(ask("TERM", "-5"), "pid")
	f(ask("TERM", "x"), "pid")
	f(ask("SEGV", "77"), "signal")
	_, err := x.machine(t.Context(), api.PowerRequest{Action: "explode"}, Call{})
	f(err, "action")
}

// A machine that is asked to goes down, and the panel has its answer before that.
func TestShutdown(t *testing.T) {
	t.Parallel()
	m := controltest.Own(t)
	x := NewPower(testOptions(t, m.Host))
	r, err := x.machine(context.WithoutCancel(t.Context()), api.PowerRequest{Action: api.Shutdown}, Call{})
	if err != nil || !r.Success {
		t.Fatalf("%+v, %v", r, err)
	}
	eventually(t, "the machine is off", m.Off)
}
