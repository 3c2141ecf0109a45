package tsdb_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// target is one scraped target in a database of its own.
type target struct {
	t    *testing.T
	db   *tsdb.DB
	page *tsdb.Exposition
}

func newTarget(t *testing.T) *target {
	db := storagetest.TSDB(t)
	return &target{t, db, db.NewExposition(tsdb.ExpositionOptions{Labels: []storage.Label{{Name: "job", Value: "node"}, {Name: "server", Value: "7"}}})}
}

// scrape stores a page of second s and checks its numbers.
func (g *target) scrape(s int, page string, want tsdb.ExpositionStats) {
	g.t.Helper()
	got, err := g.page.Append([]byte(page), second(s))
	if err != nil {
		g.t.Fatal(err)
	}
	if got != want {
		g.t.Errorf("second %d: %+v, want %+v", s, got, want)
	}
}

// see checks an instant query at second s; want is without the target labels.
func (g *target) see(s int, expr string, want map[string]float64) {
	g.t.Helper()
	if err := g.db.RunOnce(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	list, err := g.db.Query(g.t.Context(), expr, second(s))
	if err != nil {
		g.t.Fatal(err)
	}
	got := map[string]float64{}
	for _, one := range list {
		var parts []string
		for _, l := range one.Labels {
			switch l.Name {
			case "__name__":
				parts = append([]string{l.Value}, parts...)
			case "job", "server":
			default:
				parts = append(parts, l.Name+"="+l.Value)
			}
		}
		got[strings.Join(parts, " ")] = one.Points[0].Value
	}
	if d := cmp.Diff(want, got); d != "" {
		g.t.Errorf("second %d: %s\n%s", s, expr, d)
	}
}

func second(s int) time.Time { return hourStart.Add(time.Duration(s) * time.Second) }

const all = `{server="7"}`

func TestVanishedSeriesEnd(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.scrape(0, "a 1\nb 2\nc{x=\"1\"} 3\n", tsdb.ExpositionStats{Samples: 3, Added: 3})
	g.scrape(10, "a 1\nb 2\nc{x=\"1\"} 3\n", tsdb.ExpositionStats{Samples: 3})
	g.see(15, all, map[string]float64{"a": 1, "b": 2, "c x=1": 3})
	g.scrape(20, "a 4\nc{x=\"2\"} 5\n", tsdb.ExpositionStats{Samples: 2, Added: 1})
	g.see(19, all, map[string]float64{"a": 1, "b": 2, "c x=1": 3})
	g.see(20, all, map[string]float64{"a": 4, "c x=2": 5})
	g.scrape(30, "c{x=\"2\"} 6\na 7\nb 8\n", tsdb.ExpositionStats{Samples: 3, Added: 1})
	g.see(30, all, map[string]float64{"a": 7, "b": 8, "c x=2": 6})
	g.scrape(40, "", tsdb.ExpositionStats{})
	g.see(40, all, map[string]float64{})
	g.scrape(50, "a 1\n", tsdb.ExpositionStats{Samples: 1, Added: 1})
	g.see(50, all, map[string]float64{"a": 1})
}

func TestNaNEndsASeries(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.scrape(0, "a NaN\nb 2\n", tsdb.ExpositionStats{Samples: 2, Added: 1, Dropped: 1})
	g.see(5, all, map[string]float64{"b": 2})
	g.scrape(10, "a 1\nb NaN\n", tsdb.ExpositionStats{Samples: 2, Added: 1, Dropped: 1})
	g.see(10, all, map[string]float64{"a": 1})
	g.scrape(20, "a 1\nb NaN\n", tsdb.ExpositionStats{Samples: 2, Dropped: 1})
	g.scrape(30, "a NaN\nb 5\nc NaN\n", tsdb.ExpositionStats{Samples: 3, Added: 1, Dropped: 2})
	g.see(30, all, map[string]float64{"b": 5})
}

func TestDuplicatesOfAPage(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	for s := range 3 {
		want := tsdb.ExpositionStats{Samples: 4, Dropped: 2}
		if s == 0 {
			want.Added = 2
		}
		g.scrape(s, "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 9\nb 3\nb 4\n", want)
		g.see(s, all, map[string]float64{"a x=1 y=2": 1, "b": 3})
	}
	g.scrape(3, "a{y=\"2\",x=\"1\"} 9\nb 4\n", tsdb.ExpositionStats{Samples: 2})
	g.see(3, all, map[string]float64{"a x=1 y=2": 9, "b": 4})
}

func TestPageLabelsThatClash(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	page := `a{server="page",exported_server="other"} 1` + "\n" + `b{job="",x="",__agg__="min"} 2` + "\n" + `c{exported_job="x"} 3 1600000000000` + "\n"
	g.scrape(0, page, tsdb.ExpositionStats{Samples: 3, Added: 3})
	g.see(0, all, map[string]float64{"a exported_exported_server=page exported_server=other": 1, "b": 2, "c exported_job=x": 3})
}

func TestFailedScrape(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	up := func(s int, v float64) {
		t.Helper()
		if err := g.page.AppendMeta(sample("up", second(s).UnixMilli(), v), sample("scrape_duration_seconds", second(s).UnixMilli(), 0.5)); err != nil {
			t.Fatal(err)
		}
	}
	staleAt := func(s int) {
		t.Helper()
		if err := g.page.Stale(second(s)); err != nil {
			t.Fatal(err)
		}
	}
	g.scrape(0, "a 1\nb 2\n", tsdb.ExpositionStats{Samples: 2, Added: 2})
	up(0, 1)
	g.see(5, all, map[string]float64{"a": 1, "b": 2, "up": 1, "scrape_duration_seconds": 0.5})

	staleAt(10)
	up(10, 0)
	g.see(10, all, map[string]float64{"up": 0, "scrape_duration_seconds": 0.5})
	up(20, 0) // the other order
	staleAt(20)
	g.see(20, all, map[string]float64{"up": 0, "scrape_duration_seconds": 0.5})

	g.scrape(30, "a 3\nb 4\n", tsdb.ExpositionStats{Samples: 2, Added: 2})
	up(30, 1)
	g.see(30, all, map[string]float64{"a": 3, "b": 4, "up": 1, "scrape_duration_seconds": 0.5})
	staleAt(40) // the target was removed
	g.see(40, all, map[string]float64{})
	g.see(39, all, map[string]float64{"a": 3, "b": 4, "up": 1, "scrape_duration_seconds": 0.5})
}

func TestUnfitPageStoresNothing(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.scrape(0, "a 1\n", tsdb.ExpositionStats{Samples: 1, Added: 1})
	f := func(page string, want error) {
		t.Helper()
		stats, err := g.page.Append([]byte(page), second(10))
		if !errors.Is(err, want) || stats != (tsdb.ExpositionStats{}) {
			t.Errorf("%+v %v, want %v", stats, err, want)
		}
	}
	f("a 2\nb 3\nc 4", tsdb.ErrPageTruncated)
	f("a 2\nb 3\nc{x=\"\n", tsdb.ErrPageSyntax)
	f("a 2\nb 3\n\x00\x01\x02\n", tsdb.ErrPageSyntax)
	f("a 2\nb 3\n"+strings.Repeat("c 4\n", 60_000), tsdb.ErrSampleLimit)
	g.see(10, all, map[string]float64{"a": 1})
	g.scrape(20, "a 5\n", tsdb.ExpositionStats{Samples: 1})

	var unfit *tsdb.SampleError
	if _, err := g.page.Append([]byte("a 1\n"), time.Now().Add(100*time.Hour)); !errors.As(err, &unfit) {
		t.Errorf("a page from the future: %v", err)
	}
}

// TestClockJumps: pages keep the time they were scraped at, also when the clock went back; late ones take their place.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.scrape(7200, "a 1\n", tsdb.ExpositionStats{Samples: 1, Added: 1})
	g.scrape(3600, "a 2\nb 2\n", tsdb.ExpositionStats{Samples: 2, Added: 1})
	g.scrape(3610, "a 3\n", tsdb.ExpositionStats{Samples: 1})
	g.see(3605, all, map[string]float64{"a": 2, "b": 2})
	g.see(3615, all, map[string]float64{"a": 3})
	g.see(7200, all, map[string]float64{"a": 1})
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	add := func(page string) {
		t.Helper()
		if _, err := db.NewExposition(tsdb.ExpositionOptions{}).Append([]byte(page), hourStart); err != nil {
			t.Fatal(err)
		}
	}
	f := func(metric string, limit, limitPerMetric int, want map[string][]tsdb.Metadata) {
		t.Helper()
		if d := cmp.Diff(want, db.Metadata(t.Context(), metric, limit, limitPerMetric)); d != "" {
			t.Error(d)
		}
	}
	add("# HELP a_total First \\\\ line\\nand second.\n# TYPE a_total counter\na_total 1\n# a note\n# TYPE b untyped\nb 1\n")
	add("# HELP a_total First \\\\ line\\nand second.\n# TYPE a_total counter\na_total 2\n")
	add("# HELP a_total Another text.\n# TYPE a_total counter\na_total 2\n")
	both := []tsdb.Metadata{{Type: "counter", Help: "First \\ line\nand second."}, {Type: "counter", Help: "Another text."}}
	f("", 0, 0, map[string][]tsdb.Metadata{"a_total": both, "b": {{Type: "unknown"}}})
	f("a_total", 0, 1, map[string][]tsdb.Metadata{"a_total": both[:1]})
	f("nothing", 0, 0, map[string][]tsdb.Metadata{})
	if got := db.Metadata(t.Context(), "", 1, 0); len(got) != 1 {
		t.Errorf("limit 1 gives %v", got)
	}
}
