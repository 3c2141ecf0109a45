package tsdb_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	promtsdb "github.com/prometheus/prometheus/tsdb"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// pair is our database and Prometheus' own with the same samples, each behind its engine.
type pair struct {
	ours   *tsdb.DB
	theirs *promtsdb.DB
	engine *promql.Engine
}

func newPair(t testing.TB, samples []storage.Sample) *pair {
	t.Helper()
	o := promtsdb.DefaultOptions()
	o.OutOfOrderTimeWindow = (100 * 365 * 24 * time.Hour).Milliseconds()
	theirs, err := promtsdb.Open(t.TempDir(), nil, nil, o, nil)
	if err != nil {
		t.Fatalf("open prometheus tsdb: %v", err)
	}
	t.Cleanup(func() { theirs.Close() })
	p := &pair{ours: storagetest.TSDB(t), theirs: theirs, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute,
		NoStepSubqueryIntervalFn: func(int64) int64 { return 60_000 },
		EnableAtModifier:         true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}),
	})}
	p.append(t, samples)
	return p
}

func (p *pair) append(t testing.TB, samples []storage.Sample) {
	t.Helper()
	if err := p.ours.Append(samples); err != nil {
		t.Fatalf("append to ours: %v", err)
	}
	if err := p.ours.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	app := p.theirs.Appender(t.Context())
	for _, s := range samples {
		b := labels.NewScratchBuilder(len(s.Labels))
		for _, l := range s.Labels {
			b.Add(l.Name, l.Value)
		}
		b.Sort()
		if _, err := app.Append(0, b.Labels(), s.Time, s.Value); err != nil {
			t.Fatalf("append to prometheus: %v", err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatalf("commit to prometheus: %v", err)
	}
}

// query is an instant query when step is 0.
type query struct {
	expr     string
	from, to time.Time
	step     time.Duration
}

func (q query) String() string {
	return fmt.Sprintf("%s at %s..%s step %s", q.expr, q.from.UTC().Format(time.RFC3339), q.to.UTC().Format(time.RFC3339), q.step)
}

func (p *pair) ask(t testing.TB, q query) (ours, theirs *promql.Result) {
	t.Helper()
	var err error
	var reference promql.Query
	if q.step == 0 {
		ours, err = p.ours.PromQuery(t.Context(), q.expr, q.from, tsdb.QueryOptions{})
	} else {
		ours, err = p.ours.PromQueryRange(t.Context(), q.expr, q.from, q.to, q.step, tsdb.QueryOptions{})
	}
	if err != nil {
		ours = &promql.Result{Err: err}
	}
	if q.step == 0 {
		reference, err = p.engine.NewInstantQuery(t.Context(), p.theirs, nil, q.expr, q.from)
	} else {
		reference, err = p.engine.NewRangeQuery(t.Context(), p.theirs, nil, q.expr, q.from, q.to, q.step)
	}
	if err != nil {
		return ours, &promql.Result{Err: err}
	}
	return ours, reference.Exec(t.Context())
}

// check asks both and returns what differs, "" when nothing does.
func (p *pair) check(t testing.TB, q query) string {
	t.Helper()
	ours, theirs := p.ask(t, q)
	if theirs.Err != nil || ours.Err != nil {
		if ours.Err == nil || theirs.Err == nil || ours.Err.Error() != theirs.Err.Error() {
			return fmt.Sprintf("%s: error %v, prometheus has %v", q, ours.Err, theirs.Err)
		}
		return ""
	}
	got, want := matrixOf(ours), matrixOf(theirs)
	if len(got) != len(want) {
		return fmt.Sprintf("%s: %d series, prometheus has %d:\n%v\nprometheus:\n%v", q, len(got), len(want), got, want)
	}
	for ls, w := range want {
		g, ok := got[ls]
		if !ok {
			return fmt.Sprintf("%s: series %s is missing", q, ls)
		}
		if d := pointsDiffer(g, w); d != "" {
			return fmt.Sprintf("%s: %s: %s", q, ls, d)
		}
	}
	return ""
}

func matrixOf(r *promql.Result) map[string][]promql.FPoint {
	out := map[string][]promql.FPoint{}
	switch v := r.Value.(type) {
	case promql.Vector:
		for _, s := range v {
			out[s.Metric.String()] = []promql.FPoint{{T: s.T, F: s.F}}
		}
	case promql.Matrix:
		for _, s := range v {
			out[s.Metric.String()] = s.Floats
		}
	case promql.Scalar:
		out["scalar"] = []promql.FPoint{{T: v.T, F: v.V}}
	}
	return out
}

func pointsDiffer(got, want []promql.FPoint) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d points, prometheus has %d: %v, prometheus: %v", len(got), len(want), got, want)
	}
	for i := range want {
		if got[i].T != want[i].T {
			return fmt.Sprintf("point %d at %d, prometheus at %d", i, got[i].T, want[i].T)
		}
		if !near(got[i].F, want[i].F) {
			return fmt.Sprintf("value %v at %d, prometheus has %v", got[i].F, got[i].T, want[i].F)
		}
	}
	return ""
}

// near is equality within 1e-9: the storage engine keeps decimal numbers of about 15 digits.
func near(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b) && value.IsStaleNaN(a) == value.IsStaleNaN(b)
	}
	return a == b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) || math.Abs(a-b) < 1e-300
}
