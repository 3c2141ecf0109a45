package control

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
	"monitoring/agent/host"
)

// The panel of these tests, and the port of the agent.
var (
	panelAddr = netip.MustParseAddr("203.0.113.7")
	agentAddr = netip.MustParseAddrPort("198.51.100.1:9100")
)

func caller() Caller { return Caller{Addr: panelAddr, Local: agentAddr, Opened: time.Now()} }

// newFirewall is a machine with an active firewall that lets in the panel, and the agent's part of it.
func newFirewall(t testing.TB) (*controltest.Namespace, *Firewall) {
	t.Helper()
	n := controltest.NewNamespace(t)
	n.Sh(t, "ufw allow from 203.0.113.7 to any port 9100 proto tcp; ufw allow 443/tcp comment web; ufw limit 2222/tcp; ufw --force enable")
	return n, NewFirewall(Options{Host: n.Host, StateDir: t.TempDir(), Log: quiet()})
}

var counters = regexp.MustCompile(`(?m)^#.*\n| \[[0-9]+:[0-9]+\]`)

// stateOf is all that a revert has to bring back: UFW's files, and the kernel's rules of both families.
func stateOf(t testing.TB, n *controltest.Namespace) string {
	t.Helper()
	text := n.Sh(t, "iptables-save -t filter; ip6tables-save -t filter")
	for _, name := range []string{"user.rules", "user6.rules", "ufw.conf"} {
		text += readFile(t, n.UFW+"/"+name)
	}
	return counters.ReplaceAllString(text, "")
}

func wantCode(t testing.TB, err error, code, text string) {
	t.Helper()
	var f *api.Failure
	if !errors.As(err, &f) || f.Code != code || !strings.Contains(f.Detail, text) {
		t.Fatalf("error %v, want %s with %q", err, code, text)
	}
}

var addRule = api.FirewallChange{Op: api.FirewallAdd, Action: "allow", Ports: "8443", Protocol: "tcp", From: "10.0.0.0/8", Comment: "app"}

func TestConfirmedChangeLasts(t *testing.T) {
	t.Parallel()
	n, f := newFirewall(t)
	pending, err := f.Change(t.Context(), caller(), addRule)
	if err != nil || pending.ID == "" || pending.ConfirmSeconds != 30 {
		t.Fatalf("%+v, %v", pending, err)
	}
	old := caller()
	old.Opened = f.pending.applied.Add(-time.Millisecond)
	wantCode(t, f.Confirm(t.Context(), old, api.FirewallConfirm{ID: pending.ID}), api.CodeConflict, "opened after it")
	wantCode(t, f.Confirm(t.Context(), caller(), api.FirewallConfirm{ID: "other"}), api.CodeNotFound, "")
	_, err = f.Change(t.Context(), caller(), addRule)
	wantCode(t, err, api.CodeBusy, "waits for its confirmation")
	if err := f.Confirm(t.Context(), caller(), api.FirewallConfirm{ID: pending.ID}); err != nil {
		t.Fatal(err)
	}
	want := stateOf(t, n)
	again := NewFirewall(Options{Host: n.Host, StateDir: f.dir, Log: quiet()}) // the agent starts again
	if err := again.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stateOf(t, n) != want || !strings.Contains(n.Sh(t, "ufw status"), "10.0.0.0/8                 # app") {
		t.Errorf("after the confirmation:\n%s", n.Sh(t, "ufw status"))
	}
	wantCode(t, f.Confirm(t.Context(), caller(), api.FirewallConfirm{ID: pending.ID}), api.CodeNotFound, "")
}

func TestUnconfirmedChangeIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, c := range []api.FirewallChange{
		addRule,
		{Op: api.FirewallAdd, Action: "deny", Direction: "out", Ports: "25", Protocol: "any"},
		{Op: api.FirewallDeletePort, Ports: "443", Protocol: "tcp"},
		{Op: api.FirewallDisable},
	} {
		t.Run(c.Op+c.Action, func(t *testing.T) {
			t.Parallel()
			n, f := newFirewall(t)
			f.confirmWithin = time.Millisecond
			before := stateOf(t, n)
			pending, err := f.Change(t.Context(), caller(), c)
			if err != nil {
				t.Fatal(err)
			}
			if stateOf(t, n) == before {
				t.Fatal("the change changed nothing")
			}
			go func() { _ = f.Run(t.Context()) }()
			controltest.Eventually(t, "the change is taken back", func() bool { return !f.hasRevert() })
			if got := stateOf(t, n); got != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, got)
			}
			wantCode(t, f.Confirm(t.Context(), caller(), api.FirewallConfirm{ID: pending.ID}), api.CodeNotFound, "")
		})
	}
}

