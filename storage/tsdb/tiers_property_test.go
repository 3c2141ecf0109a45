package tsdb_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// The tiers against samples as scraped. What is promised, and therefore asked, is this:
//
//   - Times of evaluation, ranges, offsets and steps of subqueries are multiples of a tier's resolution. Any other range
//     cuts windows, whose inside is not kept.
//   - The mean of a window stands for a bare selector: the truth for x is avg_over_time(x[resolution]), without the name.
//   - rate and increase are compared where scraping goes on at both ends of the range. Elsewhere Prometheus' own answer is
//     an extrapolation; and the step of a counter over a gap, which belongs to the window after it, is seen by Prometheus
//     only if both ends of the gap lie within the range. When there is an outage inside, 150 samples at least must be left:
//     of a counter that began anew meanwhile Prometheus misses one step of them.
//   - A counter's steps vary by less than half, for the same reason: at each end of the range Prometheus extrapolates
//     what rollups know.

const truthInterval = 10 * time.Second

// outage is a time without samples of one server. A restart ends with counters at zero.
type outage struct {
	from, to int // scrapes
	restart  bool
}

// truth is a database with some days of samples and their rollups.
type truth struct {
	db      *tsdb.DB
	begin   time.Time // a multiple of an hour
	end     time.Time
	outages map[string][]outage // by server
}

func newTruth(t *testing.T, r *rand.Rand, days int) *truth {
	t.Helper()
	u := &truth{db: storagetest.TSDB(t), end: time.Now().Add(-2 * time.Minute).Truncate(time.Hour), outages: map[string][]outage{}}
	u.begin = u.end.Add(-time.Duration(days) * 24 * time.Hour)
	for _, server := range []string{"1", "2", "3"} {
		u.fill(t, r, server)
	}
	if err := u.db.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return u
}

func (u *truth) scrapes() int { return int(u.end.Sub(u.begin) / truthInterval) }

func (u *truth) fill(t *testing.T, r *rand.Rand, server string) {
	t.Helper()
	n := u.scrapes()
	for range 4 {
		from := r.IntN(n)
		length := 1 + r.IntN(90)
		if r.IntN(2) == 0 {
			length = r.IntN(2500)
		}
		u.outages[server] = append(u.outages[server], outage{from, from + length, r.IntN(2) == 0})
	}
	names := []string{"walk", "spike", "steps", "frost", "level"}
	series := map[string][]storage.Label{}
	for _, name := range names {
		series[name] = labelsOf(fmt.Sprintf(`%s{job="node",instance="h%s:1",server="%s"}`, name, server, server))
	}
	counters := map[string][]storage.Label{}
	for _, name := range []string{"bytes_total", "cpu_seconds_total"} {
		for _, device := range []string{"a", "b"} {
			counters[name+device] = labelsOf(fmt.Sprintf(`%s{device="%s",job="node",instance="h%s:1",server="%s"}`, name, device, server, server))
		}
	}
	late := labelsOf(fmt.Sprintf(`late{job="node",instance="h%s:1",server="%s"}`, server, server))
	born, died := r.IntN(n), r.IntN(n)
	gauge := map[string]float64{"walk": 50, "spike": 0, "steps": 3, "frost": -40, "level": 8e9}
	count := map[string]float64{}
	var batch []storage.Sample
	flush := func() {
		if err := u.db.Append(batch); err != nil {
			t.Fatal(err)
		}
		batch = batch[:0]
	}
	for i := 1; i <= n; i++ {
		out, restart := u.down(server, i)
		gauge["walk"] = math.Abs(gauge["walk"] + r.NormFloat64())
		gauge["spike"] = 0
		if r.IntN(40) == 0 {
			gauge["spike"] = float64(r.IntN(1000))
		}
		if r.IntN(300) == 0 {
			gauge["steps"] = float64(r.IntN(20))
		}
		gauge["frost"] = -40 + 10*math.Sin(float64(i)/500)
		gauge["level"] = 8e9 + float64(r.IntN(1000))
		for key := range counters {
			if restart {
				count[key] = 0
			}
			count[key] += (0.7 + 0.6*r.Float64()) * (1 + 0.5*math.Sin(float64(i)/3000)) * 1000
		}
		if out {
			continue
		}
		at := u.begin.Add(time.Duration(i) * truthInterval).UnixMilli()
		for _, name := range names {
			batch = append(batch, storage.Sample{Labels: series[name], Time: at, Value: math.Round(gauge[name]*1e4) / 1e4})
		}
		for key, ls := range counters {
			v := math.Round(count[key])
			if strings.HasPrefix(key, "cpu") {
				v = math.Round(count[key]) / 100
			}
			batch = append(batch, storage.Sample{Labels: ls, Time: at, Value: v})
		}
		if born < died && i >= born && i < died {
			batch = append(batch, storage.Sample{Labels: late, Time: at, Value: float64(i % 10)})
		}
		if len(batch) > 20_000 {
			flush()
		}
	}
	flush()
}

