// Package child runs a program that dies with us: the engines that the panel starts for itself. When and how often to
// start one again is its owner's business.
package child

import (
	"errors"
	"log/slog"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is one run of a program, in a process group of its own: Ctrl-C on a terminal is for us alone.
type Process struct {
	Pid     int // 0 when it did not start
	Started time.Time
	Exited  <-chan struct{}

	err    error // after Exited
	output *output
}

// Start runs cmd. When this process dies, however that happens, the kernel sends it the signal death. Its lines go to
// log at level debug, under name.
func Start(cmd *exec.Cmd, death syscall.Signal, name string, log *slog.Logger) *Process {
	exited := make(chan struct{})
	p := &Process{Started: time.Now(), Exited: exited, output: &output{name: name, log: log}}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes open
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, death
	began := make(chan struct{})
	go func() {
		// The kernel ties the parent-death signal to the thread that forked, so that thread is kept for as long as
		// the program runs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(exited)
		err := cmd.Start()
		if err == nil {
			p.Pid = cmd.Process.Pid
		}
		close(began)
		if err == nil {
			err = cmd.Wait()
		}
		if p.err = err; err == nil {
			p.err = errors.New("exit status 0")
		}
	}()
	<-began
	return p
}

// Running reports whether the program has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.Exited:
		return false
	default:
		return true
	}
}

// Err is how the program ended, never nil. It may be called once Exited is closed.
func (p *Process) Err() error { return p.err }

// Tail is the last few lines that the program wrote.
func (p *Process) Tail() string { return p.output.tail() }

// Step is a signal and how long to wait for the program to end after it.
type Step struct {
	Signal syscall.Signal
	Wait   time.Duration
}

// Stop takes one step after the other until the program has ended, and reports whether it has.
func (p *Process) Stop(steps ...Step) bool {
	for _, s := range steps {
		if !p.Running() {
			return true
		}
		_ = syscall.Kill(p.Pid, s.Signal) // it may have ended meanwhile
		select {
		case <-p.Exited:
			return true
		case <-time.After(s.Wait):
		}
	}
	return !p.Running()
}
