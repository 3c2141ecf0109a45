package server

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

// try is one connection that comes and goes; it reports whether the address is blocked.
func try(t *testing.T, g *guard, a netip.Addr) bool {
	t.Helper()
	blocked, ok := g.begin(a)
	if !ok {
		t.Fatalf("%s got no slot", a)
	}
	g.end(a)
	return blocked
}

func TestBan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, bad, good := newGuard(), addr("192.0.2.1"), addr("192.0.2.2")
		for i := 1; i < maxFailures; i++ {
			if g.fail(bad) {
				t.Fatalf("banned after %d failures", i)
			}
		}
		if try(t, g, bad) {
			t.Error("blocked before the tenth failure")
		}
		if !g.fail(bad) {
			t.Fatal("the tenth failure does not ban")
		}
		if !try(t, g, bad) || try(t, g, good) {
			t.Error("the ban must hit the bad address and no other")
		}
		if !try(t, g, addr("::ffff:192.0.2.1")) {
			t.Error("the same address written as IPv6 gets around the ban")
		}
		time.Sleep(banTime - time.Second)
		if !try(t, g, bad) {
			t.Error("the ban ends before an hour")
		}
		time.Sleep(time.Second)
		if try(t, g, bad) {
			t.Error("the ban lasts longer than an hour")
		}
		if g.fail(bad) {
			t.Error("one failure after a ban bans again")
		}
	})
}

func TestOldFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, a := newGuard(), addr("192.0.2.1")
		for range maxFailures - 1 {
			g.fail(a)
		}
		time.Sleep(banTime)
		if g.fail(a) {
			t.Error("a failure an hour later counts with the old ones")
		}
	})
}

func TestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, a := newGuard(), addr("192.0.2.1")
		for i := range maxPerMinute {
			if try(t, g, a) {
				t.Fatalf("connection %d of a minute is blocked", i+1)
			}
		}
		if !try(t, g, a) {
			t.Error("connection 101 of a minute gets through")
		}
		time.Sleep(time.Minute)
		if try(t, g, a) {
			t.Error("still blocked in the next minute")
		}
	})
}

func TestTrustClears(t *testing.T) {
	t.Parallel()
	g, a := newGuard(), addr("192.0.2.1")
	for range maxFailures {
		g.fail(a)
	}
	g.trust(a)
	if try(t, g, a) {
		t.Error("an address that showed the panel's certificate stays banned")
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	f := func(one, other string, same bool) {
		t.Helper()
		if got := network(addr(one)) == network(addr(other)); got != same {
			t.Errorf("%s and %s count together: %v, want %v", one, other, got, same)
		}
	}
	f("2001:db8::1", "2001:db8::ffff:1", true)
	f("2001:db8::1", "2001:db8:0:1::1", false)
	f("fe80::1%eth0", "fe80::2%eth1", true)
	f("192.0.2.1", "192.0.2.2", false)
	f("192.0.2.1", "::ffff:192.0.2.1", true)
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, panel := newGuard(), addr("192.0.2.99")
		try(t, g, panel)
		g.trust(panel)
		for i := range maxAddresses + 500 {
			g.fail(addr(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)))
			time.Sleep(time.Millisecond)
		}
		if len(g.peers) != maxAddresses {
			t.Errorf("%d addresses are remembered, want %d", len(g.peers), maxAddresses)
		}
		if _, ok := g.peers[network(addr("10.0.0.0"))]; ok {
			t.Error("the oldest address was not the one to be forgotten")
		}
		if _, ok := g.peers[network(panel)]; !ok {
			t.Error("the panel's address was forgotten")
		}
	})
}

func TestPendingHandshakesAreBounded(t *testing.T) {
	t.Parallel()
	g, a, panel := newGuard(), addr("192.0.2.1"), addr("192.0.2.99")
	try(t, g, panel)
	g.trust(panel)
	for range maxPendingPeer {
		if _, ok := g.begin(a); !ok {
			t.Fatal("no slot")
		}
	}
	if _, ok := g.begin(a); ok {
		t.Error("one address takes more than its share")
	}
	for i := range maxPending - maxPendingPeer {
		if _, ok := g.begin(addr(fmt.Sprintf("198.51.%d.%d", i>>8, i&255))); !ok {
			t.Fatal("no slot")
		}
	}
	if _, ok := g.begin(addr("203.0.113.1")); ok {
		t.Error("more handshakes than allowed at the same time")
	}
	if _, ok := g.begin(panel); !ok {
		t.Error("a flood of strangers keeps the panel out")
	}
	g.end(panel)
	g.end(a)
	if _, ok := g.begin(addr("203.0.113.1")); !ok {
		t.Error("a slot that was given back cannot be used")
	}
}
