package metrics

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// anyAnswer holds for every moment at which a server was heard; up itself also exists while it is silent.
	anyAnswer = `max_over_time(up{job="node",server="%d"}[%dms]) == 1`
	// beginningsKept is how long a beginning is trusted: only retention moves it, and that by days.
	beginningsKept = time.Hour
)

// beginnings remembers since when there is data of each server.
type beginnings struct {
	mu   sync.Mutex
	seen map[int64]beginning
}

type beginning struct {
	ms      int64
	checked time.Time
}

func newBeginnings() *beginnings { return &beginnings{seen: make(map[int64]beginning)} }

func (b *beginnings) get(id int64, now time.Time) (int64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	known, ok := b.seen[id]
	return known.ms, ok && now.Sub(known.checked) < beginningsKept
}

// put remembers a beginning and forgets what nobody asked for lately, so that deleted servers do not pile up.
func (b *beginnings) put(id int64, ms int64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for other, known := range b.seen {
		if now.Sub(known.checked) >= beginningsKept {
			delete(b.seen, other)
		}
	}
	b.seen[id] = beginning{ms, now}
}

// earliest returns the time of the first sample of a server, to the minute, or nil when there is none. The day is
// searched first and then the minute in it, so that two years cost two small queries.
func (s *Service) earliest(ctx context.Context, id int64, now time.Time) (*int64, error) {
	if ms, ok := s.beginnings.get(id, now); ok {
		return &ms, nil
	}
	from, to := now.Add(-longest), now
	for i, step := range []time.Duration{24 * time.Hour, 30 * time.Minute, time.Minute} {
		win := cut(from, to.Add(step), step)
		found, ok, err := s.firstStep(ctx, id, win)
		if err != nil {
			return nil, err
		}
		if !ok && i == 0 {
			return nil, nil
		}
		if !ok { // of so long ago nothing finer is kept
			break
		}
		from, to = found, found.Add(step-time.Millisecond)
	}
	ms := from.UnixMilli()
	s.beginnings.put(id, ms, now)
	return &ms, nil
}

// firstStep returns the begin of the first step of a window in which the server was heard.
func (s *Service) firstStep(ctx context.Context, id int64, win window) (time.Time, bool, error) {
	series, err := s.queryRange(ctx, fmt.Sprintf(anyAnswer, id, win.step.Milliseconds()), win)
	if err != nil {
		return time.Time{}, false, err
	}
	first, ok := int64(0), false
	for _, one := range series {
		if len(one.Points) > 0 && (!ok || one.Points[0].Time < first) {
			first, ok = one.Points[0].Time, true
		}
	}
	return time.UnixMilli(first).Add(-win.step).UTC(), ok, nil
}
