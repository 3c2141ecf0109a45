package tsdb_test

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"monitoring/storage/tsdb"
)

const (
	rollupChild = "TSDB_ROLLUP_CHILD_DIR" // rolls the directory up, a chunk at a time, until it is killed
	chunkPause  = time.Second

	crashedHours    = 20
	crashedServers  = 3
	crashedSeriesOf = 4 // of each of two metrics
)

// runRollupChild prints "chunk" after each chunk, and "done" when there was nothing to do.
func runRollupChild(dir string) error {
	o := tsdb.Options{Dir: dir, MemoryBytes: 16 << 20, Probe: probeCommand}
	o.SetEngineFlush(2 * time.Second)
	db, err := tsdb.Open(o)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for line := "chunk"; ; {
		moved, err := db.RollUpStep(ctx)
		if err != nil {
			return err
		}
		if !moved {
			line = "done"
		}
		fmt.Println(line)
		<-time.After(chunkPause)
	}
}

// rollupTruth is what a series of TestKilledWhileRollingUp had at its sample i.
type rollupTruth func(server, s, i int) float64

func crashedLoad(server, s, i int) float64 { return float64((i*(s+3) + server) % 17) }
func crashedSent(_, s, i int) float64      { return float64(i * (s + 1) % 20_011) } // begins anew now and then

// TestKilledWhileRollingUp kills processes in the middle of their rollups: early, when the first windows have just been
// noted as finished, and when most are. What they leave answers as the samples would: no window is missing, and none
// counts twice.
func TestKilledWhileRollingUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := hoursAgo(crashedHours + 1)
	db := openDB(t, dir, tsdb.Options{})
	for server := range crashedServers {
		scrapeInto(t, targetPage(db, fmt.Sprint(server)), begin, begin.Add(crashedHours*time.Hour), func(i int) string {
			var page strings.Builder
			for s := range crashedSeriesOf {
				fmt.Fprintf(&page, "load{s=\"%d\"} %g\nsent_total{s=\"%d\"} %g\n", s, crashedLoad(server, s, i), s, crashedSent(server, s, i))
			}
			return page.String()
		})
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	const noted = 14_500 // ms until the first windows are noted, and again until the next ones are
	chunks := 0
	for _, delay := range []int{r.IntN(3000), noted + r.IntN(2000), 2*noted + r.IntN(2000)} {
		chunks += killRollup(t, dir, time.Duration(delay)*time.Millisecond)
	}
	t.Logf("killed after %d chunks", chunks)

	db = openDB(t, dir, tsdb.Options{Probe: probeCommand})
	rollUp(t, db)
	f := func(expr string, truth rollupTruth, fold func(vs []float64, before float64) float64) {
		t.Helper()
		for _, tier := range []struct {
			o     tsdb.QueryOptions
			width time.Duration
		}{{five, 10 * time.Minute}, {hour, 2 * time.Hour}} { // two windows: a range of one would be widened
			compareRollups(t, db, begin, fmt.Sprintf(expr, tier.width), tier.width, tier.o, truth, fold)
		}
	}
	f("count_over_time(load[%s])", crashedLoad, func(vs []float64, _ float64) float64 { return float64(len(vs)) })
	f("max_over_time(load[%s])", crashedLoad, func(vs []float64, _ float64) float64 { return slices.Max(vs) })
	f("sum_over_time(load[%s])", crashedLoad, func(vs []float64, _ float64) (sum float64) {
		for _, v := range vs {
			sum += v
		}
		return sum
	})
	f("increase(sent_total[%s])", crashedSent, func(vs []float64, before float64) (increase float64) {
		for _, v := range vs {
			if v < before {
				before = 0
			}
			increase += v - before
			before = v
		}
		return increase
	})
}

// compareRollups asks for each window once and compares it with the samples that it was made of.
func compareRollups(t *testing.T, db *tsdb.DB, begin time.Time, expr string, width time.Duration, o tsdb.QueryOptions, truth rollupTruth, fold func([]float64, float64) float64) {
	t.Helper()
	result, err := db.PromQueryRange(t.Context(), expr, begin.Add(width), begin.Add(crashedHours*time.Hour), width, o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := result.Matrix()
	if err != nil || len(got) != crashedServers*crashedSeriesOf {
		t.Fatalf("%s: %d series %v", expr, len(got), err)
	}
	samples := int(width / (10 * time.Second))
	for _, series := range got {
		server, s := integer(t, series.Metric.Get("server")), integer(t, series.Metric.Get("s"))
		if want := int(crashedHours * time.Hour / width); len(series.Floats) != want {
			t.Fatalf("%s of %s: %d windows, want %d", expr, series.Metric, len(series.Floats), want)
		}
		for n, p := range series.Floats {
			var vs []float64
			for i := n * samples; i < (n+1)*samples; i++ {
				vs = append(vs, truth(server, s, i))
			}
			before := vs[0]
			if n > 0 {
				before = truth(server, s, n*samples-1)
			}
			want := fold(vs, before)
			if at := begin.Add(time.Duration(n+1) * width); p.T != at.UnixMilli() || math.Abs(p.F-want) > 1e-3*want {
				t.Fatalf("%s of %s at %d is %v, want %v at %d", expr, series.Metric, p.T, p.F, want, at.UnixMilli())
			}
		}
	}
}

func integer(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// killRollup runs a child, kills it delay after its first chunk, and tells how many it wrote.
func killRollup(t *testing.T, dir string, delay time.Duration) (chunks int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), rollupChild+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() != "chunk" {
			continue
		}
		if chunks++; chunks == 1 {
			limit.Reset(delay)
		}
	}
	limit.Stop()
	_ = cmd.Wait() // killed
	if stderr.Len() > 0 {
		t.Fatalf("the child said: %s", stderr.String())
	}
	return chunks
}
