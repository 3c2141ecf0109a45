package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// repeatWindow is how long the same wrong secret of the same address counts only once: a browser sends a POST whose
// connection was dropped two or three times.
const repeatWindow = 30 * time.Second

// failures counts wrong secrets per address and holds the bans that follow. Postgres keeps the bans over a restart.
type failures struct {
	max      int
	duration time.Duration

	mu     sync.Mutex
	byAddr map[string]*record
}

type record struct {
	count   int
	last    time.Time
	until   time.Time // zero: not banned
	stored  time.Time // since when Postgres has the ban; zero: it does not
	secrets []wrongSecret
}

type wrongSecret struct {
	hash [sha256.Size]byte
	at   time.Time
}

func newFailures(max int, duration time.Duration) *failures {
	return &failures{max: max, duration: duration, byAddr: map[string]*record{}}
}

// add counts a wrong secret. counted is false for a repeat; banned is true when this one caused a ban.
func (f *failures) add(addr string, secret [sha256.Size]byte, now time.Time) (counted, banned bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.byAddr[addr]
	if r == nil || f.over(r, now) {
		if r == nil {
			evictAny(f.byAddr)
		}
		r = &record{}
		f.byAddr[addr] = r
	}
	if now.Before(r.until) || r.seen(secret, now) {
		return false, false
	}
	r.count++
	r.last = now
	if r.count < f.max {
		return true, false
	}
	r.until, r.secrets = now.Add(f.duration), nil
	return true, true
}

// seen reports whether the secret was counted a moment ago, and remembers it otherwise.
func (r *record) seen(secret [sha256.Size]byte, now time.Time) bool {
	kept := r.secrets[:0]
	for _, s := range r.secrets {
		if now.Sub(s.at) < repeatWindow {
			kept = append(kept, s)
		}
	}
	r.secrets = kept
	for _, s := range r.secrets {
		if s.hash == secret {
			return true
		}
	}
	r.secrets = append(r.secrets, wrongSecret{secret, now}) // at most max entries: the next one is a ban
	return false
}

// over reports whether a record says nothing any more.
func (f *failures) over(r *record, now time.Time) bool {
	if !r.until.IsZero() {
		return !now.Before(r.until)
	}
	return now.Sub(r.last) >= f.duration
}

// banned returns until when an address is banned.
func (f *failures) banned(addr string, now time.Time) (until time.Time, banned bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.byAddr[addr]; r != nil && now.Before(r.until) {
		return r.until, true
	}
	return time.Time{}, false
}

// count returns the failures that count against an address.
func (f *failures) count(addr string, now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.byAddr[addr]; r != nil && !f.over(r, now) {
		return r.count
	}
	return 0
}

// clear forgets an address.
func (f *failures) clear(addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byAddr, addr)
}

// clearAll forgets everything.
func (f *failures) clearAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.byAddr)
}

// forget drops what is over.
func (f *failures) forget(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for addr, r := range f.byAddr {
		if f.over(r, now) {
			delete(f.byAddr, addr)
		}
	}
}

// markStored says that Postgres has the ban of an address.
func (f *failures) markStored(addr string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.byAddr[addr]; r != nil {
		r.stored = now
	}
}

// unstored lists the bans that Postgres lacks.
func (f *failures) unstored(now time.Time) map[string]time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	bans := map[string]time.Time{}
	for addr, r := range f.byAddr {
		if now.Before(r.until) && r.stored.IsZero() {
			bans[addr] = r.until
		}
	}
	return bans
}

// replaceStored takes over what Postgres said from now on: bans from before a restart appear, lifted ones go. A ban
// that was stored while the list was being read may be missing from it and stays.
func (f *failures) replaceStored(bans map[string]time.Time, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for addr, r := range f.byAddr {
		if _, still := bans[addr]; !still && !r.stored.IsZero() && r.stored.Before(now) {
			delete(f.byAddr, addr)
		}
	}
	for addr, until := range bans {
		if r := f.byAddr[addr]; now.Before(until) && (r == nil || !now.Before(r.until)) {
			if r == nil {
				evictAny(f.byAddr)
			}
			f.byAddr[addr] = &record{count: f.max, last: now, until: until, stored: now}
		}
	}
}
