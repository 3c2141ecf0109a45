package server

import (
	"maps"
	"strings"
	"testing"

	"monitoring/agent/api"
)

func TestParseAllow(t *testing.T) {
	t.Parallel()
	f := func(text, preset string, want Allow) {
		t.Helper()
		got, err := ParseAllow(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
		if got.Preset() != preset {
			t.Errorf("%q: preset %s, want %s", text, got.Preset(), preset)
		}
	}
	monitor := Allow{"metrics": "ro"}
	readonly := Allow{"metrics": "ro", "traffic": "ro", "haproxy": "ro", "certs": "ro", "firewall": "ro", "ipset": "ro", "exec": "ro", "power": "ro", "system": "ro", "remnawave": "ro"}
	full := Allow{"metrics": "ro", "traffic": "rw", "haproxy": "rw", "certs": "rw", "firewall": "rw", "ipset": "rw", "exec": "rw", "power": "rw", "system": "rw", "remnawave": "rw"}
	f("", "monitor", monitor)
	f("  \n", "monitor", monitor)
	f("monitor", "monitor", monitor)
	f("metrics", "monitor", monitor)
	f("metrics:ro", "monitor", monitor)
	f("readonly", "readonly", readonly)
	f("full", "full", full)
	f("traffic:ro haproxy:rw", "custom", Allow{"metrics": "ro", "traffic": "ro", "haproxy": "rw"})
	f("traffic:ro,haproxy:rw", "custom", Allow{"metrics": "ro", "traffic": "ro", "haproxy": "rw"})
	f("metrics, exec:rw", "custom", Allow{"metrics": "ro", "exec": "rw"})
	f("monitor power:rw", "custom", Allow{"metrics": "ro", "power": "rw"})
	all := maps.Clone(readonly)
	all["certs"] = "rw"
	f("readonly certs:rw", "custom", all)
}

func TestParseAllowNamesTheBadPart(t *testing.T) {
	t.Parallel()
	f := func(text, part, why string) {
		t.Helper()
		got, err := ParseAllow(text)
		if err == nil {
			t.Fatalf("%q is accepted as %v", text, got)
		}
		if !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: error %q names neither %s nor %q", text, err, part, why)
		}
	}
	f("everything", `"everything"`, "neither a preset")
	f("haproxy", `"haproxy"`, ":ro or :rw")
	f("haproxy:", `"haproxy:"`, ":ro or :rw")
	f("haproxy:w", `"haproxy:w"`, ":ro or :rw")
	f("haproxy:rw:ro", `"haproxy:rw:ro"`, ":ro or :rw")
	f("HAProxy:rw", `"HAProxy:rw"`, "neither a preset")
	f("traffic:ro traffic:rw", `"traffic"`, "twice")
	f("traffic:ro full", `"full"`, "first")
	f("full readonly", `"readonly"`, "first")
	f("full:rw", `"full:rw"`, "first")
	f("metrics:rw", `"metrics:rw"`, "only be read")
	f("traffic:ro; rm", `"traffic:ro;"`, ":ro or :rw")
}

func TestPermits(t *testing.T) {
	t.Parallel()
	f := func(text, domain string, read, write bool) {
		t.Helper()
		a, err := ParseAllow(text)
		if err != nil {
			t.Fatal(err)
		}
		if a.Permits(domain, false) != read || a.Permits(domain, true) != write {
			t.Errorf("%q, %s: read %v, write %v; want %v, %v", text, domain, a.Permits(domain, false), a.Permits(domain, true), read, write)
		}
	}
	f("monitor", api.DomainMetrics, true, false)
	f("monitor", api.DomainExec, false, false)
	f("readonly", api.DomainExec, true, false)
	f("full", api.DomainExec, true, true)
	f("full", api.DomainMetrics, true, false)
	f("haproxy:rw", api.DomainHAProxy, true, true)
	f("haproxy:rw", api.DomainFirewall, false, false)
	f("full", "unheard-of", false, false)
}

// FuzzParseAllow: whatever is accepted keeps metrics open, has known domains only, and can be written and read again.
func FuzzParseAllow(f *testing.F) {
	for _, seed := range []string{"", "full", "monitor power:rw", "traffic:ro,haproxy:rw", "x", "metrics:rw", ":", ",,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAllow(text)
		if err != nil {
			return
		}
		if a[api.DomainMetrics] != readOnly {
			t.Fatalf("%q closes metrics: %v", text, a)
		}
		for domain, access := range a {
			if preset(PresetFull)[domain] == "" || access != readOnly && access != readWrite {
				t.Fatalf("%q yields %s:%s", text, domain, access)
			}
		}
		again, err := ParseAllow(a.String())
		if err != nil || !maps.Equal(a, again) {
			t.Fatalf("%q: %v became %v, %v", text, a, again, err)
		}
	})
}