// down reports whether a server is silent at a scrape, and whether it has just restarted.
func (u *truth) down(server string, scrape int) (out, restart bool) {
	for _, o := range u.outages[server] {
		out = out || scrape >= o.from && scrape < o.to
		restart = restart || o.restart && scrape == o.to
	}
	return out, restart
}

// dense reports whether every server was scraped around a time.
func (u *truth) dense(at time.Time) bool {
	i := int(at.Sub(u.begin) / truthInterval)
	if i < 4 || i > u.scrapes()-1 {
		return i == u.scrapes()
	}
	for server := range u.outages {
		for d := -3; d <= 3; d++ {
			if out, _ := u.down(server, i+d); out {
				return false
			}
		}
	}
	return true
}

// question is a random expression, what it means in terms of samples, and what is promised about it.
type question struct {
	expr, truth string
	tolerance   float64
	spans       []span // where scraping has to go on at both ends
}

// span is a range that ends some time before the evaluation, or at a fixed time.
type span struct {
	back, length time.Duration
	fixed        time.Time
}

type asker struct {
	*rand.Rand
	u          *truth
	resolution time.Duration
}

func (a *asker) pick(list ...string) string { return list[a.IntN(len(list))] }

// windows is a random number of windows from least on.
func (a *asker) windows(least, most int) time.Duration {
	return time.Duration(least+a.IntN(most-least+1)) * a.resolution
}

func (a *asker) matchers() string {
	return a.pick("", "", `{server="2"}`, `{server!="1"}`, `{server=~"1|3"}`, `{job=~".+",server!~"3"}`, `{instance=~"h[12]:1"}`)
}

func (a *asker) question() question {
	q := a.leaf()
	if a.IntN(4) == 0 {
		other := a.leaf()
		op := a.pick("+", "/", "*")
		on := " on (server, job) group_left () "
		wrap := func(l, r string) string { return fmt.Sprintf("(%s) %s%s max by (server, job) (%s)", l, op, on, r) }
		q = question{wrap(q.expr, other.expr), wrap(q.truth, other.truth), q.tolerance + other.tolerance*1.02,
			append(q.spans, other.spans...)}
	}
	switch a.IntN(5) {
	case 0:
		agg := a.pick("sum by (server)", "avg", "max without (device)", "min by (job)", "count", "group by (server)", "sum without (instance)")
		q.expr, q.truth = agg+"("+q.expr+")", agg+"("+q.truth+")"
	case 1:
		q.expr, q.truth = "2 * -("+q.expr+")", "2 * -("+q.truth+")"
	}
	return q
}

func (a *asker) leaf() question {
	gauge := a.pick("walk", "spike", "steps", "frost", "level", "late") + a.matchers()
	counter := a.pick("bytes_total", "cpu_seconds_total") + a.matchers()
	length := a.windows(2, 14)
	modifier, moved := "", time.Duration(0)
	var fixed time.Time
	switch a.IntN(6) {
	case 0:
		moved = a.windows(1, 10)
		modifier = fmt.Sprintf(" offset %dms", moved.Milliseconds())
	case 1:
		fixed = a.u.begin.Add(a.u.end.Sub(a.u.begin) / 2).Add(a.windows(0, 10))
		modifier = fmt.Sprintf(" @ %d", fixed.Unix())
	}
	over := func(f, what string) string {
		return fmt.Sprintf("%s(%s[%dms]%s)", f, what, length.Milliseconds(), modifier)
	}
	same := func(expr string, tolerance float64) question {
		return question{expr: expr, truth: expr, tolerance: tolerance}
	}
	switch a.IntN(8) {
	case 0, 1:
		q := same(over(a.pick("rate", "increase"), counter), 0.01)
		q.spans = []span{{moved, length, fixed}}
		return q
	case 2, 3:
		return same(over("avg_over_time", gauge), 0.005)
	case 4:
		return same(over(a.pick("min_over_time", "max_over_time", "count_over_time", "present_over_time"), gauge), 1e-9)
	case 5:
		return same(over("sum_over_time", gauge), 0.005)
	case 6:
		return question{expr: gauge + modifier + " * 1", truth: fmt.Sprintf("avg_over_time(%s[%dms]%s)", gauge, a.resolution.Milliseconds(), modifier), tolerance: 0.005,
			spans: []span{{moved, a.resolution, fixed}}}
	}
	// A subquery over ranges that do not overlap its steps.
	outer := a.windows(3, 8)
	inner := a.windows(2, 4)
	expr := fmt.Sprintf("%s(%s(%s[%dms])[%dms:%dms]%s)", a.pick("max_over_time", "min_over_time", "sum_over_time"),
		a.pick("avg_over_time", "max_over_time"), gauge, inner.Milliseconds(), outer.Milliseconds(), a.resolution.Milliseconds(), modifier)
	return same(expr, 0.005)
}

