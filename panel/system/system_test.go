package system

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/clickhouse"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// fakeFleet knows servers whose agents speak plain HTTP.
type fakeFleet struct {
	servers []storage.Server
	agents  map[int64]string
}

func (f *fakeFleet) All() []storage.Server { return f.servers }

func (f *fakeFleet) Client(id int64) (*api.Client, error) {
	if f.agents[id] == "" {
		return nil, storage.ErrNotFound
	}
	return api.NewClient(f.agents[id], http.DefaultClient), nil
}

// start returns the feature and its address; change adjusts the options before.
func start(t *testing.T, change func(*Options)) (*Service, string) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	visits, err := clickhouse.Open(clickhouse.Options{Dir: t.TempDir(), Embedded: clickhouse.EmbeddedOptions{Program: "/no/such/program"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		ClickHouse: visits,
		Fleet:      &fakeFleet{}, Store: storagetest.Postgres(t), TSDB: storagetest.TSDB(t), Scrape: func() ScrapeStats { return ScrapeStats{} },
		Alerts:   func() AlertStats { return AlertStats{} },
		Messages: func(context.Context) (MessageStats, error) { return MessageStats{}, nil },
		Version:  "1.2.3", DataDir: t.TempDir(), Log: log,
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, resttest.Serve(t, "/api/system", s.Routes)
}

// get decodes a success into T.
func get[T any](t *testing.T, url string) T {
	t.Helper()
	return resttest.Decode[T](t, http.MethodGet, url, "", http.StatusOK)
}

func TestAddress(t *testing.T) {
	t.Parallel()
	f := func(domain string, wantIPs ...string) {
		t.Helper()
		_, url := start(t, func(o *Options) { o.Domain = domain })
		got := get[AddressResponse](t, url+"/panel-ip")
		if (got.Domain == nil) != (domain == "") || got.Domain != nil && *got.Domain != domain {
			t.Errorf("%q: domain %v", domain, got.Domain)
		}
		ip := ""
		if got.IP != nil {
			ip = *got.IP
		}
		if slices.Contains(wantIPs, ip) {
			return
		}
		t.Errorf("%q: ip %q, want one of %q", domain, ip, wantIPs)
	}
	f("localhost", "127.0.0.1", "::1")
	f("no-such-name.invalid", "")
	own := []string{""} // a machine without a route to the world
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		own = append(own, a.(*net.IPNet).IP.String())
	}
	f("", own...)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	agent := func(h http.HandlerFunc) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	offline := "Connection timeout"
	fleet := &fakeFleet{
		servers: []storage.Server{
			{ID: 1, Name: "a", URL: "https://192.0.2.1:9100", IsActive: true}, {ID: 2, Name: "b", IsActive: true}, {ID: 3, Name: "c", IsActive: true},
			{ID: 4, Name: "d", IsActive: true, LastError: &offline}, {ID: 5, Name: "e"},
		},
		agents: map[int64]string{
			1: agent(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != api.PathVersion {
					t.Errorf("asked for %s", r.URL.Path)
				}
				_ = json.NewEncoder(w).Encode(api.Version{Version: "0.9", Optimization: api.OptimizationInfo{Installed: true, Version: "7"}})
			}),
			2: agent(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(api.Version{Version: "1.0"})
			}),
			3: agent(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }),
			4: agent(func(http.ResponseWriter, *http.Request) { t.Error("an agent that is known to be away was asked") }),
			5: agent(func(http.ResponseWriter, *http.Request) { t.Error("the agent of a disabled server was asked") }),
		},
	}
	_, url := start(t, func(o *Options) { o.Fleet = fleet })
	got := get[VersionResponse](t, url+"/version")
	if got.Panel.Version != "1.2.3" || got.Panel.LatestVersion != "1.2.3" || got.Panel.UpdateAvailable || got.Node.LatestVersion != "1.2.3" || got.UpdateInProgress {
		t.Errorf("panel %+v, node %+v", got.Panel, got.Node)
	}
	if len(got.Nodes) != 5 {
		t.Fatalf("%d nodes", len(got.Nodes))
	}
	f := func(i int, id int64, name, status, version string, optimized bool) {
		t.Helper()
		n := got.Nodes[i]
		has := ""
		if n.Version != nil {
			has = *n.Version
		}
		if n.ID != id || n.Name != name || n.Status != status || has != version || n.Optimizations.Installed != optimized {
			t.Errorf("node %d: %+v with version %q", i, n, has)
		}
	}
	f(0, 1, "a", "online", "0.9", true)
	f(1, 2, "b", "online", "1.0", false)
	f(2, 3, "c", "error", "", false)
	f(3, 4, "d", "offline", "", false)
	f(4, 5, "e", "disabled", "", false)
	if v := got.Nodes[0].Optimizations.Version; v == nil || *v != "7" || got.Nodes[1].Optimizations.Version != nil || got.Nodes[0].URL != "https://192.0.2.1:9100" {
		t.Errorf("%+v, %+v", got.Nodes[0], got.Nodes[1])
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	stats := ScrapeStats{Targets: 5, Failing: 1, LagP99: 150 * time.Millisecond, Missed: 3, DroppedSamples: 4}
	_, url := start(t, func(o *Options) {
		o.Scrape = func() ScrapeStats { return stats }
		o.Alerts = func() AlertStats { return AlertStats{Rules: 60, Late: lateLimit, LateName: "host"} }
		o.Messages = func(context.Context) (MessageStats, error) { return MessageStats{Waiting: 2, Oldest: waitLimit}, nil }
	})
	got := get[HealthResponse](t, url+"/health")
	if want := (HealthScrape{5, 1, 0.15, 3, 4}); got.Scrape != want {
		t.Errorf("scrape %+v, want %+v", got.Scrape, want)
	}
	items := map[string]HealthItem{}
	for _, item := range got.Items {
		items[item.Name] = item
	}
	f := func(name string, wantOK bool) {
		t.Helper()
		item, found := items[name]
		if !found || item.OK != wantOK || item.OK != (item.Detail == "") {
			t.Errorf("%s: %+v, want ok %t", name, item, wantOK)
		}
	}
	f("scrape_lag", true)
	f("postgres", true)
	f("tsdb_disk", true)
	if got.Disk.TotalBytes == 0 || got.Disk.FreeBytes == 0 || got.Children == nil || len(got.Children) != 0 {
		t.Errorf("disk %+v, children %v", got.Disk, got.Children)
	}
	f("visits_waiting", true)
	f("alert_rules", true)
	f("alert_lag", true)
	f("messages_waiting", true)
	if a, m := got.Alerts, got.Messages; a.Rules != 60 || a.LateSeconds != 60 || a.LateGroup != "host" || len(a.Failures) != 0 || m.Waiting != 2 || m.OldestSeconds != 300 {
		t.Errorf("alerts %+v, messages %+v", a, m)
	}
	if c := got.ClickHouse; c.Up || !c.Installed || !c.Embedded || c.Code != "clickhouse_unavailable" || c.Detail == "" {
		t.Errorf("clickhouse %+v", c)
	}
	if items["scrape_missed"].Value != 3 || items["samples_dropped"].Value != 4 {
		t.Errorf("%+v", items)
	}
}

