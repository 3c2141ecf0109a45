package host_test

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/host"
)

// TestShellTakesItsJobs: a job in the background ends with its terminal, also when the shell died too soon to tell it; what
// does not listen, as nohup makes it, lives on.
func TestShellTakesItsJobs(t *testing.T) {
	t.Parallel()
	s, err := host.Here().Shell(80, 24)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Write([]byte("sleep 300 & job=$!; (trap '' HUP; echo jobs-$job-$BASHPID-end; exec sleep 301) &\n")); err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(`jobs-(\d+)-(\d+)-end`)
	var shown []byte
	for b := make([]byte, 1000); !told.Match(shown); {
		n, err := s.Read(b)
		if err != nil {
			t.Fatalf("%v after %q", err, shown)
		}
		shown = append(shown, b[:n]...)
	}
	number := func(i int) int {
		n, err := strconv.Atoi(string(told.FindSubmatch(shown)[i]))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	job, kept := number(1), number(2)
	defer func() { _ = syscall.Kill(kept, syscall.SIGKILL) }()
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for limit := time.Now().Add(time.Minute); !errors.Is(syscall.Kill(job, 0), syscall.ESRCH); <-time.After(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("the job %d lives on", job)
		}
	}
	if err := syscall.Kill(kept, 0); err != nil {
		t.Errorf("what was to be kept is gone: %v", err)
	}
}

// An agent that was started by nohup ignores hang-ups; what it starts must not.
func TestShellUnderNohup(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "nohup", self, "-test.run=^TestShellTakesItsJobs$").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
