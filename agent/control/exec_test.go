package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
	"monitoring/agent/host"
)

// said collects the events of a command.
type said struct {
	mu     sync.Mutex
	events []string // "stdout line", "stderr line", "error text"
	done   *api.ExecDone
	fail   error // of every send
}

func (s *said) send(event string, v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch v := v.(type) {
	case api.ExecLine:
		s.events = append(s.events, event+" "+v.Line)
	case api.ExecError:
		s.events = append(s.events, event+" "+v.Message)
	case api.ExecDone:
		s.done = &v
	}
	return s.fail
}

func (s *said) of(event string) (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if line, ok := strings.CutPrefix(e, event+" "); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

// execute runs a command on the machine of the test.
func execute(t *testing.T, ctx context.Context, r api.ExecRequest) (*said, error) {
	t.Helper()
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	s := &said{}
	return s, NewExec(testOptions(t, host.Here())).run(ctx, Call{Body: body}, s.send)
}

func TestExec(t *testing.T) {
	t.Parallel()
	f := func(r api.ExecRequest, wantOut, wantErr string, wantCode int) {
		t.Helper()
		s, err := execute(t, t.Context(), r)
		if err != nil || s.done == nil {
			t.Fatalf("%q: %v, done %v", r.Command, err, s.done)
		}
		if out := strings.Join(s.of("stdout"), "|"); out != wantOut {
			t.Errorf("%q: stdout %q, want %q", r.Command, out, wantOut)
		}
		if out := strings.Join(s.of("stderr"), "|"); out != wantErr {
			t.Errorf("%q: stderr %q, want %q", r.Command, out, wantErr)
		}
		if s.done.ExitCode != wantCode || s.done.Success != (wantCode == 0) || s.done.Truncated {
			t.Errorf("%q: %+v", r.Command, *s.done)
		}
	}
	f(api.ExecRequest{Command: "echo one; echo two"}, "one|two", "", 0)
	f(api.ExecRequest{Command: "printf 'no end'"}, "no end", "", 0)
	f(api.ExecRequest{Command: "printf 'dos\\r\\nunix\\n\\nafter empty'"}, "dos|unix||after empty", "", 0)
	f(api.ExecRequest{Command: "echo out; echo err >&2; exit 7"}, "out", "err", 7)
	f(api.ExecRequest{Command: "set -o pipefail; false | true; echo $?", Shell: "bash"}, "1", "", 0)
	f(api.ExecRequest{Command: "printf '\\377ok'"}, "\uFFFDok", "", 0)
	f(api.ExecRequest{Command: "true"}, "", "", 0)
	f(api.ExecRequest{Command: "kill -9 $$"}, "", "", -1)
	f(api.ExecRequest{Command: "for i in 1 2 3\ndo\n  echo line $i\ndone"}, "line 1|line 2|line 3", "", 0)
}

// An agent in a container runs commands in the machine's namespaces.
func TestExecEntersTheMachine(t *testing.T) {
	t.Parallel()
	m := controltest.Boot(t)
	s := &said{}
	body := []byte(`{"command":"cat /proc/1/comm; hostname; echo $PATH | cut -d: -f1"}`)
	if err := NewExec(testOptions(t, m.Host)).run(t.Context(), Call{Body: body}, s.send); err != nil {
		t.Fatal(err)
	}
	want := "systemd|" + strings.TrimSpace(m.Run(t, "hostname")) + "|/snap/bin"
	if got := strings.Join(s.of("stdout"), "|"); got != want {
		t.Errorf("%q, want %q; stderr %q", got, want, s.of("stderr"))
	}
}

func TestExecTimeout(t *testing.T) {
	t.Parallel()
	s, err := execute(t, t.Context(), api.ExecRequest{Command: "echo begun; sleep 60", Timeout: 1})
	if err != nil || s.done == nil || s.done.ExitCode != -1 || s.done.Success {
		t.Fatalf("%v, %+v", err, s.done)
	}
	if got := strings.Join(s.events, "|"); got != "stdout begun|error not finished after 1 s: killed" {
		t.Errorf("%q", got)
	}
}

// Closing the stream kills the whole process group, not only the shell.
func TestExecIsCalledOff(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := execute(t, ctx, api.ExecRequest{Command: "sh -c 'echo $$ >" + file + ".new; mv " + file + ".new " + file + "; exec sleep 300' & wait"})
		ended <- err
	}()
	var pid int
	eventually(t, "the grandchild runs", func() bool {
		b, err := os.ReadFile(file)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return err == nil && pid > 0
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	eventually(t, "the grandchild is gone", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
}

func TestExecOutputIsBounded(t *testing.T) {
	t.Parallel()
	s, err := execute(t, t.Context(), api.ExecRequest{Command: "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last >&2"})
	if err != nil || !s.done.Truncated || s.done.ExitCode != 0 {
		t.Fatalf("%v, %+v", err, s.done)
	}
	if n := len(strings.Join(s.of("stdout"), "")); n != api.MaxExecOutput {
		t.Errorf("%d bytes, want %d", n, api.MaxExecOutput)
	}
	for _, line := range s.of("stdout") {
		if len(line) > maxLine {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	if got := s.of("stderr"); len(got) != 1 || got[0] != "last" {
		t.Errorf("stderr %q", got)
	}
	s, err = execute(t, t.Context(), api.ExecRequest{Command: "yes '' | head -n 60000"})
	if err != nil || !s.done.Truncated || len(s.events) != api.MaxExecLines {
		t.Errorf("%v, %d events, %+v", err, len(s.events), s.done)
	}
}

func TestExecRefusals(t *testing.T) {
	t.Parallel()
	f := func(r api.ExecRequest, wantField string) {
		t.Helper()
		s, err := execute(t, t.Context(), r)
		var refused *api.Failure
		if !errors.As(err, &refused) || refused.Field != wantField || refused.Code != api.CodeInvalid || len(s.events) > 0 {
			t.Errorf("%+v: %v, %v", r, err, s.events)
		}
	}
	f(api.ExecRequest{Command: " \n"}, "command")
	f(api.ExecRequest{Command: "a\x00b"}, "command")
	f(api.ExecRequest{Command: strings.Repeat("ы", api.MaxScript+1)}, "command")
	f(api.ExecRequest{Command: "ls", Timeout: 601}, "timeout")
	f(api.ExecRequest{Command: "ls", Timeout: -1}, "timeout")
	f(api.ExecRequest{Command: "ls", Shell: "zsh"}, "shell")
	if err := NewExec(testOptions(t, host.Here())).run(t.Context(), Call{Body: []byte("{")}, (&said{}).send); err == nil {
		t.Error("half a JSON was run")
	}
}

// The node's own log says what was run there.
func TestExecIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	x := NewExec(Options{Host: host.Here(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := x.run(t.Context(), Call{Body: []byte(`{"command":"echo audited"}`)}, (&said{}).send); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "echo audited") {
		t.Errorf("log: %s", log.String())
	}
}

// eventually waits for something that other processes do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
