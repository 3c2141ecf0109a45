package scrape

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// fakeFleet is a fleet in memory whose agents are functions: what a bubble of synctest can hold.
type fakeFleet struct {
	mu      sync.Mutex
	list    []storage.Server
	clients map[int64]*api.Client
	reports map[int64][]error
	subs    []chan struct{}
}

func newFakeFleet() *fakeFleet {
	return &fakeFleet{clients: map[int64]*api.Client{}, reports: map[int64][]error{}}
}

// put adds or replaces a server and tells the scraper.
func (f *fakeFleet) put(srv storage.Server, agent http.RoundTripper) {
	f.putClient(srv, api.NewClient(srv.URL, &http.Client{Transport: agent}))
}

func (f *fakeFleet) putClient(srv storage.Server, client *api.Client) {
	f.mu.Lock()
	f.list = append(slices.DeleteFunc(f.list, func(s storage.Server) bool { return s.ID == srv.ID }), srv)
	f.clients[srv.ID] = client
	f.mu.Unlock()
	f.notify()
}

func (f *fakeFleet) remove(id int64) {
	f.mu.Lock()
	f.list = slices.DeleteFunc(f.list, func(s storage.Server) bool { return s.ID == id })
	f.mu.Unlock()
	f.notify()
}

func (f *fakeFleet) notify() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.subs {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (f *fakeFleet) Active() []storage.Server {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.list), func(s storage.Server) bool { return !s.IsActive })
}

func (f *fakeFleet) Subscribe() (<-chan struct{}, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan struct{}, 1)
	f.subs = append(f.subs, c)
	return c, func() {}
}

func (f *fakeFleet) Client(id int64) (*api.Client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.clients[id]; ok {
		return c, nil
	}
	return nil, storage.ErrNotFound
}

func (f *fakeFleet) Report(id int64, err error, _ time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports[id] = append(f.reports[id], err)
}

func (f *fakeFleet) reported(id int64) []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.reports[id])
}

// agentFunc answers the requests of one agent: a page and an error per set; "document" is the metrics document.
type agentFunc func(ctx context.Context, set string, q map[string][]string) (string, error)

func (f agentFunc) RoundTrip(r *http.Request) (*http.Response, error) {
	set := r.URL.Query().Get("set")
	if r.URL.Path == api.PathMetrics {
		set = "document"
	}
	body, err := f(r.Context(), set, r.URL.Query())
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// good is an agent that always answers at once.
func good(_ context.Context, set string, _ map[string][]string) (string, error) {
	if set == "document" {
		b, err := json.Marshal(api.Metrics{ServerName: "good"})
		return string(b), err
	}
	return "load 1\nmemory 2\n", nil
}

// hanging is one that takes requests and never answers.
func hanging(ctx context.Context, _ string, _ map[string][]string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// fakeStore remembers every row that was written, by series as text.
type fakeStore struct {
	mu   sync.Mutex
	rows map[string][]storage.Point
	fail error
}

func (st *fakeStore) open(labels []storage.Label, _ ...string) exposition {
	return &fakeExposition{st, labels, map[string]bool{}, map[string]bool{}}
}

// write adds a row; of a sample and a marker of the same time the sample stays, as in the real store.
func (st *fakeStore) write(series string, at time.Time, v float64) {
	rows := st.rows[series]
	if n := len(rows); n > 0 && rows[n-1].Time == at.UnixMilli() && isStale(rows[n-1].Value) {
		rows = rows[:n-1]
	}
	st.rows[series] = append(rows, storage.Point{Time: at.UnixMilli(), Value: v})
}

// series returns the rows of a series such as `up{job="node",instance="a:1",server="1"}`.
func (st *fakeStore) series(name string) []storage.Point {
	st.mu.Lock()
	defer st.mu.Unlock()
	return slices.Clone(st.rows[name])
}

// fakeExposition keeps the contract of tsdb.Exposition: vanished series get a staleness marker.
type fakeExposition struct {
	st     *fakeStore
	labels []storage.Label
	last   map[string]bool // series of the page
	meta   map[string]bool
}

func (e *fakeExposition) name(series string) string {
	var own []string
	for _, l := range e.labels {
		own = append(own, l.Name+"="+strconv.Quote(l.Value))
	}
	if len(own) == 0 {
		return series
	}
	return series + "{" + strings.Join(own, ",") + "}"
}

func (e *fakeExposition) Append(page []byte, at time.Time) (tsdb.ExpositionStats, error) {
	e.st.mu.Lock()
	defer e.st.mu.Unlock()
	if e.st.fail != nil {
		return tsdb.ExpositionStats{}, e.st.fail
	}
	now := map[string]bool{}
	for line := range bytes.Lines(page) {
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "#") {
			continue
		}
		cut := strings.LastIndexByte(text, ' ')
		v, err := strconv.ParseFloat(text[cut+1:], 64)
		if err != nil {
			return tsdb.ExpositionStats{}, &tsdb.PageError{Err: tsdb.ErrPageSyntax}
		}
		now[text[:cut]] = true
		e.st.write(e.name(text[:cut]), at, v)
	}
	for series := range e.last {
		if !now[series] {
			e.st.write(e.name(series), at, stale)
		}
	}
	e.last = now
	return tsdb.ExpositionStats{Samples: len(now)}, nil
}

func (e *fakeExposition) AppendMeta(samples ...storage.Sample) error {
	e.st.mu.Lock()
	defer e.st.mu.Unlock()
	if e.st.fail != nil {
		return e.st.fail
	}
	for _, s := range samples {
		e.meta[s.Labels[0].Value] = true
		e.st.write(e.name(s.Labels[0].Value), time.UnixMilli(s.Time), s.Value)
	}
	return nil
}

func (e *fakeExposition) Stale(at time.Time) error {
	e.st.mu.Lock()
	defer e.st.mu.Unlock()
	for _, series := range slices.Concat(slices.Collect(maps.Keys(e.last)), slices.Collect(maps.Keys(e.meta))) {
		e.st.write(e.name(series), at, stale)
	}
	clear(e.last)
	clear(e.meta)
	return e.st.fail
}

// stale is the staleness marker as Prometheus defines it.
var stale = math.Float64frombits(0x7ff0000000000002)

func isStale(v float64) bool { return math.Float64bits(v) == math.Float64bits(stale) }

func server(id int64) storage.Server {
	return storage.Server{ID: id, Name: fmt.Sprintf("node %d", id), URL: fmt.Sprintf("https://10.0.0.%d:9100", id), IsActive: true}
}

func seriesOf(name, job string, id int64) string {
	return fmt.Sprintf(`%s{job=%q,instance="10.0.0.%d:9100",server="%d"}`, name, job, id, id)
}

// testScraper is a scraper of an empty fake fleet, with intervals of 10 and 60 s.
func testScraper(t testing.TB) (*Scraper, *fakeFleet, *fakeStore) {
	t.Helper()
	f, st := newFakeFleet(), &fakeStore{rows: map[string][]storage.Point{}}
	s := newScraper(Options{
		Interval:         func() time.Duration { return 10 * time.Second },
		ServicesInterval: func() time.Duration { return time.Minute },
		Log:              slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	}, f, st.open)
	return s, f, st
}

// start runs the scraper for the rest of a bubble.
func start(t testing.TB, s *Scraper) {
	t.Helper()
	go func() {
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
}
