package scrape

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestFleetChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		start(t, s)
		synctest.Wait()
		fleet.put(server(1), agentFunc(good))
		fleet.put(server(2), agentFunc(hanging))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		load := seriesOf("load", "node", 1)
		if rows := st.series(load); len(rows) != 1 {
			t.Fatalf("a new server has %d samples within its first interval", len(rows))
		}

		time.Sleep(10 * time.Second) // the hanging one has failed by now
		disabled := server(1)
		disabled.IsActive = false
		fleet.put(disabled, agentFunc(good))
		fleet.remove(2)
		time.Sleep(time.Minute)
		rows := st.series(load)
		if len(rows) != 3 || !isStale(rows[2].Value) || rows[2].Time <= rows[1].Time {
			t.Errorf("after disabling, load has %v, want two samples and a later staleness marker", rows)
		}
		for _, series := range []string{seriesOf("up", "node", 1), seriesOf("up", "node", 2), seriesOf("scrape_duration_seconds", "node", 2)} {
			if rows := st.series(series); len(rows) == 0 || !isStale(rows[len(rows)-1].Value) {
				t.Errorf("%s was not ended: %v", series, rows)
			}
		}
		if _, _, ok := s.Last(1); ok || s.Stats().Targets != 0 {
			t.Errorf("a disabled server is still there: %+v", s.Stats())
		}
		reports := len(fleet.reported(2))
		time.Sleep(time.Minute)
		if got := len(fleet.reported(2)); got != reports || reports > 2 {
			t.Errorf("a removed server was reported %d times, later %d", reports, got)
		}

		fleet.put(server(1), agentFunc(good))
		time.Sleep(10 * time.Second)
		if rows := st.series(load); len(rows) != 4 || rows[3].Value != 1 {
			t.Errorf("after enabling it again load has %v", rows)
		}
		moved := server(1)
		moved.URL = "https://10.0.0.9:9100"
		fleet.put(moved, agentFunc(good))
		time.Sleep(10 * time.Second)
		if rows := st.series(load); !isStale(rows[len(rows)-1].Value) {
			t.Errorf("the series of the old address go on: %v", rows)
		}
		if rows := st.series(`load{job="node",instance="10.0.0.9:9100",server="1"}`); len(rows) != 1 {
			t.Errorf("the series of the new address has %v", rows)
		}
	})
}

func TestIntervalChangesWithoutRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		var seconds atomic.Int64
		seconds.Store(300)
		s.interval = func() time.Duration { return time.Duration(seconds.Load()) * time.Second }
		fleet.put(server(1), agentFunc(good))
		start(t, s)
		time.Sleep(301 * time.Second)
		f := func(setting int64, wait time.Duration, least, most int) {
			t.Helper()
			seconds.Store(setting)
			before := len(st.series(seriesOf("up", "node", 1)))
			time.Sleep(wait)
			if got := len(st.series(seriesOf("up", "node", 1))) - before; got < least || got > most {
				t.Errorf("interval %d s: %d scrapes in %s, want %d to %d", setting, got, wait, least, most)
			}
		}
		f(5, 30*time.Second, 5, 6) // picked up within 5 s although the next slot was minutes away
		f(20, 5*time.Minute, 14, 15)
		f(0, 30*time.Second, 25, 30) // nonsense in the settings: once a second at most
	})
}

func TestMissedSlotsAreCountedAndNotReplayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		fleet.put(server(1), agentFunc(good))
		block := make(chan struct{})
		s.onLive = func(int64) { <-block } // stands for a process that was stopped in the middle of a scrape
		start(t, s)
		time.Sleep(45 * time.Second)
		close(block)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		ups := st.series(seriesOf("up", "node", 1))
		if n := s.Stats().Missed; n < 3 || n > 4 {
			t.Errorf("%d missed in 45 s, want 3 or 4", n)
		}
		if len(ups) < 3 || len(ups) > 4 {
			t.Errorf("%d scrapes, want the first and the two or three after the pause", len(ups))
		}
	})
}

func TestClockJumps(t *testing.T) {
	t.Parallel()
	f := func(jump time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s, fleet, st := testScraper(t)
			var offset atomic.Int64
			s.wall = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
			fleet.put(server(1), agentFunc(good))
			start(t, s)
			time.Sleep(time.Minute)
			offset.Store(int64(jump))
			time.Sleep(time.Minute)
			end := s.wall().UnixMilli()

			ups := st.series(seriesOf("up", "node", 1))
			if len(ups) != 12 {
				t.Fatalf("%d scrapes in two minutes, want 12", len(ups))
			}
			for i, p := range ups {
				want := int64(10_000)
				if i == 6 {
					want += jump.Milliseconds()
				}
				if i > 0 && p.Time-ups[i-1].Time != want {
					t.Errorf("jump of %s: step %d is %d ms, want %d", jump, i, p.Time-ups[i-1].Time, want)
				}
			}
			if late := end - ups[11].Time; late < 0 || late > 10_000 {
				t.Errorf("jump of %s: the last sample is %d ms behind the wall clock", jump, late)
			}
			if n := s.Stats(); n.Missed != 0 || n.LagP99 > time.Millisecond {
				t.Errorf("jump of %s: %+v, want nothing missed and no lag", jump, n)
			}
		})
	}
	f(time.Hour)
	f(-time.Hour)
	f(50 * 365 * 24 * time.Hour)
}
