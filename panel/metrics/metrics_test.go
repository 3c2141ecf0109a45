package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/dashboards"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

const interval = 10 * time.Second

// fakeFleet knows servers whose agents speak plain HTTP.
type fakeFleet struct {
	servers []storage.Server
	agents  map[int64]string // base URL
}

func (f *fakeFleet) Server(id int64) (storage.Server, error) {
	for _, s := range f.servers {
		if s.ID == id {
			return s, nil
		}
	}
	return storage.Server{}, storage.ErrNotFound
}

func (f *fakeFleet) Active() []storage.Server {
	return slices.DeleteFunc(slices.Clone(f.servers), func(s storage.Server) bool { return !s.IsActive })
}

func (f *fakeFleet) Client(id int64) (*api.Client, error) {
	if f.agents[id] == "" {
		return nil, storage.ErrNotFound
	}
	return api.NewClient(f.agents[id], http.DefaultClient), nil
}

// bench is a running feature over an empty database.
type bench struct {
	db    *tsdb.DB
	fleet *fakeFleet
	last  map[int64]api.Metrics
	svc   *Service
	url   string
}

// start has servers 1 and 2, and 3, which is disabled.
func start(t *testing.T) *bench {
	t.Helper()
	return startOn(t, storagetest.TSDB(t))
}

func startOn(t *testing.T, db *tsdb.DB) *bench {
	t.Helper()
	pages, err := dashboards.Load()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		db:    db,
		fleet: &fakeFleet{servers: []storage.Server{{ID: 1, IsActive: true}, {ID: 2, IsActive: true}, {ID: 3}}, agents: map[int64]string{}},
		last:  map[int64]api.Metrics{},
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b.svc = New(Options{
		DB: b.db, Fleet: b.fleet, Pages: pages, Log: log, Interval: func() time.Duration { return interval },
		Last: func(id int64) (api.Metrics, time.Time, bool) {
			m, ok := b.last[id]
			return m, m.Timestamp, ok
		},
	})
	mux := resttest.Open(t)
	mux.Mount("/api/proxy/{id}", rest.Only(rest.FleetRead), b.svc.Routes)
	mux.Mount("/api/fleet", rest.Only(rest.FleetRead), b.svc.FleetRoutes)
	mux.Mount("/api/dashboards", rest.Only(rest.FleetRead), b.svc.DashboardRoutes)
	b.url = resttest.Listen(t, mux)
	return b
}

// get answers the status and the body.
func (b *bench) get(t *testing.T, path string) (int, []byte) {
	t.Helper()
	status, answer := resttest.Call(t, http.MethodGet, b.url+path, "")
	return status, []byte(answer)
}

// must decodes a success into T.
func must[T any](t *testing.T, b *bench, path string) T {
	t.Helper()
	status, body := b.get(t, path)
	var out T
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%s: %s: %v", path, body, err)
	}
	return out
}

// refused checks an error answer.
func (b *bench) refused(t *testing.T, path string, wantStatus int, wantCode, wantField string) {
	t.Helper()
	status, body := b.get(t, path)
	var got rest.Error
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %d %q: %v", path, status, body, err)
	}
	if status != wantStatus || got.Code != wantCode || got.Field != wantField || got.Detail == "" {
		t.Errorf("%s: %d %+v, want %d %s %s", path, status, got, wantStatus, wantCode, wantField)
	}
}

// series are the samples of one series, as a test made them.
type series struct {
	labels []storage.Label
	points []storage.Point
}

