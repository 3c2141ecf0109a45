package scrape

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/storage"
)

// TestHangingAgentsDelayNobody is the promise of the scraper: 50 of 500 agents hang, the others do not notice.
func TestHangingAgentsDelayNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const total, bad, minutes = 500, 50, 5
		s, fleet, st := testScraper(t)
		deaf := make(chan struct{}) // every second bad agent hangs in code that ignores deadlines, as a proxy's dialer may
		defer close(deaf)
		for id := int64(1); id <= total; id++ {
			agent := agentFunc(good)
			switch {
			case id <= bad/2:
				agent = hanging
			case id <= bad:
				agent = func(context.Context, string, map[string][]string) (string, error) {
					<-deaf
					return "", errors.New("late")
				}
			}
			fleet.put(server(id), agent)
		}
		start(t, s)
		time.Sleep(minutes * time.Minute)
		synctest.Wait()

		const slots = minutes * 60 / 10
		for id := int64(bad + 1); id <= total; id++ {
			ups := st.series(seriesOf("up", jobHost, id))
			if len(ups) != slots {
				t.Errorf("server %d was scraped %d times in %d minutes, want %d", id, len(ups), minutes, slots)
			}
			for i, p := range ups {
				if p.Value != 1 || i > 0 && p.Time-ups[i-1].Time != 10_000 {
					t.Errorf("server %d: scrape %d is up=%v at %d", id, i, p.Value, p.Time)
				}
			}
		}
		for id := int64(1); id <= bad; id++ {
			ups := st.series(seriesOf("up", jobHost, id))
			if len(ups) < slots-1 || ups[0].Value != 0 {
				t.Errorf("hanging server %d has %d samples of up, want about %d zeros", id, len(ups), slots)
			}
		}
		stats := s.Stats()
		if stats.LagP99 > 200*time.Millisecond || stats.Missed != 0 || stats.Targets != total || stats.Failing != bad {
			t.Errorf("stats %+v, want a lag of at most 200 ms, none missed, %d of %d failing", stats, bad, total)
		}
	})
}

func TestScrapeStoresAndReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		var live atomic.Int64
		s.onLive = func(id int64) { live.Store(id) }
		var windows sync.Map
		fleet.put(server(1), agentFunc(func(ctx context.Context, set string, q map[string][]string) (string, error) {
			windows.Store(set, strings.Join(q["window"], ","))
			time.Sleep(250 * time.Millisecond)
			return good(ctx, set, q)
		}))
		start(t, s)
		time.Sleep(time.Minute + time.Second)

		f := func(series string, count int, value float64) {
			t.Helper()
			rows := st.series(series)
			if len(rows) != count || rows[0].Value != value {
				t.Errorf("%s has %v, want %d rows of %v", series, rows, count, value)
			}
		}
		f(seriesOf("load", "node", 1), 6, 1)
		f(seriesOf("memory", "node", 1), 6, 2)
		f(seriesOf("up", "node", 1), 6, 1)
		f(seriesOf("scrape_duration_seconds", "node", 1), 6, 0.25)
		f(seriesOf("scrape_samples_scraped", "node", 1), 6, 2)
		f(seriesOf("load", "services", 1), 1, 1)
		f(seriesOf("up", "services", 1), 1, 1)

		if got, _ := windows.Load(setHost); got != "10" {
			t.Errorf("the host set was asked for with window %q, want the interval", got)
		}
		if got, _ := windows.Load(setServices); got != "" {
			t.Errorf("the services set was asked for with window %q, want none", got)
		}
		if doc, at, ok := s.Last(1); !ok || doc.ServerName != "good" || time.Since(at) > 10*time.Second {
			t.Errorf("last document %q of %s, %v", doc.ServerName, at, ok)
		}
		if live.Load() != 1 {
			t.Error("OnLive was not called")
		}
		if _, _, ok := s.Last(2); ok {
			t.Error("there is a document of a server that does not exist")
		}
	})
}

func TestFailedScrapeEndsSeriesAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		var broken atomic.Bool
		refused := errors.New("connection refused")
		fleet.put(server(1), agentFunc(func(ctx context.Context, set string, q map[string][]string) (string, error) {
			if broken.Load() {
				return "", refused
			}
			return good(ctx, set, q)
		}))
		start(t, s)
		time.Sleep(10 * time.Second)
		broken.Store(true)
		time.Sleep(10 * time.Second)
		if got := s.Stats(); got.Failing != 1 {
			t.Errorf("%d targets fail, want 1", got.Failing)
		}
		if _, _, ok := s.Last(1); !ok {
			t.Error("the last document of an agent that fails must stay")
		}
		time.Sleep(10 * time.Second)
		broken.Store(false)
		time.Sleep(10 * time.Second)

		var kinds []string
		for _, p := range st.series(seriesOf("load", "node", 1)) {
			kinds = append(kinds, kind(p.Value))
		}
		if want := []string{"1", "stale", "1"}; !slices.Equal(kinds, want) {
			t.Errorf("load is %v, want %v", kinds, want)
		}
		var ups []float64
		for _, p := range st.series(seriesOf("up", "node", 1)) {
			ups = append(ups, p.Value)
		}
		if want := []float64{1, 0, 0, 1}; !slices.Equal(ups, want) {
			t.Errorf("up is %v, want %v", ups, want)
		}
		reports := fleet.reported(1)
		for i, failed := range []bool{false, true, true, false} {
			if errors.Is(reports[i], refused) != failed {
				t.Errorf("report %d is %v", i, reports[i])
			}
		}
		if got := s.Stats(); got.Failing != 0 {
			t.Errorf("%d targets fail after the recovery", got.Failing)
		}
	})
}

