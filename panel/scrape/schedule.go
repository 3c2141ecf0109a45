package scrape

import (
	"hash/fnv"
	"time"
)

const (
	minInterval  = time.Second
	maxTimeout   = 10 * time.Second
	margin       = 500 * time.Millisecond // between the end of a scrape and the next slot
	intervalPoll = 15 * time.Second       // a sleeping target looks this often whether its interval has changed
	// phaseGrid puts targets together whose phases are near: to wake the process is a good part of what a scrape costs.
	phaseGrid = 250 * time.Millisecond
)

// schedule tells when a target is due. Slots are counted on the monotonic clock, so a wall clock that jumps neither
// delays nor multiplies scrapes; the wall clock only gives the first slot its phase, which thus survives a restart.
type schedule struct {
	interval time.Duration
	slot     time.Time
}

// newSchedule returns a schedule whose first slot is less than one interval away, at a phase hashed from name.
func newSchedule(name string, interval time.Duration, now time.Time) schedule {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	offset := int64(h.Sum64() % uint64(interval))
	offset -= offset % int64(phaseGrid)
	wait := offset - now.UnixNano()%int64(interval)
	if wait < 0 {
		wait += int64(interval)
	}
	return schedule{interval, now.Add(time.Duration(wait))}
}

// advance moves on to the next slot that can still be kept and returns how many were missed: a slot that is more than
// half an interval ago is not made up for.
func (s *schedule) advance(now time.Time) (missed int) {
	s.slot = s.slot.Add(s.interval)
	if late := now.Sub(s.slot) - s.interval/2; late > 0 {
		missed = int((late + s.interval - 1) / s.interval)
		s.slot = s.slot.Add(time.Duration(missed) * s.interval)
	}
	return missed
}

// deadline is when the scrape of the present slot must be over.
func (s *schedule) deadline() time.Time {
	return s.slot.Add(timeoutOf(s.interval))
}

// timeoutOf is how long a scrape may take that starts on time.
func timeoutOf(interval time.Duration) time.Duration {
	return min(interval, maxTimeout) - min(margin, interval/4)
}

// stamper gives samples their times.
type stamper struct{ slot, last time.Time }

// stamp returns the wall clock in milliseconds, put onto the grid of the target's earlier samples when it is within 1 %
// of the interval of it: equal distances compress to almost nothing. A wall clock that has jumped starts a new grid.
func (s *stamper) stamp(sched schedule, wall time.Time) time.Time {
	at := wall.Round(0).Truncate(time.Millisecond)
	if !s.last.IsZero() {
		onGrid := s.last.Add(sched.slot.Sub(s.slot))
		if at.Sub(onGrid).Abs() <= sched.interval/100 {
			at = onGrid
		}
	}
	s.slot, s.last = sched.slot, at
	return at
}

// after returns the wall clock, or the first millisecond behind the last stamp when that lies a moment ahead of it:
// a staleness marker must not stand before or on the last sample.
func (s *stamper) after(wall time.Time) time.Time {
	at := wall.Round(0).Truncate(time.Millisecond)
	if ahead := s.last.Sub(at); ahead >= 0 && ahead <= maxTimeout {
		at = s.last.Add(time.Millisecond)
	}
	return at
}