// TestHeldChange: who changes something says how long it waits for a person, who takes it back or lets it last.
func TestHeldChange(t *testing.T) {
	t.Parallel()
	n, f := newFirewall(t)
	before := stateOf(t, n)
	held := addRule
	for _, seconds := range []int{-1, 9, 121} {
		held.HoldSeconds = seconds
		_, err := f.Change(t.Context(), caller(), held)
		wantCode(t, err, api.CodeInvalid, "hold_seconds must be from 10 to 120")
	}
	held.HoldSeconds = 90
	pending, err := f.Change(t.Context(), caller(), held)
	if err != nil || pending.ConfirmSeconds != 90 || time.Until(f.pending.deadline) < time.Minute {
		t.Fatalf("%+v until %v, %v", pending, f.pending.deadline, err)
	}
	wantCode(t, f.TakeBack(t.Context(), api.FirewallConfirm{ID: "other"}), api.CodeNotFound, "waits no more")
	if err := f.TakeBack(t.Context(), api.FirewallConfirm{ID: pending.ID}); err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, n); got != before || f.hasRevert() {
		t.Errorf("before:\n%s\nafter:\n%s", before, got)
	}
	wantCode(t, f.TakeBack(t.Context(), api.FirewallConfirm{ID: pending.ID}), api.CodeNotFound, "")
	wantCode(t, f.Confirm(t.Context(), caller(), api.FirewallConfirm{ID: pending.ID}), api.CodeNotFound, "")
	if pending, err = f.Change(t.Context(), caller(), held); err != nil {
		t.Fatal(err)
	}
	if err := f.Confirm(t.Context(), caller(), api.FirewallConfirm{ID: pending.ID}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.TakeBack(t.Context(), api.FirewallConfirm{ID: pending.ID}), api.CodeNotFound, "")
	if !strings.Contains(n.Sh(t, "ufw status"), "10.0.0.0/8") {
		t.Error("what was confirmed is gone")
	}
}

