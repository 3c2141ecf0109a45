// Program container is the part of the agent that drives a machine, for a container that has nothing else in it: it does
// one thing of each kind and prints what came of it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/control"
	"monitoring/agent/host"
)

func main() {
	h := host.New("/host")
	subsystems := map[string]control.Subsystem{}
	for _, s := range control.All(control.Options{Host: h, StateDir: "/var/lib/container-test", Log: slog.New(slog.DiscardHandler)}) {
		subsystems[s.Name()] = s
	}
	do := func(subsystem, method, path string, body any) (any, error) {
		for _, a := range subsystems[subsystem].Actions() {
			if a.Method != method || a.Path != path {
				continue
			}
			b, err := json.Marshal(body)
			if err != nil {
				return nil, err
			}
			panel := control.Caller{Addr: netip.MustParseAddr("127.0.0.1"), Local: netip.MustParseAddrPort("127.0.0.1:9100"), Opened: time.Now()}
			call := control.Call{Body: b, Param: func(string) string { return "" }, From: panel}
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			if a.Stream == nil {
				return a.Do(ctx, call)
			}
			said := ""
			err = a.Stream(ctx, call, func(event string, v any) error {
				b, err := json.Marshal(v)
				said += event + string(b)
				return err
			})
			return said, err
		}
		return nil, errors.New("there is no such action")
	}
	show := func(what string, v any, err error) {
		var f *api.Failure
		if errors.As(err, &f) {
			err = fmt.Errorf("%w: %s", err, f.Log)
		}
		fmt.Printf("%s: %v %+v\n", what, err, v)
	}

	v, err := do("exec", "POST", "/run", api.ExecRequest{Command: "cat /proc/1/comm; pwd; command -v haproxy", Shell: "sh", Timeout: 60})
	show("command", v, err)
	v, err = do("haproxy", "POST", "/start", nil)
	show("start", v, err)
	v, err = do("haproxy", "POST", "/rules", api.HAProxyRule{Name: "a", RuleType: api.RuleTCP, ListenPort: 8443, TargetIP: "127.0.0.1", TargetPort: 9001})
	show("rule", v, err)
	v, err = do("firewall", "POST", "/changes", api.FirewallChange{Op: api.FirewallAdd, Action: "allow", Ports: "8443", Protocol: "tcp"})
	show("firewall", v, err)
	if pending, ok := v.(api.FirewallPending); ok {
		v, err = do("firewall", "POST", "/confirm", api.FirewallConfirm{ID: pending.ID})
		show("confirm", v, err)
	}
	shell, err := h.Shell(80, 24)
	if err != nil {
		show("shell", nil, err)
		return
	}
	defer shell.Close()
	if _, err := io.WriteString(shell, "echo $((40+2)) $(cat /proc/1/comm); exit 7\n"); err != nil {
		show("shell", nil, err)
	}
	screen, _ := io.ReadAll(shell) // it ends with EIO when the shell has gone
	show("shell", fmt.Sprint(strings.Contains(string(screen), "42 systemd"), " exit ", shell.Wait()), nil)
	if entries, err := os.ReadDir("/bin"); err == nil {
		show("programs", len(entries), nil) // there must be none
	}
}
