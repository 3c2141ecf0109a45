package control

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
)

// everyKind has one rule of each kind that UFW knows.
const everyKind = `ufw allow 22/tcp; ufw allow 80,443/tcp comment 'web # x'; ufw allow 6000:6007/udp; ufw limit 2222/tcp
ufw reject out 25/tcp; ufw deny from 10.0.0.0/8 to any port 53; ufw allow in on eth0 to any port 99 proto tcp
ufw allow from 2001:db8::/32 to any port 443 proto tcp; ufw route allow in on eth0 out on eth1 to 10.0.0.1 port 80 proto tcp
printf '[Some App]\ntitle=x\ndescription=y\nports=8080/tcp|5353/udp\n' >/etc/ufw/applications.d/some
ufw allow "Some App"; ufw allow log 5555/tcp; ufw allow from 192.0.2.4 port 123 to any port 123 proto udp
ufw allow proto esp from any; ufw deny out to 198.51.100.9; ufw allow 7000; ufw --force enable`

func TestRulesOfRealUFW(t *testing.T) {
	t.Parallel()
	n := controltest.NewNamespace(t)
	n.Sh(t, everyKind)
	f := NewFirewall(Options{Host: n.Host, StateDir: t.TempDir(), Log: quiet()})
	list, err := f.Rules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if printed := strings.Count(n.Sh(t, "ufw status numbered"), "\n["); !list.Active || list.Count != printed || len(list.Rules) != printed {
		t.Errorf("active %v, %d of %d rules", list.Active, list.Count, printed)
	}
	want := func(r api.FirewallRule) {
		t.Helper()
		r.Number = slices.IndexFunc(list.Rules, func(x api.FirewallRule) bool { return x.To == r.To && x.Action == r.Action }) + 1
		if r.Number == 0 || !reflect.DeepEqual(list.Rules[r.Number-1], r) {
			t.Errorf("want %+v\nhave %+v", r, list.Rules)
		}
	}
	const any, v6 = "Anywhere", "Anywhere (v6)"
	want(api.FirewallRule{Port: 22, Ports: "22", Protocol: "tcp", Action: "ALLOW", FromIP: any, Direction: "IN", To: "22/tcp", From: any})
	want(api.FirewallRule{Port: 22, Ports: "22", Protocol: "tcp", Action: "ALLOW", FromIP: any, Direction: "IN", IPv6: true, To: "22/tcp (v6)", From: v6})
	want(api.FirewallRule{Ports: "80,443", Protocol: "tcp", Action: "ALLOW", FromIP: any, Direction: "IN", To: "80,443/tcp", From: any, Comment: "web # x"})
	want(api.FirewallRule{Ports: "6000:6007", Protocol: "udp", Action: "ALLOW", FromIP: any, Direction: "IN", To: "6000:6007/udp", From: any})
	want(api.FirewallRule{Port: 2222, Ports: "2222", Protocol: "tcp", Action: "LIMIT", FromIP: any, Direction: "IN", To: "2222/tcp", From: any})
	want(api.FirewallRule{Port: 25, Ports: "25", Protocol: "tcp", Action: "REJECT", FromIP: any, Direction: "OUT", To: "25/tcp", From: any})
	want(api.FirewallRule{Port: 53, Ports: "53", Protocol: "any", Action: "DENY", FromIP: "10.0.0.0/8", Direction: "IN", To: "53", From: "10.0.0.0/8"})
	want(api.FirewallRule{Port: 443, Ports: "443", Protocol: "tcp", Action: "ALLOW", FromIP: "2001:db8::/32", Direction: "IN", IPv6: true, To: "443/tcp", From: "2001:db8::/32"})
	want(api.FirewallRule{Port: 7000, Ports: "7000", Protocol: "any", Action: "ALLOW", FromIP: any, Direction: "IN", To: "7000", From: any})
	// What a form cannot say is shown and left alone.
	want(api.FirewallRule{Port: 99, Ports: "99", Protocol: "tcp", Action: "ALLOW", FromIP: any, Direction: "IN", To: "99/tcp on eth0", From: any, ReadOnly: true})
	want(api.FirewallRule{Port: 80, Ports: "80", Protocol: "tcp", Action: "ALLOW", FromIP: any, Direction: "FWD", To: "10.0.0.1 80/tcp on eth1", From: "Anywhere on eth0", ReadOnly: true})
	want(api.FirewallRule{Protocol: "any", Action: "ALLOW", FromIP: any, Direction: "IN", To: "Some App", From: any, ReadOnly: true})
	want(api.FirewallRule{Port: 5555, Ports: "5555", Protocol: "tcp", Action: "ALLOW", FromIP: any, Direction: "IN", To: "5555/tcp", From: any, ReadOnly: true})
	want(api.FirewallRule{Port: 123, Ports: "123", Protocol: "udp", Action: "ALLOW", FromIP: "192.0.2.4", Direction: "IN", To: "123/udp", From: "192.0.2.4 123/udp", ReadOnly: true})
	want(api.FirewallRule{Protocol: "esp", Action: "ALLOW", FromIP: any, Direction: "IN", To: "Anywhere/esp", From: "Anywhere/esp", ReadOnly: true})
	want(api.FirewallRule{Protocol: "any", Action: "DENY", FromIP: any, Direction: "OUT", To: "198.51.100.9", From: any, ReadOnly: true})

	status, err := f.Status(t.Context())
	if want := (api.FirewallStatus{Installed: true, Active: true, DefaultIncoming: "deny", DefaultOutgoing: "allow", Logging: "on (low)"}); err != nil || status != want {
		t.Errorf("status %+v, %v", status, err)
	}
	// Each rule of the files is understood as well: the check against a lock-out stands on them.
	rules, policy, err := f.rules()
	if err != nil || policy != "DROP" {
		t.Fatalf("policy %q, %v", policy, err)
	}
	for file, tuples := range map[string][]tuple{"user.rules": rules.v4, "user6.rules": rules.v6} {
		if lines := strings.Count(readFile(t, n.UFW+"/"+file), "### tuple ###"); lines != len(tuples) {
			t.Errorf("%s: %d of %d rules", file, len(tuples), lines)
		}
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	f := func(text string, want api.FirewallStatus) {
		t.Helper()
		want.Installed = true
		if got := parseStatus(text); got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
	f("Status: inactive\n", api.FirewallStatus{})
	f("Status: active\nLogging: off\nDefault: reject (incoming), deny (outgoing), allow (routed)\nNew profiles: skip\n",
		api.FirewallStatus{Active: true, Logging: "off", DefaultIncoming: "reject", DefaultOutgoing: "deny"})
	f("", api.FirewallStatus{})
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	panel := packet{from: netip.MustParseAddr("192.0.2.7"), to: netip.MustParseAddr("198.51.100.1"), port: 9100, iface: "eth0"}
	f := func(want bool, rules ...string) {
		t.Helper()
		set := parseTuples(":ufw-user-input - [0:0]\n### tuple ### " + strings.Join(rules, "\n### tuple ### ") + "\n")
		if len(set.v4) != len(rules) {
			t.Fatalf("%d of %d rules are understood", len(set.v4), len(rules))
		}
		if got := accepts(set.v4, false, panel); got != want {
			t.Errorf("%q: accepts %v", rules, got)
		}
	}
	f(true, "allow tcp 9100 0.0.0.0/0 any 0.0.0.0/0 in")
	f(true, "allow any 9000:9200 0.0.0.0/0 any 192.0.2.0/24 in")
	f(true, "limit tcp 22,9100 0.0.0.0/0 any 192.0.2.7 in comment=41")
	f(true, "allow_log tcp 9100 0.0.0.0/0 any 0.0.0.0/0 in")
	f(true, "allow tcp 9100 198.51.100.1 any 0.0.0.0/0 in_eth0")
	f(true, "allow tcp 80,9100 0.0.0.0/0 any 0.0.0.0/0 Some%20App - in")
	f(true, "allow any any 0.0.0.0/0 any 192.0.2.7")
	f(false, "allow udp 9100 0.0.0.0/0 any 0.0.0.0/0 in")
	f(false, "allow tcp 9100 0.0.0.0/0 any 0.0.0.0/0 out")
	f(false, "allow tcp 9100 0.0.0.0/0 any 0.0.0.0/0 in_eth1")
	f(false, "allow tcp 9100 198.51.100.2 any 0.0.0.0/0 in")
	f(false, "allow tcp 9100 0.0.0.0/0 123 0.0.0.0/0 in")
	f(false, "route:allow tcp 9100 0.0.0.0/0 any 0.0.0.0/0 in")
	f(false, "deny tcp 9100 0.0.0.0/0 any 192.0.2.7 in", "allow tcp 9100 0.0.0.0/0 any 0.0.0.0/0 in")
	f(true, "allow tcp 9100 0.0.0.0/0 any 0.0.0.0/0 in", "deny any any 0.0.0.0/0 any 0.0.0.0/0 in")
	if !accepts(nil, true, panel) {
		t.Error("the policy ACCEPT does not count")
	}
}

func TestOpens(t *testing.T) {
	t.Parallel()
	f := func(want bool, rules string) {
		t.Helper()
		set := parseTuples(":ufw-user-input - [0:0]\n" + rules)
		if got := opens(set.v4, false, 22); got != want {
			t.Errorf("%q: opens %v", rules, got)
		}
	}
	f(false, "")
	f(true, "### tuple ### allow tcp 22 0.0.0.0/0 any 203.0.113.5 in\n")
	f(true, "### tuple ### deny tcp 22 0.0.0.0/0 any 10.0.0.0/8 in\n### tuple ### limit any 22 0.0.0.0/0 any 0.0.0.0/0 in\n")
	f(false, "### tuple ### deny any any 0.0.0.0/0 any 0.0.0.0/0 in\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n")
	f(false, "### tuple ### allow tcp 23 0.0.0.0/0 any 0.0.0.0/0 in\n")
}

func TestListeningSSH(t *testing.T) {
	t.Parallel()
	const text = `LISTEN 0 128 0.0.0.0:22022 0.0.0.0:* users:(("sshd",pid=10,fd=3))
LISTEN 0 128 [::]:22022 [::]:* users:(("sshd",pid=10,fd=4))
LISTEN 0 4096 *:22 *:* users:(("systemd",pid=1,fd=50))
LISTEN 0 4096 *:111 *:* users:(("systemd",pid=1,fd=51))
LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=7,fd=6))
LISTEN 0 511 0.0.0.0:443 0.0.0.0:*
`
	if got := listeningSSH(text, []uint16{22}); !slices.Equal(got, []uint16{22022, 22}) {
		t.Errorf("ports of SSH: %v", got)
	}
}

func TestCheckChange(t *testing.T) {
	t.Parallel()
	good := api.FirewallChange{Op: "add", Action: "allow", Ports: "443", Protocol: "tcp"}
	f := func(field string, edit func(*api.FirewallChange)) {
		t.Helper()
		c := good
		edit(&c)
		err := checkChange(c)
		failure, ok := errors.AsType[*api.Failure](err)
		if field == "" && err != nil || field != "" && (!ok || failure.Field != field || failure.Code != api.CodeInvalid) {
			t.Errorf("%+v: %v, want an error of %q", c, err, field)
		}
	}
	f("", func(*api.FirewallChange) {})
	f("", func(c *api.FirewallChange) { c.Ports, c.From, c.Comment = "6000:6007,1", "2001:db8::/32", "веб # 1" })
	f("", func(c *api.FirewallChange) { c.Op, c.Action = "delete_port", "" })
	f("op", func(c *api.FirewallChange) { c.Op = "reset" })
	f("number", func(c *api.FirewallChange) { c.Op = "delete" })
	f("action", func(c *api.FirewallChange) { c.Action = "route" })
	f("action", func(c *api.FirewallChange) { c.Action = "" })
	f("direction", func(c *api.FirewallChange) { c.Direction = "fwd" })
	f("protocol", func(c *api.FirewallChange) { c.Protocol = "esp" })
	f("protocol", func(c *api.FirewallChange) { c.Protocol, c.Ports = "any", "1:2" })
	f("from_ip", func(c *api.FirewallChange) { c.From = "any; reboot" })
	f("from_ip", func(c *api.FirewallChange) { c.From = "fe80::1%eth0" })
	f("comment", func(c *api.FirewallChange) { c.Comment = "it's" })
	f("comment", func(c *api.FirewallChange) { c.Comment = "two\nlines" })
	for _, ports := range []string{"", "0", "65536", "22/tcp", "22;", "7:6", "6:6", "1:2:3", "080", "any", "-1", strings.Repeat("1,", 15) + "1"} {
		f("port", func(c *api.FirewallChange) { c.Ports = ports })
	}
}

// FuzzParseNumbered: whatever is printed, what is understood of a line can be found in it.
func FuzzParseNumbered(f *testing.F) {
	f.Add("[ 1] 22/tcp                     ALLOW IN    Anywhere                   # a")
	f.Add("[12] Some App (v6)              REJECT OUT  Anywhere (v6)              (log, out)")
	f.Add("[ 3] 10.0.0.1 80/tcp on eth1    ALLOW FWD   Anywhere on eth0")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range parseNumbered(text) {
			if r.Number < 1 || r.To == "" || r.From == "" || !strings.Contains(text, r.To) || !strings.Contains(text, r.From) || !strings.Contains(text, r.Comment) {
				t.Errorf("%q: %+v", text, r)
			}
			if r.Port != 0 && r.Ports == "" || r.Direction != "IN" && r.Direction != "OUT" && r.Direction != "FWD" {
				t.Errorf("%q: %+v", text, r)
			}
		}
	})
}

// FuzzParseTuples: no rule that is understood lets in a packet that its own line does not name.
func FuzzParseTuples(f *testing.F) {
	f.Add(":ufw-user-input - [0:0]\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in")
	f.Add("### tuple ### route:allow_log-all any 1:2,3 ::/0 any ::1 A - in_eth0!out_eth1 comment=00")
	f.Fuzz(func(t *testing.T, text string) {
		s := parseTuples(text)
		for _, x := range append(s.v4, s.v6...) {
			p := packet{from: x.src.Addr(), to: x.dst.Addr(), port: 22, iface: x.iface}
			if accepts([]tuple{x}, false, p) && !opens([]tuple{x}, false, 22) {
				t.Errorf("%q: accepts what it does not open: %+v", text, x)
			}
			if !x.lets() && accepts([]tuple{x}, false, p) {
				t.Errorf("%q: %+v accepts", text, x)
			}
		}
	})
}
