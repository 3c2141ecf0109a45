package control

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

// fakeCommands answers commands by the first of their words that match.
func fakeCommands(t *testing.T, answers map[string]string) (*host.Host, *[]string) {
	t.Helper()
	ran := &[]string{}
	return host.Fake(host.Parts{Dir: t.TempDir(), Run: func(_ context.Context, c host.Command) (host.Result, error) {
		line := strings.Join(c.Args, " ")
		*ran = append(*ran, line)
		for prefix, out := range answers {
			if strings.HasPrefix(line, prefix) {
				return host.Result{Stdout: out}, nil
			}
		}
		return host.Result{ExitCode: 1, Stderr: "no " + line}, &host.ExitError{Program: c.Args[0], Code: 1}
	}}), ran
}

func testOptions(t testing.TB, h *host.Host) Options {
	return Options{Host: h, StateDir: "/var/lib/agent", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func TestHAProxyStatusOfABareMachine(t *testing.T) {
	t.Parallel()
	h, ran := fakeCommands(t, nil)
	s, err := NewHAProxy(testOptions(t, h)).Status(t.Context())
	if err != nil || s.Installed || s.Running || s.ConfigExists || s.ConfigValid || s.ConfigPath != haproxyConfig {
		t.Errorf("%+v, %v", s, err)
	}
	if len(*ran) != 1 {
		t.Errorf("ran %q to learn that there is nothing", *ran)
	}
}

// A whole configuration can run programs as root, already when it is checked: who may not do that otherwise may not send one.
func TestWholeConfigurationNeedsExec(t *testing.T) {
	t.Parallel()
	for exec, write := range map[string]bool{"no": false, "ro": false, "rw": true} {
		h, ran := fakeCommands(t, nil)
		o := testOptions(t, h)
		o.Permits = func(domain string, write bool) bool {
			return domain == api.DomainHAProxy || domain == api.DomainExec && (exec == "rw" || exec == "ro" && !write)
		}
		x := NewHAProxy(o)
		for _, query := range []url.Values{{}, {"dry_run": {"true"}}} {
			_, err := x.applyConfig(t.Context(), api.HAProxyConfigApply{ConfigContent: "global\n lua-load /tmp/x\n"}, Call{Query: query})
			var refused *api.Failure
			if !errors.As(err, &refused) {
				t.Fatalf("exec %s: %v", exec, err)
			}
			if write { // HAProxy is not there, which is found out later
				if refused.Code != api.CodeNotInstalled {
					t.Errorf("exec %s: %v", exec, err)
				}
			} else if refused.Code != api.CodeConflict || len(*ran) > 0 {
				t.Errorf("exec %s, %v: %v after %q", exec, query, err, *ran)
			}
		}
	}
}

func TestHAProxyStatusIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, ran := fakeCommands(t, map[string]string{
			"systemctl show":       "LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\nMainPID=0\n",
			"/usr/sbin/haproxy -c": "Configuration file is valid\n",
			"journalctl":           "last words\n",
		})
		for name, content := range map[string]string{haproxyBinary: "x", haproxyConfig: "global\n"} {
			if err := h.MkdirAll(name[:strings.LastIndex(name, "/")], 0o755); err != nil {
				t.Fatal(err)
			}
			if err := h.WriteFile(name, []byte(content), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		x := NewHAProxy(testOptions(t, h))
		for range 3 {
			s, err := x.Status(t.Context())
			if err != nil || !s.Installed || s.Running || !s.Enabled || !s.ConfigValid || s.ConfigMessage != "Configuration file is valid" || s.ServiceLogs != "last words\n" {
				t.Errorf("%+v, %v", s, err)
			}
		}
		once := len(*ran)
		time.Sleep(statusAge)
		if _, err := x.Status(t.Context()); err != nil || len(*ran) != 2*once-1 { // the file is as it was: no check
			t.Errorf("%d commands, then %d, %v", once, len(*ran), err)
		}
	})
}
