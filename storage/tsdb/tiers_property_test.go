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

var rollupTiers = []struct {
	name       tsdb.Resolution
	resolution time.Duration
}{{tsdb.ResolutionFiveMinutes, 5 * time.Minute}, {tsdb.ResolutionHour, time.Hour}}

// TestTiersAgainstTruth asks random questions of each rollup tier.
func TestTiersAgainstTruth(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TIERS_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatalf("TIERS_SEED: %v", err)
		}
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
	raw := func(expr string) map[string][]promql.FPoint {
		r, err := u.db.PromQueryRange(t.Context(), expr, from, to, step, tsdb.QueryOptions{MaxSourceResolution: tsdb.ResolutionRaw})
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		return matrixOf(r)
	}
	want, slack := raw(q.truth), map[string][]promql.FPoint{}
	if q.slack != "" {
		slack = raw(q.slack)
	}
	return u.diff(q, matrixOf(got), want, slack, from, to, step)
}

func (u *truth) diff(q question, got, want, slack map[string][]promql.FPoint, from, to time.Time, step time.Duration) (n int, diff string) {
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
		g, w, s := at1(got, at), at1(want, at), at1(slack, at)
		for ls, v := range w {
			mine, ok := g[ls]
			if !ok {
				return n, fmt.Sprintf("%s is missing at %s, the truth is %v", ls, at.UTC(), v)
			}
			allowed := q.tolerance * math.Abs(v)
			if q.slack != "" {
				allowed, ok = s[ls]
			}
			if !ok || !inside(mine, v, allowed+1e-9) {
				return n, fmt.Sprintf("%s is %v at %s, the truth is %v, give or take %v", ls, mine, at.UTC(), v, allowed)
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

// inside reports whether two numbers are the same, or no further from each other than is allowed. Only infinity is near
// infinity.
func inside(a, b, allowed float64) bool {
	if math.IsInf(a, 0) || math.IsInf(b, 0) {
		return a == b
	}
	return math.Abs(a-b) <= allowed || math.IsNaN(a) && math.IsNaN(b)
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
