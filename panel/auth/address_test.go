package auth

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func forwarded(peer string, headers ...string) *http.Request {
	return &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": headers}}
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	proxies := prefixes("10.0.0.0/8", "::1/128", "127.0.0.1/32")
	f := func(peer, header, want string) {
		t.Helper()
		r := forwarded(peer)
		if header != "" {
			r = forwarded(peer, strings.Split(header, "|")...)
		}
		got, err := clientAddr(r, proxies)
		if want == "" {
			if err == nil {
				t.Errorf("%s, %s: %s, want an error", peer, header, got)
			}
			return
		}
		if err != nil || got.String() != want {
			t.Errorf("%s, %s: %s, %v, want %s", peer, header, got, err, want)
		}
	}
	f("203.0.113.9:1234", "", "203.0.113.9")
	f("[2001:db8::5]:1", "", "2001:db8::5")
	f("[fe80::1%eth0]:1", "", "fe80::1")
	f("[::ffff:203.0.113.9]:1", "", "203.0.113.9")

	// A header of somebody who is no trusted proxy changes nothing.
	f("203.0.113.9:1", "198.51.100.1", "203.0.113.9")
	f("203.0.113.9:1", "rubbish", "203.0.113.9")
	f("203.0.113.9:1", "127.0.0.1", "203.0.113.9")

	// The right-most untrusted hop counts; what the client wrote in front of it does not.
	f("10.1.1.1:1", "198.51.100.1", "198.51.100.1")
	f("10.1.1.1:1", "1.2.3.4, 198.51.100.1", "198.51.100.1")
	f("10.1.1.1:1", "1.2.3.4|198.51.100.1", "198.51.100.1")
	f("10.1.1.1:1", "rubbish, 198.51.100.1", "198.51.100.1")
	f("10.1.1.1:1", "198.51.100.1, 10.2.2.2", "198.51.100.1")
	f("10.1.1.1:1", "10.3.3.3, 10.2.2.2", "10.3.3.3")
	f("[::1]:1", "2001:db8::7", "2001:db8::7")
	f("[::ffff:10.1.1.1]:1", "::ffff:198.51.100.1", "198.51.100.1")
	f("10.1.1.1:1", "198.51.100.1:4711", "198.51.100.1")
	f("10.1.1.1:1", "[2001:db8::7]:4711", "2001:db8::7")
	f("10.1.1.1:1", "[2001:db8::7]", "2001:db8::7")
	f("10.1.1.1:1", "", "10.1.1.1")

	// What cannot be read is refused.
	f("10.1.1.1:1", "unknown", "")
	f("10.1.1.1:1", "198.51.100.1, ", "")
	f("10.1.1.1:1", "198.51.100.1, 10.2.2.2, x", "")
	f("10.1.1.1:1", strings.Repeat("10.1.1.1,", maxHops)+"198.51.100.1", "")
	f("@", "", "")
	f("", "", "")
	f("203.0.113.9", "", "")
}

// Whatever a client writes into the header, the address is the one that the proxy saw.
func TestForgedHeaderChangesNothing(t *testing.T) {
	t.Parallel()
	proxies := prefixes("10.0.0.0/8")
	rapid.Check(t, func(t *rapid.T) {
		forged := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]string{"10.0.0.1", "127.0.0.1", "::1", "", "x"}), rapid.String()), 0, 5).Draw(t, "forged")
		forged = strings.FieldsFunc(strings.Join(forged, ","), func(r rune) bool { return r == ',' })
		if len(forged) >= maxHops {
			forged = forged[:maxHops-1]
		}
		got, err := clientAddr(forwarded("10.9.9.9:1", strings.Join(append(forged, "198.51.100.7"), ",")), proxies)
		if err != nil || got.String() != "198.51.100.7" {
			t.Fatalf("%q: %s, %v", forged, got, err)
		}
	})
}

func FuzzClientAddr(f *testing.F) {
	f.Add("10.1.1.1:1", "198.51.100.1, 10.2.2.2")
	f.Add("[::1]:1", "[2001:db8::7]:4711")
	f.Add("203.0.113.9:1", "x")
	f.Add("10.0.0.1:1", "fe80::1%eth0")
	proxies := prefixes("10.0.0.0/8", "::1/128")
	f.Fuzz(func(t *testing.T, peer, header string) {
		addr, err := clientAddr(forwarded(peer, header), proxies)
		if err != nil {
			return
		}
		if !addr.IsValid() || addr.Is4In6() || addr.Zone() != "" || banKey(addr) == "" {
			t.Errorf("%q %q: %s", peer, header, addr)
		}
		if direct, err := netip.ParseAddrPort(peer); err != nil || !containsAddr(proxies, direct.Addr().Unmap()) && addr != direct.Addr().Unmap().WithZone("") {
			t.Errorf("%q is no proxy, yet %q made it %s", peer, header, addr)
		}
	})
}

func TestBanKey(t *testing.T) {
	t.Parallel()
	f := func(addr, want string) {
		t.Helper()
		if got := banKey(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
	f("203.0.113.9", "203.0.113.9")
	f("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")
	f("2001:db8:1:2::", "2001:db8:1:2::/64")
	f("::1", "::/64")
}