// record stores samples of one server at multiples of the interval and makes them visible.
func (b *bench) record(t *testing.T, all ...series) {
	t.Helper()
	var samples []storage.Sample
	for _, one := range all {
		for _, p := range one.points {
			samples = append(samples, storage.Sample{Labels: one.labels, Time: p.Time, Value: p.Value})
		}
	}
	if err := b.db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := b.db.RunOnce(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// metric makes a series of the host job of a server; pairs are further labels.
func metric(server int, name string, points []storage.Point, pairs ...string) series {
	s := series{points: points, labels: []storage.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "node"}, {Name: "server", Value: strconv.Itoa(server)}}}
	if !slices.Contains(pairs, "instance") {
		pairs = append(pairs, "instance", "192.0.2.1:9100")
	}
	for i := 0; i < len(pairs); i += 2 {
		s.labels = append(s.labels, storage.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return s
}

// grid is every scrape from ago until a minute from now, so that a slow test still has a newest sample.
func grid(ago time.Duration) []int64 {
	now := time.Now()
	var out []int64
	for at := floor(now.Add(-ago), interval); at.Before(now.Add(time.Minute)); at = at.Add(interval) {
		out = append(out, at.UnixMilli())
	}
	return out
}

// constant is the same value at every scrape.
func constant(value float64, times []int64) []storage.Point {
	out := make([]storage.Point, len(times))
	for i, ms := range times {
		out[i] = storage.Point{Time: ms, Value: value}
	}
	return out
}

// noisy is a random value at each scrape of the last two hours, with holes of all lengths.
func noisy(seed uint64) []storage.Point {
	rnd := rand.New(rand.NewPCG(seed, 0))
	var out []storage.Point
	silent := 0
	for _, ms := range grid(2 * time.Hour) {
		if silent--; silent > 0 {
			continue
		}
		if rnd.IntN(30) == 0 {
			silent = 1 + rnd.IntN(60)
		}
		out = append(out, storage.Point{Time: ms, Value: math.Round(rnd.Float64()*1000) / 1000})
	}
	return out
}

// reduced is what a point at ms must show: f over the samples in (ms-step, ms], NaN without any.
func reduced(points []storage.Point, ms int64, step time.Duration, f func([]float64) float64) float64 {
	var values []float64
	for _, p := range points {
		if p.Time > ms-step.Milliseconds() && p.Time <= ms {
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		return math.NaN()
	}
	return f(values)
}

func mean(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total / float64(len(values))
}

// sameAs compares an answer's number with an expected one to the digits that are sent; nil is a hole.
func sameAs(got *float64, want float64) bool {
	if got == nil || math.IsNaN(want) {
		return got == nil && math.IsNaN(want)
	}
	return math.Abs(*got-want) <= 1e-5*max(1, math.Abs(want))
}

func show(v *float64) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(*v)
}

func TestDashboardPage(t *testing.T) {
	t.Parallel()
	b := start(t)
	page := must[dashboards.Page](t, b, "/api/dashboards/server")
	if len(page.Charts) == 0 || page.Charts[0].ID != "cpu" {
		t.Errorf("page %+v", page)
	}
	b.refused(t, "/api/dashboards/nothing", 404, "not_found", "")
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := start(t)
	f := func(path string, status int, code, field string) {
		t.Helper()
		b.refused(t, path, status, code, field)
	}
	for _, path := range []string{"metrics", "metrics/live", "metrics/history", "metrics/chart/cpu", "processes"} {
		f("/api/proxy/99/"+path, 404, "not_found", "")
		f("/api/proxy/x/"+path, 404, "not_found", "")
		f("/api/proxy/-1/"+path, 404, "not_found", "")
	}
	for _, path := range []string{"/api/proxy/1/metrics/history", "/api/proxy/1/metrics/chart/cpu"} {
		f(path+"?period=2h", 400, "invalid", "period")
		f(path+"?from_time=soon", 400, "invalid", "from_time")
		f(path+"?to_time=soon", 400, "invalid", "to_time")
		f(path+"?from_time=2026-01-02T00:00:00Z&to_time=2026-01-01T00:00:00Z", 400, "invalid", "from_time")
		f(path+"?from_time=1999-01-01T00:00:00Z", 400, "invalid", "from_time")
	}
	f("/api/proxy/1/metrics/history?limit=0", 400, "invalid", "limit")
	f("/api/proxy/1/metrics/history?limit=5001", 400, "invalid", "limit")
	f("/api/proxy/1/metrics/history?limit=ten", 400, "invalid", "limit")
	f("/api/proxy/1/metrics/history?include_per_cpu=perhaps", 400, "invalid", "include_per_cpu")
	f("/api/proxy/1/metrics/chart/nothing", 404, "not_found", "")
	f("/api/proxy/1/metrics/chart/cpu?points=9", 400, "invalid", "points")
	f("/api/proxy/1/metrics/chart/cpu?points=1e3", 400, "invalid", "points")
	f("/api/fleet/sparklines?minutes=1", 400, "invalid", "minutes")
	f("/api/fleet/sparklines?points=241", 400, "invalid", "points")
}

// Too much to do is an answer that a client can act on; any other error stays what it is.
func TestOverload(t *testing.T) {
	t.Parallel()
	s := start(t).svc
	expired, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	broken := errors.New("broken")
	f := func(ctx context.Context, err error, wantCode string) {
		t.Helper()
		got := s.overload(ctx, err)
		if re, ok := errors.AsType[*rest.Error](got); ok {
			if re.Status != http.StatusServiceUnavailable || re.Code != wantCode {
				t.Errorf("%v: %d %s, want 503 %s", err, re.Status, re.Code, wantCode)
			}
		} else if wantCode != "" || !errors.Is(got, err) {
			t.Errorf("%v: %v, want %s", err, got, wantCode)
		}
	}
	f(t.Context(), tsdb.ErrBusy, "busy")
	f(expired, broken, "query_timeout")
	f(t.Context(), broken, "")
	if _, err := s.queryRange(expired, "up", cut(time.Now().Add(-time.Hour), time.Now(), time.Minute)); err == nil {
		t.Error("a query ran after its deadline")
	}
}
