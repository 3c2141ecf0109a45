package tsdb_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// TestPromQLScripts runs those of Prometheus' own acceptance scripts that need neither native histograms nor start
// timestamps nor series without a name.
func TestPromQLScripts(t *testing.T) {
	t.Parallel()
	engine := promqltest.NewTestEngine(t, false, 5*time.Minute, 50_000_000)
	for _, file := range []string{"aggregators", "at_modifier", "collision", "functions", "histograms", "literals", "operators", "range_queries", "selectors", "staleness", "subquery", "trig_functions"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			ran := 0
			for i, script := range scripts(t, file) {
				t.Run(strconv.Itoa(i), func(t *testing.T) {
					promqltest.RunTestWithStorage(t, script, engine, newScriptStorage)
				})
				ran++
			}
			if ran == 0 {
				t.Error("no script was run")
			}
		})
	}
}

// unsupported finds native histograms, start timestamps, series that mix magnitudes more than 18 digits apart (see
// TestOneSeriesMixesMagnitudes) and NaN among the samples to load.
var unsupported = regexp.MustCompile(`\{\{|@st| \d{20,} | 1e100 1 |(?m)^\s*load.*(\n[ \t]+.*)*\bNaN\b`)

// scripts splits a file at its clear commands and drops the pieces that we do not support.
func scripts(t *testing.T, file string) []string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	if err != nil {
		t.Fatalf("find prometheus' sources: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "promql/promqltest/testdata", file+".test"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, piece := range regexp.MustCompile(`(?m)^clear$`).Split(string(text), -1) {
		if !unsupported.MatchString(piece) {
			out = append(out, piece)
		}
	}
	return out
}

// scriptStorage lets a script load samples into our database. Scripts play at the start of 1970, where the storage engine
// has no day index: all happens scriptShift later.
type scriptStorage struct {
	promstorage.Storage // what scripts do not call
	db                  *tsdb.DB
}

const scriptShift = 100 * 24 * 3600 * 1000 // milliseconds

func newScriptStorage(t testing.TB) promstorage.Storage {
	return &scriptStorage{db: storagetest.TSDB(t)}
}

func (s *scriptStorage) Querier(mint, maxt int64) (promstorage.Querier, error) {
	q, err := s.db.Queryable().Querier(mint+scriptShift, maxt+scriptShift)
	return shiftedQuerier{q}, err
}

type shiftedQuerier struct{ promstorage.Querier }

func (q shiftedQuerier) Select(ctx context.Context, sorted bool, hints *promstorage.SelectHints, ms ...*labels.Matcher) promstorage.SeriesSet {
	h := *hints
	h.Start += scriptShift
	h.End += scriptShift
	return shiftedSet{q.Querier.Select(ctx, sorted, &h, ms...)}
}

type shiftedSet struct{ promstorage.SeriesSet }

func (s shiftedSet) At() promstorage.Series { return shiftedSeries{s.SeriesSet.At()} }

type shiftedSeries struct{ promstorage.Series }

func (s shiftedSeries) Iterator(old chunkenc.Iterator) chunkenc.Iterator {
	if it, ok := old.(shiftedIterator); ok {
		old = it.Iterator
	}
	return shiftedIterator{s.Series.Iterator(old)}
}

type shiftedIterator struct{ chunkenc.Iterator }

type unixMilli = int64

func (it shiftedIterator) Seek(t unixMilli) chunkenc.ValueType {
	return it.Iterator.Seek(t + scriptShift)
}
func (it shiftedIterator) AtT() int64 { return it.Iterator.AtT() - scriptShift }
func (it shiftedIterator) At() (int64, float64) {
	t, v := it.Iterator.At()
	return t - scriptShift, v
}

func (s *scriptStorage) Close() error { return nil }

func (s *scriptStorage) AppenderV2(context.Context) promstorage.AppenderV2 {
	return &scriptAppender{db: s.db}
}

type scriptAppender struct {
	promstorage.AppenderV2 // what scripts do not call
	db                     *tsdb.DB
	samples                []storage.Sample
}

func (a *scriptAppender) Append(_ promstorage.SeriesRef, ls labels.Labels, _, at int64, v float64, _ *histogram.Histogram, _ *histogram.FloatHistogram, _ promstorage.AppendV2Options) (promstorage.SeriesRef, error) {
	s := storage.Sample{Time: at + scriptShift, Value: v}
	ls.Range(func(l labels.Label) { s.Labels = append(s.Labels, storage.Label{Name: l.Name, Value: l.Value}) })
	a.samples = append(a.samples, s)
	return 0, nil
}

func (a *scriptAppender) Commit() error {
	if err := a.db.Append(a.samples); err != nil {
		return err
	}
	return a.db.RunOnce(context.Background())
}
