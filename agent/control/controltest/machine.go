// Package controltest boots a whole machine for tests: systemd in a container over this machine's own files, with a
// network and a journal of its own. What a test does in there never reaches this machine. It needs root,
// systemd-container and dbus, which deploy/dev/setup.sh installs; without them tests fail.
//
//	func TestMain(m *testing.M) { os.Exit(controltest.Main(m)) }
//
//	machine := controltest.Boot(t)              // the same one for all tests of the package, booted by the first
//	control.NewHAProxy(control.Options{Host: machine.Host, ...})
//	machine.Run(t, "systemctl", "start", "haproxy")
package controltest

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"monitoring/agent/host"
)

const bootTime = 2 * time.Minute // bounds a failure; it takes a second

// boot makes the container's root and boots it. The end-to-end tests of the panel use the same file.
//
//go:embed boot.sh
var boot string

// Machine is a booted machine.
type Machine struct {
	Host *host.Host
	PID  int // of its process 1, seen from here
	cmd  *exec.Cmd
	log  bytes.Buffer
	dir  string
}

var shared struct {
	sync.Once
	machine *Machine
	err     error
}

// Main runs the tests of a package and then turns its machine off.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.machine != nil {
		shared.machine.off()
	}
	return code
}

// Boot returns the package's machine. Tests that change the same part of it must not be parallel.
func Boot(t testing.TB) *Machine {
	t.Helper()
	shared.Do(func() { shared.machine, shared.err = start() })
	if shared.err != nil {
		t.Fatalf("boot a machine: %v", shared.err)
	}
	return shared.machine
}

// Own boots a machine for one test, which may restart it or turn it off.
func Own(t testing.TB) *Machine {
	t.Helper()
	m, err := start()
	if err != nil {
		t.Fatalf("boot a machine: %v", err)
	}
	t.Cleanup(m.off)
	return m
}

// Off reports whether the machine's process 1 is gone.
func (m *Machine) Off() bool { return errors.Is(syscall.Kill(m.PID, 0), syscall.ESRCH) }

func start() (*Machine, error) {
	dir, err := os.MkdirTemp("", "machine-")
	if err != nil {
		return nil, err
	}
	m := &Machine{dir: dir}
	name := filepath.Base(dir)
	m.cmd = exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", boot, "sh", dir, name)
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // Pdeathsig means this thread: it must not be one that inNetwork spoils
		err := m.cmd.Start()
		started <- err
		if err == nil {
			ended <- m.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), bootTime)
	defer cancel()
	for {
		if m.up(ctx) {
			return m, nil
		}
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the container ended: %w\n%s", errors.Join(err), m.log.String())
		case <-ctx.Done():
			m.off()
			return nil, fmt.Errorf("not up within %s\n%s", bootTime, m.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// up finds process 1 of the container and asks it.
func (m *Machine) up(ctx context.Context) bool {
	if m.PID == 0 {
		pid := strconv.Itoa(m.cmd.Process.Pid)
		children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
		if err != nil {
			return false
		}
		first, _, _ := strings.Cut(strings.TrimSpace(string(children)), " ")
		name, err := os.ReadFile("/proc/" + first + "/comm")
		if err != nil || strings.TrimSpace(string(name)) != "systemd" {
			return false
		}
		if m.PID, err = strconv.Atoi(first); err != nil {
			return false
		}
		m.Host = host.Inside(m.PID)
	}
	r, err := m.Host.Run(ctx, host.Command{Args: []string{"systemctl", "is-system-running"}})
	state := strings.TrimSpace(r.Stdout)
	return err == nil && state == "running" || state == "degraded" // a unit of the base that failed is not ours
}

// off pulls the plug.
func (m *Machine) off() {
	if m.PID != 0 {
		_ = syscall.Kill(m.PID, syscall.SIGKILL) // it may have ended by itself
	}
	_ = m.cmd.Process.Kill()
	_ = os.RemoveAll(m.dir)
}

// Run runs a command on the machine, which has to succeed, and returns what it said.
func (m *Machine) Run(t testing.TB, args ...string) string {
	t.Helper()
	r, err := m.Host.Run(context.Background(), host.Command{Args: args, Timeout: time.Minute})
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, r.Output())
	}
	return r.Stdout
}

// Write puts a file on the machine, and the directories above it.
func (m *Machine) Write(t testing.TB, name, content string, mode os.FileMode) {
	t.Helper()
	err := m.Host.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = m.Host.WriteFile(name, []byte(content), mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Read returns the content of a file on the machine.
func (m *Machine) Read(t testing.TB, name string) string {
	t.Helper()
	b, err := m.Host.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Dial connects to an address in the machine's network, where 127.0.0.1 is the machine itself.
func (m *Machine) Dial(network, address string) (conn net.Conn, err error) {
	inside := m.inNetwork(func() { conn, err = net.DialTimeout(network, address, 10*time.Second) })
	return conn, errors.Join(inside, err)
}

// Listen listens at an address in the machine's network, for this process.
func (m *Machine) Listen(network, address string) (ln net.Listener, err error) {
	inside := m.inNetwork(func() { ln, err = net.Listen(network, address) })
	return ln, errors.Join(inside, err)
}

// inNetwork runs f on a thread that is in the machine's network. A socket stays in the network that it was made in. The
// thread goes back to ours: if it ended, so would every process with a Pdeathsig that it has ever started.
func (m *Machine) inNetwork(f func()) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			done <- err
			return
		}
		defer unix.Close(home)
		ns, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", m.PID), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(ns, unix.CLONE_NEWNET)
			_ = unix.Close(ns)
		}
		if err == nil {
			f()
			if err = unix.Setns(home, unix.CLONE_NEWNET); err == nil { // else the thread is spoilt and has to end
				runtime.UnlockOSThread()
			}
		}
		done <- err
	}()
	return <-done
}

// Forward gives an address of the machine's network an address of ours, until the test ends.
func (m *Machine) Forward(t testing.TB, address string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			outer, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer outer.Close()
				inner, err := m.Dial("tcp", address)
				if err != nil {
					return
				}
				defer inner.Close()
				splice(outer, inner)
			}()
		}
	}()
	return ln.Addr().String()
}

// splice copies both ways until one side ends.
func splice(a, b net.Conn) {
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // a side that breaks ends the other
			done <- struct{}{}
		}()
	}
	<-done
}
