package tsdb_test

import (
	"bufio"
	"compress/gzip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/storage/tsdb"
)

// recordedPages are ten minutes of a real agent on a busy machine, scraped every 10 s. In the file a line is a series and
// its values: "=" repeats the value before, as does a missing one at the end.
func recordedPages(t testing.TB) []string {
	t.Helper()
	f, err := os.Open("testdata/pages.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	const scrapes = 60
	pages := make([]strings.Builder, scrapes)
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, text, ok := strings.Cut(lines.Text(), "\t")
		if !ok { // a comment
			for i := range pages {
				pages[i].WriteString(series + "\n")
			}
			continue
		}
		values, v := strings.Fields(text), ""
		for i := range pages {
			if i < len(values) && values[i] != "=" {
				v = values[i]
			}
			if v != "-" {
				pages[i].WriteString(series + " " + v + "\n")
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	out := make([]string, scrapes)
	for i := range pages {
		out[i] = pages[i].String()
	}
	return out
}

// TestRollupBudget: past about 400 thousand series a storage gets slow, so a series may cost one and a half in rollups.
func TestRollupBudget(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	db := openDB(t, t.TempDir(), tsdb.Options{Registerer: reg, RollupExclude: []string{"go_*", "process_*", "agent_collector_*", "node_scrape_collector_*"}})
	begin := hoursAgo(2)
	pages := recordedPages(t)
	scrapeInto(t, targetPage(db, "1"), begin, begin.Add(10*time.Minute), func(i int) string { return pages[i] })
	if err := db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := value1(t, db, `count({job="node"})`, begin.Add(10*time.Minute), tsdb.QueryOptions{})
	rollUp(t, db)
	for tier, windows := range map[string]float64{"5m": 2, "1h": 1} {
		perSeries := rowsOf(t, reg, tier) / windows / raw
		t.Logf("%s: %.3f rows per series and window, %v series", tier, perSeries, raw)
		if perSeries > 1.5 {
			t.Errorf("%s: %.3f rows per series and window, at most 1.5 are allowed", tier, perSeries)
		}
		if perSeries < 0.8 {
			t.Errorf("%s: %.3f rows per series and window: too few to be true", tier, perSeries)
		}
	}
}
