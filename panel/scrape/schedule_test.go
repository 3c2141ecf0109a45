package scrape

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNewSchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.IntRange(1, 300).Draw(t, "seconds")) * time.Second
		now := time.Unix(0, rapid.Int64Range(0, 1<<61).Draw(t, "now"))
		name := rapid.String().Draw(t, "name")
		s := newSchedule(name, interval, now)
		if wait := s.slot.Sub(now); wait < 0 || wait >= interval {
			t.Fatalf("first slot in %s, want within one interval of %s", wait, interval)
		}
		restarted := newSchedule(name, interval, now.Add(17*time.Minute))
		if d := restarted.slot.Sub(s.slot) % interval; d != 0 {
			t.Fatalf("after a restart the phase is %s off", d)
		}
	})
}

func TestOffsetsSpread(t *testing.T) {
	t.Parallel()
	const servers, parts = 500, 10
	var counts [parts]int
	for id := range servers {
		s := newSchedule("host/"+time.Duration(id).String(), 10*time.Second, time.Unix(0, 0))
		counts[s.slot.UnixNano()/int64(time.Second)]++
	}
	for second, n := range counts {
		if n < servers/parts/2 || n > servers/parts*2 {
			t.Errorf("second %d has %d of %d first scrapes, want about %d", second, n, servers, servers/parts)
		}
	}
}

func TestAdvance(t *testing.T) {
	t.Parallel()
	base := time.Unix(1_000_000, 0)
	f := func(now time.Duration, wantMissed int, wantSlot time.Duration) {
		t.Helper()
		s := schedule{interval: 10 * time.Second, slot: base}
		missed := s.advance(base.Add(now))
		if slot := s.slot.Sub(base); missed != wantMissed || slot != wantSlot {
			t.Errorf("%s after its slot: missed %d, next at %s, want %d, %s", now, missed, slot, wantMissed, wantSlot)
		}
	}
	f(time.Second, 0, 10*time.Second)
	f(9999*time.Millisecond, 0, 10*time.Second)
	f(14*time.Second, 0, 10*time.Second) // late, but still worth a scrape at once
	f(15*time.Second, 0, 10*time.Second)
	f(15*time.Second+1, 1, 20*time.Second)
	f(25*time.Second, 1, 20*time.Second)
	f(26*time.Second, 2, 30*time.Second)
	f(time.Hour, 359, time.Hour)
}

func TestDeadlineLeavesAMargin(t *testing.T) {
	t.Parallel()
	f := func(interval, want time.Duration) {
		t.Helper()
		s := schedule{interval: interval, slot: time.Unix(0, 0)}
		if got := s.deadline().Sub(s.slot); got != want {
			t.Errorf("interval %s: deadline after %s, want %s", interval, got, want)
		}
	}
	f(time.Second, 750*time.Millisecond)
	f(5*time.Second, 4500*time.Millisecond)
	f(10*time.Second, 9500*time.Millisecond)
	f(300*time.Second, 9500*time.Millisecond)
}

func TestStamp(t *testing.T) {
	t.Parallel()
	base := time.Unix(1_000_000, 0)
	// f stamps a first scrape without lag, then one `slots` intervals of 10 s later with the wall clock off by `off`.
	f := func(slots int, off, want time.Duration) {
		t.Helper()
		var st stamper
		sched := schedule{interval: 10 * time.Second, slot: base}
		if at := st.stamp(sched, base); !at.Equal(base) {
			t.Fatalf("first stamp %s, want %s", at, base)
		}
		sched.slot = sched.slot.Add(time.Duration(slots) * sched.interval)
		if got := st.stamp(sched, sched.slot.Add(off)).Sub(sched.slot); got != want {
			t.Errorf("wall clock off by %s: stamp off by %s, want %s", off, got, want)
		}
	}
	f(1, 0, 0)
	f(1, 99*time.Millisecond, 0)
	f(1, -99*time.Millisecond, 0)
	f(1, 100*time.Millisecond, 0)
	f(1, 101*time.Millisecond, 101*time.Millisecond)
	f(3, 40*time.Millisecond, 0) // after missed slots the grid goes on
	f(1, 1234567*time.Nanosecond, 0)
	f(1, 200*time.Millisecond+999*time.Microsecond, 200*time.Millisecond) // whole milliseconds
	f(1, time.Hour, time.Hour)
	f(1, -time.Hour, -time.Hour)
}

func TestStampFollowsAClockThatDrifts(t *testing.T) {
	t.Parallel()
	var st stamper
	sched := schedule{interval: 10 * time.Second, slot: time.Unix(1_000_000, 0)}
	wall := sched.slot
	for range 1000 { // the wall clock gains 30 ms per interval on the monotonic one
		if off := st.stamp(sched, wall).Sub(wall).Abs(); off > 100*time.Millisecond {
			t.Fatalf("stamp is %s off the wall clock", off)
		}
		sched.slot, wall = sched.slot.Add(sched.interval), wall.Add(sched.interval+30*time.Millisecond)
	}
}
