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
		time.Sleep(minutes*time.Minute - phaseGrid/2) // on the grid some would be scraped at both ends
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