func TestUnconfirmedEnableIsTakenBack(t *testing.T) {
	t.Parallel()
	n, f := newFirewall(t)
	n.Sh(t, "ufw --force disable")
	before := stateOf(t, n)
	if _, err := f.Change(t.Context(), caller(), api.FirewallChange{Op: api.FirewallEnable}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(n.Sh(t, "ufw status"), "Status: active") {
		t.Fatal("not enabled")
	}
	f.pending.deadline = time.Now()
	if err := f.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := n.Sh(t, "ufw status"); got != "Status: inactive" || !strings.Contains(before, "ENABLED=no") || !strings.Contains(stateOf(t, n), "ENABLED=no") {
		t.Errorf("after the revert: %s", got)
	}
	if policy := n.Sh(t, "iptables -S INPUT | head -1"); policy != "-P INPUT ACCEPT" {
		t.Errorf("after the revert: %s", policy)
	}
}

func TestLockOutIsRefused(t *testing.T) {
	t.Parallel()
	n, f := newFirewall(t)
	fakeSSH(t, n, 2222)
	before := stateOf(t, n)
	refused := func(from Caller, c api.FirewallChange, text string) {
		t.Helper()
		_, err := f.Change(t.Context(), from, c)
		wantCode(t, err, api.CodeRefused, text)
		if stateOf(t, n) != before || f.hasRevert() || f.pending != nil {
			t.Fatal("a refusal left something behind")
		}
	}
	refused(caller(), api.FirewallChange{Op: api.FirewallDeletePort, Ports: "9100", Protocol: "tcp"}, "port 9100 would be closed to 203.0.113.7")
	refused(caller(), api.FirewallChange{Op: api.FirewallDeleteRule, Number: 1}, "lock out the panel")
	refused(caller(), api.FirewallChange{Op: api.FirewallDeletePort, Ports: "2222", Protocol: "tcp"}, "close SSH (port 2222)")

	n.Sh(t, "ufw --force disable; ufw delete limit 2222/tcp")
	before = stateOf(t, n)
	refused(caller(), api.FirewallChange{Op: api.FirewallEnable}, "close SSH (port 2222)")
	n.Sh(t, "ufw allow from 192.0.2.1 to any port 2222 proto tcp")
	before = stateOf(t, n)
	other := caller()
	other.Addr = netip.MustParseAddr("203.0.113.8")
	refused(other, api.FirewallChange{Op: api.FirewallEnable}, "port 9100 would be closed to 203.0.113.8")
	other.Addr = netip.MustParseAddr("2001:db8::7")
	refused(other, api.FirewallChange{Op: api.FirewallEnable}, "closed to 2001:db8::7")
	if _, err := f.Change(t.Context(), caller(), api.FirewallChange{Op: api.FirewallEnable}); err != nil {
		t.Errorf("SSH is open to one address, the panel's port to the panel: %v", err)
	}
}

// fakeSSH listens as a program called sshd.
func fakeSSH(t testing.TB, n *controltest.Namespace, port int) {
	t.Helper()
	program := t.TempDir() + "/sshd"
	if out, err := exec.Command("cp", "/usr/bin/socat", program).CombinedOutput(); err != nil {
		t.Fatalf("copy socat: %v\n%s", err, out)
	}
	n.Start(t, nil, program, fmt.Sprintf("TCP-LISTEN:%d,fork", port), "OPEN:/dev/null")
	controltest.Eventually(t, "sshd listens", func() bool {
		return strings.Contains(n.Sh(t, "ss -Hltn"), fmt.Sprintf(":%d ", port))
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	n, f := newFirewall(t)
	n.Sh(t, "ufw allow 53/udp; ufw deny from 10.0.0.0/8 to any port 443 proto tcp; ufw allow in on eth0 to any port 443 proto tcp")
	confirmed := func(c api.FirewallChange) {
		t.Helper()
		p, err := f.Change(t.Context(), caller(), c)
		if err == nil {
			err = f.Confirm(t.Context(), caller(), api.FirewallConfirm{ID: p.ID})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	left := func(want ...string) {
		t.Helper()
		list, err := f.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, r := range list.Rules {
			have = append(have, Text(r))
		}
		if !slices.Equal(have, want) {
			t.Errorf("rules %q, want %q", have, want)
		}
	}
	const own, ssh, ssh6 = "9100/tcp ALLOW 203.0.113.7", "2222/tcp LIMIT Anywhere", "2222/tcp (v6) LIMIT Anywhere (v6)"
	const dns, dns6, eth, eth6 = "53/udp ALLOW Anywhere", "53/udp (v6) ALLOW Anywhere (v6)", "443/tcp on eth0 ALLOW Anywhere", "443/tcp (v6) on eth0 ALLOW Anywhere (v6)"
	// The allow rules of a port go for both families; another action and another source stay.
	confirmed(api.FirewallChange{Op: api.FirewallDeletePort, Ports: "443", Protocol: "tcp", Action: "allow"})
	left(own, ssh, dns, "443/tcp DENY 10.0.0.0/8", eth, ssh6, dns6, eth6)
	// Without an action every rule of the port goes.
	confirmed(api.FirewallChange{Op: api.FirewallDeletePort, Ports: "443", Protocol: "tcp"})
	left(own, ssh, dns, eth, ssh6, dns6, eth6)
	confirmed(api.FirewallChange{Op: api.FirewallDeleteRule, Number: 6, Expect: dns6})
	left(own, ssh, dns, eth, ssh6, eth6)

	_, err := f.Change(t.Context(), caller(), api.FirewallChange{Op: api.FirewallDeleteRule, Number: 3, Expect: dns6})
	wantCode(t, err, api.CodeRefused, `reads "53/udp ALLOW Anywhere" now`)
	_, err = f.Change(t.Context(), caller(), api.FirewallChange{Op: api.FirewallDeleteRule, Number: 4})
	wantCode(t, err, api.CodeRefused, "on the server itself")
	_, err = f.Change(t.Context(), caller(), api.FirewallChange{Op: api.FirewallDeleteRule, Number: 99})
	wantCode(t, err, api.CodeNotFound, "no such rule")
}

func TestWithoutUFW(t *testing.T) {
	t.Parallel()
	f := NewFirewall(Options{Host: host.Fake(host.Parts{Dir: t.TempDir()}), StateDir: "/", Log: quiet()})
	if s, err := f.Status(t.Context()); err != nil || s.Installed || s.Active || s.ErrorWords == nil || s.ErrorWords.English != s.Error {
		t.Errorf("status %+v, %v", s, err)
	}
	_, err := f.Change(t.Context(), caller(), addRule)
	wantCode(t, err, api.CodeNotInstalled, "not installed")
}

// TestAgentKilledInTheMiddle kills the process at any moment of a change. Whatever it had done, after the next start
// the firewall is as before or, if it got as far as the confirmation, as wanted.
func TestAgentKilledInTheMiddle(t *testing.T) {
	if pid := os.Getenv("FIREWALL_VICTIM"); pid != "" {
		victim(t, pid)
		return
	}
	t.Parallel()
	n, f := newFirewall(t)
	before := stateOf(t, n)
	changed := false
	for round := range 12 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestAgentKilledInTheMiddle$")
		cmd.Env = append(os.Environ(), "FIREWALL_VICTIM="+strconv.Itoa(n.PID), "FIREWALL_DIR="+f.dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && lines.Text() != "begins" {
		}
		if round == 0 { // the longest life: everything is done but the confirmation
			for lines.Scan() && lines.Text() != "applied" {
			}
		} else {
			time.Sleep(rand.N(900 * time.Millisecond)) // the moment of death is what varies
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		// systemd kills what is left of a unit; so what the victim has started may end here.
		controltest.Eventually(t, "its last ufw has ended", func() bool { return n.Sh(t, "pgrep -x ufw -c || true") == "0" })
		changed = changed || stateOf(t, n) != before

		if err := NewFirewall(Options{Host: n.Host, StateDir: f.dir, Log: quiet()}).RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := stateOf(t, n); got != before {
			t.Fatalf("round %d, before:\n%s\nafter:\n%s", round, before, got)
		}
	}
	if !changed {
		t.Error("no victim got as far as a change: the test proves nothing")
	}
}

// victim makes a change and lives until it is killed. It waits less than no time for the confirmation, so that the timer
// of systemd, which waits 15 s longer, comes soon.
func victim(t *testing.T, pid string) {
	id, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	h := host.New("/")
	if id != 1 {
		h = host.Inside(id)
	}
	f := NewFirewall(Options{Host: h, StateDir: os.Getenv("FIREWALL_DIR"), Log: quiet()})
	f.confirmWithin = -12 * time.Second
	fmt.Println("begins")
	if _, err := f.Change(t.Context(), caller(), api.FirewallChange{Op: api.FirewallDeletePort, Ports: "443", Protocol: "tcp"}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("applied")
	time.Sleep(time.Minute)
}

// TestTimerOfSystemd: where systemd runs, a change goes back although the agent is dead and does not come again.
func TestTimerOfSystemd(t *testing.T) {
	t.Parallel()
	m := controltest.Boot(t)
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	m.Write(t, "/opt/agent", string(program), 0o755)
	m.Run(t, "sh", "-ec", "ufw --force reset; ufw allow 443/tcp; ufw allow 9100/tcp; ufw --force enable")
	before := m.Read(t, "/etc/ufw/user.rules")
	m.Run(t, "systemd-run", "--unit=victim", "--setenv=FIREWALL_VICTIM=1", "--setenv=FIREWALL_DIR=/var/lib/firewall-test", "--setenv=TMPDIR=/tmp",
		"/opt/agent", "-test.run", "^TestAgentKilledInTheMiddle$")
	controltest.Eventually(t, "the change is made", func() bool {
		return !strings.Contains(m.Run(t, "ufw", "status"), "443/tcp")
	})
	m.Run(t, "systemctl", "kill", "--signal=KILL", "victim.service")
	controltest.Eventually(t, "the timer takes it back", func() bool {
		return strings.Contains(m.Run(t, "ufw", "status"), "443/tcp")
	})
	controltest.Eventually(t, "the timer's work ends", func() bool {
		_, err := m.Host.Stat("/var/lib/firewall-test/firewall-pending.json")
		return err != nil
	})
	if got := m.Read(t, "/etc/ufw/user.rules"); got != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, got)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
