package scrape

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/panel/fleet"
	"monitoring/panel/scrape/simulate"
	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// agentBench is one simulated agent over real TLS, its target, and a real store.
type agentBench struct {
	t      *testing.T
	s      *Scraper
	fleet  *fakeFleet
	db     *tsdb.DB
	agent  *simulate.Agent
	target *target
	wall   time.Time
	took   time.Duration // by the last scrape
}

func newAgentBench(t *testing.T) *agentBench {
	t.Helper()
	ca, err := simulate.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	agent, client, err := ca.Start("agent1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Close)
	b := &agentBench{t: t, agent: agent, db: storagetest.TSDB(t), fleet: newFakeFleet(), wall: time.Now().Add(-time.Hour).Truncate(time.Second)}
	srv := storage.Server{ID: 1, Name: "one", URL: agent.URL(), IsActive: true}
	b.fleet.putClient(srv, client)
	b.s = newScraper(Options{
		DB: b.db, Interval: func() time.Duration { return 10 * time.Second }, ServicesInterval: func() time.Duration { return time.Minute },
		Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	}, b.fleet, storeOf(b.db))
	b.s.wall = func() time.Time { return b.wall }
	b.s.track(map[key]storage.Server{{id: 1}: srv})
	b.target = b.s.newTarget(srv, setHost)
	return b
}

// scrape scrapes once with a behaviour, ten seconds after the last time by the wall clock, and returns what was reported.
func (b *agentBench) scrape(behaviour simulate.Behaviour) error {
	b.t.Helper()
	b.agent.Set(behaviour)
	b.wall = b.wall.Add(10 * time.Second)
	start := time.Now()
	b.target.scrape(b.t.Context(), schedule{interval: b.target.interval(), slot: start})
	b.took = time.Since(start)
	if err := b.db.RunOnce(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	reports := b.fleet.reported(1)
	return reports[len(reports)-1]
}

// value is the result of an instant query that yields one number; 0 for an empty one.
func (b *agentBench) value(expr string) float64 {
	b.t.Helper()
	series, err := b.db.Query(b.t.Context(), expr, b.wall)
	if err != nil || len(series) > 1 {
		b.t.Fatalf("%s: %v, %d series", expr, err, len(series))
	}
	if len(series) == 0 {
		return 0
	}
	return series[0].Points[0].Value
}

const pageSeries = `count({server="1",job="node",__name__!~"up|scrape_.*"})`

// badPage is a good page, then a bad one, which must leave nothing but up=0, then a good one again.
func badPage(t *testing.T, behaviour simulate.Behaviour, interval time.Duration, wantText string, wantCode int, wantReason string) {
	t.Helper()
	b := newAgentBench(t)
	series := float64(simulate.Series(setHost))
	if err := b.scrape(simulate.Normal); err != nil {
		t.Fatalf("good page: %v", err)
	}
	if got := b.value(pageSeries); got != series {
		t.Fatalf("good page: %v series, want %v", got, series)
	}

	b.target.interval = func() time.Duration { return interval } // a short one has a short deadline
	err := b.scrape(behaviour)
	b.target.interval = b.s.interval
	text, code := fleet.Classify(err)
	if !strings.Contains(text.English, wantText) || code != wantCode {
		t.Errorf("reported %q, %d, want %q, %d (%v)", text, code, wantText, wantCode, err)
	}
	if n := testutil.ToFloat64(b.s.counters.errors.WithLabelValues(wantReason)); n != 1 {
		t.Errorf("%v errors with reason %q were counted (%v)", n, wantReason, err)
	}
	if up, got := b.value(`up{server="1",job="node"}`), b.value(pageSeries); up != 0 || got != 0 {
		t.Errorf("after the bad page: up is %v and %v series live, want none", up, got)
	}
	if got := b.value(`count(last_over_time({server="1",__name__!~"up|scrape_.*"}[1h]))`); got != series {
		t.Errorf("%v series were ever stored, want those of the good page", got)
	}

	if err := b.scrape(simulate.Normal); err != nil {
		t.Errorf("good page after the bad one: %v", err)
	}
	if up, got := b.value(`up{server="1",job="node"}`), b.value(pageSeries); up != 1 || got != series {
		t.Errorf("after the recovery: up is %v, %v series, want 1 and %v", up, got, series)
	}
}

func TestBadPages(t *testing.T) {
	t.Parallel()
	f := func(name string, behaviour simulate.Behaviour, interval time.Duration, wantText string, wantCode int, wantReason string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			badPage(t, behaviour, interval, wantText, wantCode, wantReason)
		})
	}
	const short, long = 2 * time.Second, 10 * time.Second
	f("hangs", simulate.Hang, short, "Connection timeout", 504, "timeout")
	f("hangs in the body", simulate.HangMidBody, short, "Connection timeout", 504, "timeout")
	f("closes the connection", simulate.Refuse, long, "Unknown error", 500, "connection")
	f("cut off", simulate.CutOff, long, "cut off", 500, "page")
	f("connection breaks", simulate.BrokenBody, long, "cut off", 500, "page")
	f("binary", simulate.Binary, long, "binary", 500, "page")
	f("HTML", simulate.HTML, long, "is HTML", 500, "page")
	f("no exposition", simulate.Garbled, long, "not the Prometheus text format", 500, "page")
	f("HTTP 500", simulate.Failing, long, "Server error: HTTP 500", 500, "status")
}