func (q question) askable(u *truth, at time.Time) bool {
	for _, s := range q.spans {
		end := s.fixed
		if end.IsZero() {
			end = at.Add(-s.back)
		}
		start := end.Add(-s.length)
		if !u.dense(start) || !u.dense(end) || !u.enough(start, end) {
			return false
		}
	}
	return true
}

// enough reports whether every server was scraped all the time or often.
func (u *truth) enough(start, end time.Time) bool {
	first, last := int(start.Sub(u.begin)/truthInterval), int(end.Sub(u.begin)/truthInterval)
	for server := range u.outages {
		scraped := 0
		for i := first; i < last; i++ {
			if out, _ := u.down(server, i); !out {
				scraped++
			}
		}
		if scraped < last-first && scraped < 150 {
			return false
		}
	}
	return true
}

var rollupTiers = []struct {
	name       tsdb.Resolution
	resolution time.Duration
}{{tsdb.ResolutionFiveMinutes, 5 * time.Minute}, {tsdb.ResolutionHour, time.Hour}}

// TestTiersAgainstTruth asks random questions of each rollup tier.
func TestTiersAgainstTruth(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TIERS_SEED"); text != "" {
		fmt.Sscan(text, &seed)
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	worlds, questions := 4, 250
	if raceDetector {
		worlds, questions = 1, 60 // it makes each ten times as slow
	}
	asked, compared := 0, 0
	for range worlds {
		u := newTruth(t, r, 3)
		for range questions {
			for _, tier := range rollupTiers {
				name, resolution := tier.name, tier.resolution
				a := asker{r, u, resolution}
				q := a.question()
				step := a.windows(1, 3)
				from := u.begin.Add(time.Duration(r.Int64N(int64(u.end.Sub(u.begin)/resolution))) * resolution)
				to := from.Add(step * time.Duration(r.IntN(8)))
				if to.After(u.end) {
					to = u.end
				}
				n, diff := u.compare(t, q, name, from, to, step)
				if diff != "" {
					t.Fatalf("seed %d, tier %s, %s\nfrom %s to %s step %s: %s", seed, name, q.expr, from.UTC(), to.UTC(), step, diff)
				}
				compared += n
			}
			asked++
		}
	}
	t.Logf("%d questions, %d points compared", asked, compared)
	if compared < 10*asked {
		t.Errorf("only %d points of %d questions could be compared", compared, asked)
	}
}

// compare asks one tier and the samples and returns how many points were compared and what differs.
func (u *truth) compare(t *testing.T, q question, resolution tsdb.Resolution, from, to time.Time, step time.Duration) (int, string) {
	t.Helper()
	got, err := u.db.PromQueryRange(t.Context(), q.expr, from, to, step, tsdb.QueryOptions{MaxSourceResolution: resolution})
	if err != nil {
		return 0, err.Error()
	}
	want, err := u.db.PromQueryRange(t.Context(), q.truth, from, to, step, tsdb.QueryOptions{MaxSourceResolution: tsdb.ResolutionRaw})
	if err != nil {
		return 0, err.Error()
	}
	return u.diff(q, matrixOf(got), matrixOf(want), from, to, step)
}

func (u *truth) diff(q question, got, want map[string][]promql.FPoint, from, to time.Time, step time.Duration) (n int, diff string) {
	for ls, points := range got {
		for i := 1; i < len(points); i++ {
			if points[i].T <= points[i-1].T {
				return n, fmt.Sprintf("%s has a double point at %d", ls, points[i].T)
			}
		}
	}
	for at := from; !at.After(to); at = at.Add(step) {
		if !q.askable(u, at) {
			continue
		}
		g, w := at1(got, at), at1(want, at)
		for ls, v := range w {
			mine, ok := g[ls]
			if !ok {
				return n, fmt.Sprintf("%s is missing at %s, the truth is %v", ls, at.UTC(), v)
			}
			if math.Abs(mine-v) > q.tolerance*math.Abs(v)+1e-9 && !(math.IsNaN(mine) && math.IsNaN(v)) {
				return n, fmt.Sprintf("%s is %v at %s, the truth is %v", ls, mine, at.UTC(), v)
			}
			n++
		}
		for ls, v := range g {
			if _, ok := w[ls]; !ok {
				return n, fmt.Sprintf("%s is %v at %s, in truth it is not there", ls, v, at.UTC())
			}
		}
	}
	return n, ""
}

// at1 returns the values of one time.
func at1(m map[string][]promql.FPoint, at time.Time) map[string]float64 {
	out := map[string]float64{}
	for ls, points := range m {
		for _, p := range points {
			if p.T == at.UnixMilli() {
				out[ls] = p.F
			}
		}
	}
	return out
}