func kind(v float64) string {
	if isStale(v) {
		return "stale"
	}
	return fmt.Sprint(v)
}

func TestMissedDocumentFailsNoScrape(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		fleet.put(server(1), agentFunc(func(ctx context.Context, set string, q map[string][]string) (string, error) {
			if set == "document" {
				<-ctx.Done()
				return "", ctx.Err()
			}
			return good(ctx, set, q)
		}))
		start(t, s)
		time.Sleep(time.Minute)
		if ups := st.series(seriesOf("up", "node", 1)); len(ups) != 6 || ups[5].Value != 1 {
			t.Errorf("up is %v, want six ones", ups)
		}
		if n := testutil.ToFloat64(s.counters.errors.WithLabelValues("document")); n < 5 {
			t.Errorf("%v missed documents were counted, want one per scrape", n)
		}
		for _, err := range fleet.reported(1) {
			if err != nil {
				t.Errorf("reported %v for an agent that was scraped", err)
			}
		}
	})
}

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

func TestFullStoreDoesNotBlameTheAgent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		st.fail = errors.New("disk full")
		fleet.put(server(1), agentFunc(good))
		start(t, s)
		time.Sleep(30 * time.Second)
		for _, err := range fleet.reported(1) {
			if err != nil {
				t.Errorf("reported %v", err)
			}
		}
		if _, _, ok := s.Last(1); !ok {
			t.Error("the live values must go on")
		}
		if n := testutil.ToFloat64(s.counters.errors.WithLabelValues("store")); n < 3 {
			t.Errorf("%v store errors were counted", n)
		}
		st.mu.Lock()
		st.fail = nil
		st.mu.Unlock()
		time.Sleep(10 * time.Second)
		if rows := st.series(seriesOf("load", "node", 1)); len(rows) != 1 {
			t.Errorf("after the disk had space again there are %d samples", len(rows))
		}
	})
}

func TestServerInfo(t *testing.T) {
	t.Parallel()
	folder := `a "b" \ c`
	odd := server(2)
	odd.Name, odd.Folder = "Москва\n1", &folder
	want := "# TYPE panel_server_info gauge\n" +
		`panel_server_info{server="1",instance="10.0.0.1:9100",name="node 1",folder=""} 1` + "\n" +
		`panel_server_info{server="2",instance="10.0.0.2:9100",name="Москва\n1",folder="a \"b\" \\ c"} 1` + "\n"
	if got := string(serverInfo([]storage.Server{odd, server(1)})); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestRenameEndsTheOldInfo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		fleet.put(server(1), agentFunc(good))
		start(t, s)
		time.Sleep(30 * time.Second)
		info := func(name string) []storage.Point {
			return st.series(fmt.Sprintf(`panel_server_info{server="1",instance="10.0.0.1:9100",name=%q,folder=""}`, name))
		}
		if rows := info("node 1"); len(rows) < 3 || rows[0].Value != 1 {
			t.Fatalf("info of node 1: %v, want a 1 per interval", rows)
		}
		renamed := server(1)
		renamed.Name = "Berlin"
		fleet.put(renamed, agentFunc(good))
		time.Sleep(time.Second)
		old, fresh := info("node 1"), info("Berlin")
		if !isStale(old[len(old)-1].Value) || len(fresh) != 1 || fresh[0].Value != 1 {
			t.Errorf("a second after the rename: old %v, new %v", old, fresh)
		}
		time.Sleep(time.Minute)
		if rows := info("node 1"); len(rows) != len(old) {
			t.Errorf("the old name got %d more rows", len(rows)-len(old))
		}
	})
}

func TestLagRing(t *testing.T) {
	t.Parallel()
	var r lagRing
	now := time.Unix(1_000_000, 0)
	if got := r.p99(now); got != 0 {
		t.Errorf("p99 of nothing is %s", got)
	}
	for i := range 100 {
		r.add(now, time.Duration(i+1)*time.Millisecond)
	}
	if got := r.p99(now); got != 99*time.Millisecond {
		t.Errorf("p99 of 1 to 100 ms is %s, want 99 ms", got)
	}
	if got := r.p99(now.Add(lagWindow + time.Second)); got != 0 {
		t.Errorf("p99 of lags that are too old is %s", got)
	}
	for range 3 * lagSlots {
		r.add(now, time.Millisecond)
	}
	if got := r.p99(now); got != time.Millisecond || len(r.ring) != lagSlots {
		t.Errorf("a full ring has %d entries and a p99 of %s", len(r.ring), got)
	}
}
