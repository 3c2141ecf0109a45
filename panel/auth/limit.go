package auth

import (
	"sync"
	"time"
)

// Limits of what strangers can make the panel remember.
const (
	requestsPerMinute = 60
	maxRemembered     = 16384
)

// limiter counts the requests of each address in windows of a minute.
type limiter struct {
	mu      sync.Mutex
	windows map[string]window
}

type window struct {
	start time.Time
	count int
}

func newLimiter() *limiter { return &limiter{windows: map[string]window{}} }

// allow counts one request and reports whether it is within the limit.
func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.windows[key]
	if !ok {
		evictAny(l.windows)
	}
	if !ok || now.Sub(w.start) >= time.Minute {
		w = window{start: now}
	}
	w.count++
	l.windows[key] = w
	return w.count <= requestsPerMinute
}

// forget drops the windows that are over.
func (l *limiter) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, w := range l.windows {
		if now.Sub(w.start) >= time.Minute {
			delete(l.windows, key)
		}
	}
}

// evictAny makes room for one more by removing some entry: a flood of addresses neither fills the memory nor locks
// out the others.
func evictAny[V any](m map[string]V) {
	if len(m) < maxRemembered {
		return
	}
	for key := range m {
		delete(m, key)
		return
	}
}
