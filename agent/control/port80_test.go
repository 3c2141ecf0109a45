package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
	"monitoring/agent/host"
)

// TestChallengeBehindUFW gets a certificate from a real issuer at the other end of a cable, through a firewall whose user
// denies port 80. Whether it succeeds, fails or is killed in between, the firewall is afterwards as it was.
func TestChallengeBehindUFW(t *testing.T) {
	if job := os.Getenv("CHALLENGE_JOB"); job != "" {
		challenged(t, job)
		return
	}
	t.Parallel()
	node, issuer := controltest.NewNamespace(t), controltest.NewNamespace(t)
	controltest.Join(t, node, issuer)
	acme := pebbleAt(t, pebblePlace{ip: "10.77.0.2", target: "10.77.0.1", challenge: 80,
		dial: func(_ context.Context, network, address string) (net.Conn, error) {
			return issuer.Dial(network, address)
		},
		start: func(env []string, args ...string) { issuer.Start(t, append(os.Environ(), env...), args...) }})
	node.Sh(t, "ufw allow 22/tcp; ufw deny 80/tcp comment mine; ufw --force enable")
	before := stateOf(t, node)
	dir := t.TempDir()
	run := func(listen string, until string) (said string) {
		t.Helper()
		acme.Listen = listen
		job, err := json.Marshal(challengeJob{dir, acme})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("nsenter", "-t", strconv.Itoa(node.PID), "-n", "-m", "-p", "--", os.Args[0], "-test.run", "^TestChallengeBehindUFW$", "-test.v")
		cmd.Env = append(os.Environ(), "CHALLENGE_JOB="+string(job))
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			said += lines.Text() + "\n"
			if until != "" && lines.Text() == until {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it is there: it has just spoken
			}
		}
		_ = cmd.Wait() // what it has to say it has said
		return said
	}

	if said := run(":80", ""); !strings.Contains(said, "issued: true") {
		t.Errorf("behind a closed port:\n%s", said)
	}
	if got := stateOf(t, node); got != before {
		t.Errorf("after a success, before:\n%s\nafter:\n%s", before, got)
	}
	if said := run(":8081", ""); !strings.Contains(said, "issued: false the issuer could not verify") { // nobody answers on 80
		t.Errorf("with nobody on the port:\n%s", said)
	}
	if got := stateOf(t, node); got != before {
		t.Errorf("after a failure, before:\n%s\nafter:\n%s", before, got)
	}

	run("", "taken") // and is killed
	if rules := node.Sh(t, "iptables -S ufw-before-input; ip6tables -S ufw6-before-input"); strings.Count(rules, "certificate challenge") != 2 {
		t.Errorf("while the port is taken:\n%s", rules)
	}
	o := Options{Host: node.Host, StateDir: dir, Log: quiet()}
	if err := NewCerts(o, NewHAProxy(o)).RunOnce(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, node); got != before {
		t.Errorf("after the next start, before:\n%s\nafter:\n%s", before, got)
	}

	// A firewall that is reloaded meanwhile has closed the door by itself, and a change that comes before Run gives back first.
	run("", "taken")
	node.Sh(t, "ufw reload")
	giveBack, err := NewCerts(o, NewHAProxy(o)).takePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	giveBack()
	if got := stateOf(t, node); got != before {
		t.Errorf("after a reload, before:\n%s\nafter:\n%s", before, got)
	}
}

type challengeJob struct {
	Dir  string
	ACME ACME
}

// challenged is the agent in the node's network: it gets a certificate, or takes the port and lives until it is killed.
func challenged(t *testing.T, text string) {
	var job challengeJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		t.Fatal(err)
	}
	o := Options{Host: host.Here(), StateDir: job.Dir, ACME: job.ACME, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	c := NewCerts(o, NewHAProxy(o))
	if job.ACME.Listen == "" {
		if _, err := c.takePort(t.Context()); err != nil {
			t.Fatal(err)
		}
		fmt.Println("taken")
		time.Sleep(time.Minute) // it is killed
		return
	}
	got, err := c.Issue(t.Context(), api.CertIssue{Domain: "node.test", Method: methodStandalone})
	fmt.Println("issued:", got.Success, err)
}

// TestOpenedOnlyIfClosed: what lets everybody in already is left alone, and so is a firewall that is off.
func TestOpenedOnlyIfClosed(t *testing.T) {
	t.Parallel()
	n := controltest.NewNamespace(t)
	o := Options{Host: n.Host, StateDir: t.TempDir(), Log: quiet()}
	c := NewCerts(o, NewHAProxy(o))
	f := func(script, want string) {
		t.Helper()
		n.Sh(t, script)
		if got := strings.Join(c.closedBy(t.Context()), " "); got != want {
			t.Errorf("after %q: opens by %q, want %q", script, got, want)
		}
	}
	f("true", "")
	f("ufw allow 22/tcp; ufw --force enable", "iptables ip6tables")
	f("ufw allow from 203.0.113.7 to any port 80 proto tcp", "iptables ip6tables") // not the issuer
	f("ufw allow 79:81/tcp", "")
	f("ufw prepend deny from 203.0.113.0/24 to any port 80", "") // some, not all
	f("ufw prepend deny 80", "iptables ip6tables")
	f("ufw --force disable", "")
	// Not `ufw default`: it writes /etc/default/ufw, which is this machine's.
}

func TestOpensToAll(t *testing.T) {
	t.Parallel()
	all4, some := netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("10.0.0.0/8")
	r := func(action, protocol, port string, src netip.Prefix) tuple {
		return tuple{action: action, protocol: protocol, dport: port, sport: "any", dst: all4, src: src, direction: "in"}
	}
	f := func(rules []tuple, byDefault, want bool) {
		t.Helper()
		if got := opensToAll(rules, byDefault, 80); got != want {
			t.Errorf("%+v by default %v: %v", rules, byDefault, got)
		}
	}
	f(nil, false, false)
	f(nil, true, true)
	f([]tuple{r("allow", "tcp", "80", all4)}, false, true)
	f([]tuple{r("limit", "any", "any", all4)}, false, true)
	f([]tuple{r("allow", "udp", "80", all4)}, false, false)
	f([]tuple{r("allow", "tcp", "80", some)}, false, false)
	f([]tuple{r("deny", "tcp", "80", some)}, true, true)
	f([]tuple{r("deny", "tcp", "79:81", all4), r("allow", "tcp", "80", all4)}, true, false)
	f([]tuple{r("allow", "tcp", "443,80", all4), r("deny", "tcp", "80", all4)}, false, true)
}