// TestLargePages is not parallel: tens of megabytes have to arrive before the deadline.
func TestLargePages(t *testing.T) {
	f := func(name string, behaviour simulate.Behaviour, wantText, wantReason string) {
		t.Run(name, func(t *testing.T) {
			badPage(t, behaviour, 10*time.Second, wantText, 500, wantReason)
		})
	}
	f("huge", simulate.Huge, "larger than allowed", "too_large")
	f("million series", simulate.MillionSeries, "more samples than allowed", "page")
}

func TestUnusualPagesThatAreGood(t *testing.T) {
	t.Parallel()
	f := func(name string, behaviour simulate.Behaviour, least time.Duration) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newAgentBench(t)
			if err := b.scrape(behaviour); err != nil {
				t.Fatal(err)
			}
			if b.took < least {
				t.Errorf("took %s, want at least %s", b.took, least)
			}
			if up, got := b.value(`up{server="1"}`), b.value(pageSeries); up != 1 || got != float64(simulate.Series(setHost)) {
				t.Errorf("up is %v, %v series", up, got)
			}
		})
	}
	f("slow", simulate.Slow, simulate.SlowAnswer)
	f("wrong content type", simulate.WrongType, 0) // the content decides
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	b := newAgentBench(t)
	b.agent.Close()
	err := b.scrape(simulate.Normal)
	if text, code := fleet.Classify(err); text.English != "Connection refused" || code != 502 {
		t.Errorf("reported %q, %d (%v)", text, code, err)
	}
}

// TestStrangersForgeNothing: labels of ours in a page are renamed, and so are the names of what the panel itself measures.
func TestStrangersForgeNothing(t *testing.T) {
	t.Parallel()
	b := newAgentBench(t)
	page := "load{server=\"2\",instance=\"other:9100\",job=\"panel\"} 1\n" +
		"panel_notify_waiting{job=\"panel\"} 1000\n" +
		"panel_server_info{server=\"2\",name=\"forged\"} 1\n" +
		"ALERTS{alertname=\"AgentDown\",alertstate=\"firing\",server=\"2\"} 1\n" +
		"prometheus_rule_evaluation_failures_total 5\n"
	if _, err := b.target.page.Append([]byte(page), b.wall); err != nil {
		t.Fatal(err)
	}
	if err := b.db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := func(expr string, want float64) {
		t.Helper()
		if got := b.value("count(" + expr + ")"); got != want {
			t.Errorf("%s: %v series, want %v", expr, got, want)
		}
	}
	f(`{server=~".+",server!="1"}`, 0)
	f(`{job=~".+",job!="node"}`, 0)
	f(`{__name__=~"panel_.*|ALERTS.*|prometheus_.*"}`, 0)
	f(`load{server="1",exported_server="2",exported_instance="other:9100",exported_job="panel"}`, 1)
	f(`exported_panel_server_info{name="forged"}`, 1)
	f(`{__name__=~"exported_.*"}`, 4)
}

func TestStrangersAgentIsRefused(t *testing.T) {
	t.Parallel()
	b := newAgentBench(t)
	other, err := simulate.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	b.fleet.putClient(storage.Server{ID: 1, URL: b.agent.URL(), IsActive: true}, other.Client("agent1", b.agent.URL()))
	if err := b.scrape(simulate.Normal); err == nil {
		t.Error("the panel took a page from an agent that its CA does not know")
	}
	if n := b.agent.Requests(); n != 0 {
		t.Errorf("the agent served %d pages to a panel that it does not know", n)
	}
}

func TestConnectionIsKept(t *testing.T) {
	t.Parallel()
	b := newAgentBench(t)
	for range 5 {
		if err := b.scrape(simulate.Normal); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.agent.Connections(); n != 1 {
		t.Errorf("five scrapes took %d connections, want one", n)
	}
	if doc, _, ok := b.s.Last(1); !ok || doc.ServerName != "sim-agent1" {
		t.Errorf("last document of %q", doc.ServerName)
	}
}

func TestClockJumpsInTheStore(t *testing.T) {
	t.Parallel()
	f := func(jump time.Duration) {
		t.Helper()
		b := newAgentBench(t)
		for range 3 {
			if err := b.scrape(simulate.Normal); err != nil {
				t.Fatal(err)
			}
		}
		b.wall = b.wall.Add(jump)
		for range 3 {
			if err := b.scrape(simulate.Normal); err != nil {
				t.Errorf("after a jump of %s: %v", jump, err)
			}
		}
		if got := b.value(`count_over_time(up{server="1"}[25s])`); got != 3 {
			t.Errorf("after a jump of %s the wall clock's last 25 s hold %v scrapes, want 3", jump, got)
		}
		if n := testutil.ToFloat64(b.s.counters.errors.WithLabelValues("store")); n != 0 {
			t.Errorf("after a jump of %s %v writes failed", jump, n)
		}
	}
	f(time.Hour)
	f(-time.Hour)
}
