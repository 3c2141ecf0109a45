package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	t.Parallel()
	h := open("/") // no container: the tests' own programs
	f := func(c Command, wantOut, wantErr string, wantCode int) {
		t.Helper()
		r, err := h.Run(t.Context(), c)
		var exit *ExitError
		if wantCode != 0 && !errors.As(err, &exit) || wantCode == 0 && err != nil {
			t.Errorf("%q: error %v", c.Args, err)
		}
		if r.Stdout != wantOut || r.Stderr != wantErr || r.ExitCode != wantCode || r.Took <= 0 {
			t.Errorf("%q: %+v", c.Args, r)
		}
	}
	f(Command{Args: []string{"echo", "a; rm -rf $HOME `id`"}}, "a; rm -rf $HOME `id`\n", "", 0)
	f(Command{Args: []string{"cat"}, Stdin: []byte("from stdin")}, "from stdin", "", 0)
	f(Command{Args: []string{"sh", "-c", "echo out; echo err >&2; exit 7"}}, "out\n", "err\n", 7)
	f(Command{Args: []string{"sh", "-c", "echo $LC_ALL $MORE $AGENT_TOKEN"}, Env: []string{"MORE=yes"}}, "C yes\n", "", 0)
	f(Command{Args: []string{"/bin/echo", "by path"}}, "by path\n", "", 0)
}

func TestRunSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	h := open("/")
	for _, args := range [][]string{nil, {"no-such-program"}, {"/no/such/program"}} {
		r, err := h.Run(t.Context(), Command{Args: args})
		var exit *ExitError
		if err == nil || errors.As(err, &exit) || r.ExitCode != -1 {
			t.Errorf("%q: %+v, %v", args, r, err)
		}
	}
}

func TestRunKeepsNothingOfItsEnvironment(t *testing.T) {
	t.Setenv("AGENT_TOKEN", "secret")
	r, err := open("/").Run(t.Context(), Command{Args: []string{"env"}})
	if err != nil || strings.Contains(r.Stdout, "secret") {
		t.Errorf("%q, %v", r.Stdout, err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r, err := open("/").Run(t.Context(), Command{Args: []string{"sh", "-c", "head -c 1000000 /dev/zero; echo end >&2"}, Stdout: &out, MaxOutput: 1000})
	if err != nil || out.Len() != 1000 || !r.Truncated || r.Stderr != "end\n" {
		t.Errorf("%d bytes, truncated %v, %v", out.Len(), r.Truncated, err)
	}
}

// A command that is called off takes everything with it that it has started.
func TestCancelKillsTheGroup(t *testing.T) {
	t.Parallel()
	f := func(name string, context func() (context.Context, context.CancelFunc), timeout time.Duration) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pid")
			ctx, cancel := context()
			defer cancel()
			go func() {
				for ctx.Err() == nil { // call it off as soon as the grandchild lives
					if b, err := os.ReadFile(file); err == nil && bytes.HasSuffix(b, []byte("\n")) && timeout == 0 {
						cancel()
					}
					time.Sleep(time.Millisecond)
				}
			}()
			began := time.Now()
			_, err := open("/").Run(ctx, Command{Args: []string{"sh", "-c", "sleep 600 & echo $! >" + file + "; wait"}, Timeout: timeout})
			if err == nil || time.Since(began) > time.Minute {
				t.Fatalf("after %s: %v", time.Since(began), err)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
			if err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("process %d lives on", pid)
				}
			}
		})
	}
	f("cancel", func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }, 0)
	f("timeout", func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }, time.Second)
}

// alive is false for a zombie as well: in a container nobody may reap it.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !bytes.Contains(stat, []byte(") Z ")) && syscall.Kill(pid, 0) == nil
}

func TestFakeCommands(t *testing.T) {
	t.Parallel()
	h := Fake(Parts{Run: func(_ context.Context, c Command) (Result, error) {
		if c.Args[0] == "systemctl" {
			return Result{Stdout: "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nMainPID=42\n"}, nil
		}
		return Result{ExitCode: 1}, &ExitError{Program: c.Args[0], Code: 1}
	}})
	u, err := h.Unit(t.Context(), "x.service")
	if want := (Unit{true, true, true, 42}); err != nil || u != want {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := Fake(Parts{}).Run(t.Context(), Command{Args: []string{"true"}}); err == nil {
		t.Error("a fake without commands runs one")
	}
}

func TestUnitStates(t *testing.T) {
	t.Parallel()
	f := func(out string, err error, want Unit, fails bool) {
		t.Helper()
		h := Fake(Parts{Run: func(context.Context, Command) (Result, error) { return Result{Stdout: out}, err }})
		u, err := h.Unit(t.Context(), "x.service")
		if u != want || (err != nil) != fails {
			t.Errorf("%q: %+v, %v", out, u, err)
		}
	}
	f("LoadState=not-found\nActiveState=inactive\nUnitFileState=\nMainPID=0\n", nil, Unit{}, false)
	f("LoadState=loaded\nActiveState=reloading\nUnitFileState=disabled\nMainPID=7\n", nil, Unit{Installed: true, Active: true, MainPID: 7}, false)
	f("LoadState=loaded\nActiveState=failed\nUnitFileState=enabled\nMainPID=0\n", nil, Unit{Installed: true, Enabled: true}, false)
	f("", &ExitError{Code: 1}, Unit{}, false) // not booted with systemd
	f("", context.DeadlineExceeded, Unit{}, true)
}
