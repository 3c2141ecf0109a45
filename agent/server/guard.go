package server

import (
	"net/netip"
	"sync"
	"time"
)

// Limits for everyone who does not hold the panel's certificate.
const (
	maxFailures    = 10
	banTime        = time.Hour
	maxPerMinute   = 100
	maxAddresses   = 4096 // remembered; the oldest is forgotten first
	maxPending     = 128  // handshakes at the same time
	maxPendingPeer = 16   // of which from one address
)

// guard counts what strangers do, by address (IPv6 by /64). A holder of the panel's certificate clears its address.
type guard struct {
	mu      sync.Mutex
	now     func() time.Time
	peers   map[netip.Prefix]*peer
	pending int
}

type peer struct {
	touched     time.Time
	failures    int
	firstFail   time.Time
	bannedUntil time.Time
	minute      time.Time // start of the counted minute
	inMinute    int
	pending     int
	trusted     bool // the panel's certificate came from here: a flood of strangers takes neither its slots nor its record
}

func newGuard() *guard { return &guard{now: time.Now, peers: map[netip.Prefix]*peer{}} }

// begin takes a handshake slot; ok is false when there is none. A blocked address is banned or over its rate:
// only the panel itself gets further. Every begin that was ok needs an end.
func (g *guard) begin(addr netip.Addr) (blocked, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, now := g.peer(addr), g.now()
	if g.pending >= maxPending && !p.trusted || p.pending >= maxPendingPeer {
		return false, false
	}
	g.pending++
	p.pending++
	if now.Sub(p.minute) >= time.Minute {
		p.minute, p.inMinute = now, 0
	}
	p.inMinute++
	return now.Before(p.bannedUntil) || p.inMinute > maxPerMinute, true
}

func (g *guard) end(addr netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending--
	if p := g.peers[network(addr)]; p != nil && p.pending > 0 {
		p.pending--
	}
}

// fail counts a failure and reports whether it was the one that banned the address.
func (g *guard) fail(addr netip.Addr) (banned bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, now := g.peer(addr), g.now()
	if now.Before(p.bannedUntil) {
		return false
	}
	if now.Sub(p.firstFail) >= banTime {
		p.firstFail, p.failures = now, 0
	}
	p.failures++
	if p.failures < maxFailures {
		return false
	}
	p.failures, p.bannedUntil = 0, now.Add(banTime)
	return true
}

// trust forgets what an address did: the panel's certificate came from it.
func (g *guard) trust(addr netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.peers[network(addr)]; p != nil {
		p.failures, p.inMinute, p.bannedUntil, p.trusted = 0, 0, time.Time{}, true
	}
}

func (g *guard) peer(addr netip.Addr) *peer {
	key := network(addr)
	p := g.peers[key]
	if p == nil {
		if len(g.peers) >= maxAddresses {
			g.forgetOldest()
		}
		p = &peer{}
		g.peers[key] = p
	}
	p.touched = g.now()
	return p
}

func (g *guard) forgetOldest() {
	var oldest netip.Prefix
	var at time.Time
	for key, p := range g.peers {
		if p.pending == 0 && !p.trusted && (at.IsZero() || p.touched.Before(at)) {
			oldest, at = key, p.touched
		}
	}
	delete(g.peers, oldest)
}

func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.WithZone("").Prefix(bits) // always fits
	return p
}