// Whatever is wrong makes the whole red and says what to do.
func TestHealthOfASickPanel(t *testing.T) {
	t.Parallel()
	s, url := start(t, func(o *Options) {
		o.Scrape = func() ScrapeStats { return ScrapeStats{LagP99: 4 * time.Second} }
		o.TSDB = fullTSDB(t)
		o.Alerts = func() AlertStats {
			return AlertStats{Failures: []AlertFailure{{"host: CPUBusy", "no such function"}, {"settle", "no database"}}, Late: lateLimit + 1, LateName: "host"}
		}
		o.Messages = func(context.Context) (MessageStats, error) {
			return MessageStats{Waiting: 2, Oldest: waitLimit + 1, LastError: "chat not found"}, nil
		}
	})
	s.o.Store.Close()
	got := get[HealthResponse](t, url+"/health")
	if got.OK {
		t.Error("the panel calls itself healthy")
	}
	found := map[string]HealthItem{}
	for _, item := range got.Items {
		found[item.Name] = item
	}
	f := func(name, wantDetail string) {
		t.Helper()
		if item := found[name]; item.OK || !strings.Contains(item.Detail, wantDetail) {
			t.Errorf("%s: %+v, want %q in its detail", name, item, wantDetail)
		}
	}
	f("scrape_lag", "too slow")
	f("postgres", "does not answer")
	f("disk_free", "free some space")
	f("alert_rules", "host: CPUBusy: no such function")
	f("alert_lag", "the rules of host are evaluated late")
	f("messages_waiting", "chat not found")
	if len(got.Alerts.Failures) != 2 || got.Alerts.Failures[1] != (HealthFailure{"settle", "no database"}) {
		t.Errorf("failures %+v", got.Alerts.Failures)
	}
}

// fullTSDB is a database that finds its disk too full.
func fullTSDB(t *testing.T) *tsdb.DB {
	t.Helper()
	db, err := tsdb.Open(tsdb.Options{Dir: t.TempDir(), MemoryBytes: 16 << 20, MinFreePercent: 101})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
