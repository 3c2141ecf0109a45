package control

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

// check refuses a step of UFW after which the panel or SSH would not get in any more. What the rules did not let in
// before is not judged: then there are rules outside of UFW's own files, and only the confirmation can tell.
func (f *Firewall) check(ctx context.Context, from Caller, step []string) error {
	if step[0] == api.FirewallDisable {
		return nil
	}
	current, err := f.ufw(ctx, "status")
	if err != nil {
		return fmt.Errorf("read firewall: %w", err)
	}
	active := parseStatus(current).Active
	if !active && step[0] != api.FirewallEnable {
		return nil // it takes effect when the firewall is enabled, which is checked then
	}
	before, policy, err := f.rules()
	if err != nil {
		return err
	}
	after := before
	if step[0] != api.FirewallEnable {
		out, err := f.ufw(ctx, append([]string{"--dry-run"}, forced(step)...)...)
		if err != nil {
			return fmt.Errorf("try change: %w", err)
		}
		if after = parseTuples(out); after.v4 == nil {
			after.v4 = before.v4
		}
		if after.v6 == nil {
			after.v6 = before.v6
		}
	}
	open := policy == "ACCEPT"
	if err := f.checkPanel(ctx, from, active, before, after, open); err != nil {
		return err
	}
	for _, port := range f.sshPorts(ctx) {
		was4 := !active || opens(before.v4, open, port)
		if was4 && !opens(after.v4, open, port) || !was4 && opens(before.v6, open, port) && !opens(after.v6, open, port) {
			return fail(api.CodeRefused, "this would close SSH (port %d) to everybody: allow it first, as in `ufw allow %d/tcp`", port, port)
		}
	}
	return nil
}

// checkPanel looks at the agent's own port, as the panel reaches it.
func (f *Firewall) checkPanel(ctx context.Context, from Caller, active bool, before, after ruleSet, open bool) error {
	addr, local := from.Addr.Unmap(), from.Local.Addr().Unmap()
	if addr.IsLoopback() {
		return nil // UFW never filters it
	}
	p := packet{from: addr, to: local, port: from.Local.Port(), iface: f.interfaceOf(ctx, local.String())}
	rules, then := before.v4, after.v4
	if addr.Is6() {
		rules, then = before.v6, after.v6
	}
	if was := !active || accepts(rules, open, p); was && !accepts(then, open, p) {
		return fail(api.CodeRefused, "this would lock out the panel: port %d would be closed to %s; allow it first, as in `ufw allow from %s to any port %d proto tcp`",
			p.port, addr, addr, p.port)
	}
	return nil
}

// rules reads UFW's files: the rules, and the policy for what no rule matches (DROP, REJECT or ACCEPT).
func (f *Firewall) rules() (ruleSet, string, error) {
	v4, err := f.host.ReadFile("/etc/ufw/user.rules")
	if err != nil {
		return ruleSet{}, "", fmt.Errorf("read rules: %w", err)
	}
	v6, err := f.host.ReadFile("/etc/ufw/user6.rules")
	if err != nil {
		return ruleSet{}, "", fmt.Errorf("read rules: %w", err)
	}
	defaults, err := f.host.ReadFile("/etc/default/ufw")
	if err != nil {
		return ruleSet{}, "", fmt.Errorf("read policy: %w", err)
	}
	policy := "DROP"
	for line := range strings.Lines(string(defaults)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "DEFAULT_INPUT_POLICY="); ok {
			policy = strings.ToUpper(strings.Trim(value, `"' `))
		}
	}
	return ruleSet{parseTuples(string(v4)).v4, parseTuples(string(v6)).v6}, policy, nil
}

var addressLine = regexp.MustCompile(`\A[0-9]+: ([^ @:]+)`)

// interfaceOf returns the interface that has an address, "" if that cannot be told.
func (f *Firewall) interfaceOf(ctx context.Context, address string) string {
	r, err := f.host.Run(ctx, host.Command{Args: []string{"ip", "-o", "addr", "show", "to", address}})
	if err != nil {
		return ""
	}
	if m := addressLine.FindStringSubmatch(r.Stdout); m != nil {
		return m[1]
	}
	return ""
}

var listenLine = regexp.MustCompile(`\ALISTEN +[0-9]+ +[0-9]+ +\S*:([0-9]+) +\S+ +users:\(\("([^"]+)"`)

// sshPorts finds where SSH really listens: sockets of sshd and dropbear, and those of systemd that sshd is configured
// for. A machine that cannot say gets the usual port protected.
func (f *Firewall) sshPorts(ctx context.Context) []uint16 {
	configured := f.configuredSSH(ctx)
	r, err := f.host.Run(ctx, host.Command{Args: []string{"ss", "-H", "-l", "-t", "-n", "-p"}, MaxOutput: 1 << 20})
	if err != nil {
		if len(configured) == 0 {
			return []uint16{22}
		}
		return configured
	}
	return listeningSSH(r.Stdout, configured)
}

// listeningSSH reads the output of ss.
func listeningSSH(text string, configured []uint16) []uint16 {
	var ports []uint16
	for line := range strings.Lines(text) {
		m := listenLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		port, err := strconv.ParseUint(m[1], 10, 16)
		if err != nil {
			continue
		}
		ours := m[2] == "sshd" || m[2] == "dropbear" || m[2] == "systemd" && slices.Contains(configured, uint16(port))
		if ours && !slices.Contains(ports, uint16(port)) {
			ports = append(ports, uint16(port))
		}
	}
	return ports
}

// configuredSSH asks sshd for the ports of its configuration.
func (f *Firewall) configuredSSH(ctx context.Context) []uint16 {
	r, err := f.host.Run(ctx, host.Command{Args: []string{"sshd", "-T"}})
	if err != nil {
		return nil // there is none, or it is not set up
	}
	var ports []uint16
	for line := range strings.Lines(r.Stdout) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "port "); ok {
			if port, err := strconv.ParseUint(value, 10, 16); err == nil {
				ports = append(ports, uint16(port))
			}
		}
	}
	return ports
}
