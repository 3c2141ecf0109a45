package child

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const ownerEnv = "CHILD_TEST_OWNER" // file for the pid of the child of a second process of this test binary

func TestMain(m *testing.M) {
	if file := os.Getenv(ownerEnv); file != "" {
		p := Start(exec.Command("sleep", "300"), syscall.SIGKILL, "sleep", slog.New(slog.DiscardHandler))
		if err := os.WriteFile(file, []byte(strconv.Itoa(p.Pid)), 0o600); err != nil {
			panic(err)
		}
		select {}
	}
	os.Exit(m.Run())
}

func start(t *testing.T, script string) *Process {
	t.Helper()
	p := Start(exec.Command("/bin/sh", "-c", script), syscall.SIGKILL, "sh", slog.New(slog.DiscardHandler))
	t.Cleanup(func() { p.Stop(Step{syscall.SIGKILL, 10 * time.Second}) })
	return p
}

func wait(t *testing.T, p *Process) {
	t.Helper()
	select {
	case <-p.Exited:
	case <-time.After(30 * time.Second):
		t.Fatal("still running")
	}
}

func TestOutputAndEnd(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := Start(exec.Command("/bin/sh", "-c", "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3"), syscall.SIGKILL, "sh", log)
	wait(t, p)
	if p.Running() || p.Err() == nil || p.Err().Error() != "exit status 3" {
		t.Errorf("running %t, %v", p.Running(), p.Err())
	}
	if got := p.Tail(); got != "line 3; line 4; line 5; line 6; line 7" {
		t.Errorf("tail %q", got)
	}
	if got := logged.String(); !strings.Contains(got, "child=sh") || !strings.Contains(got, `line="line 1"`) {
		t.Errorf("log %q", got)
	}
}

// A program that ends by itself without a fault has ended all the same.
func TestErrIsNeverNil(t *testing.T) {
	t.Parallel()
	p := start(t, "exit 0")
	if wait(t, p); p.Err() == nil {
		t.Error("no error")
	}
	p = Start(exec.Command("/no/such/program"), syscall.SIGKILL, "x", slog.New(slog.DiscardHandler))
	if wait(t, p); p.Err() == nil || p.Pid != 0 {
		t.Errorf("pid %d, %v", p.Pid, p.Err())
	}
}

func TestStopTakesTheNextStep(t *testing.T) {
	t.Parallel()
	p := start(t, `trap "" TERM; echo ready; while :; do sleep 0.1; done`)
	deadline := time.Now().Add(30 * time.Second)
	for p.Tail() != "ready" {
		if time.Now().After(deadline) {
			t.Fatal("the program says nothing")
		}
		<-time.After(10 * time.Millisecond)
	}
	if p.Stop(Step{syscall.SIGTERM, 200 * time.Millisecond}) {
		t.Error("it ended by a signal that it ignores")
	}
	if !p.Stop(Step{syscall.SIGTERM, time.Millisecond}, Step{syscall.SIGKILL, 30 * time.Second}) || p.Running() {
		t.Error("it did not end")
	}
	if group, err := syscall.Getpgid(os.Getpid()); err != nil || group == p.Pid {
		t.Errorf("group %d, %v", group, err)
	}
}

func TestDiesWithItsParent(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	owner := exec.CommandContext(t.Context(), os.Args[0])
	owner.Env = append(os.Environ(), ownerEnv+"="+file)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for deadline := time.Now().Add(30 * time.Second); pid == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the owner does not start its child")
		}
		b, _ := os.ReadFile(file) // not there yet
		pid, _ = strconv.Atoi(string(b))
		<-time.After(10 * time.Millisecond)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // "signal: killed"
	for deadline := time.Now().Add(30 * time.Second); syscall.Kill(pid, 0) == nil; {
		if time.Now().After(deadline) {
			t.Fatalf("%d outlived its parent", pid)
		}
		<-time.After(10 * time.Millisecond)
	}
}
