package traffic

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// bench is the feature before a real database; its agent counts the ports it is asked to.
type bench struct {
	svc   *Service
	db    *tsdb.DB
	url   string
	agent string
	ports []int
}

func (b *bench) Control(int64, fleet.Need) (*api.Client, error) {
	return api.NewClient(b.agent, http.DefaultClient), nil
}

func (b *bench) Active() []storage.Server { return []storage.Server{{ID: 1}} }

func (b *bench) Server(id int64) (storage.Server, error) {
	if id != 1 {
		return storage.Server{}, storage.ErrNotFound
	}
	return storage.Server{ID: 1}, nil
}

// now is the middle of an hour, so that the last bucket is half over.
var now = time.Date(2026, 11, 23, 12, 30, 0, 0, time.UTC)

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{db: storagetest.TSDB(t), ports: []int{443}}
	agent := http.NewServeMux()
	answer := func(change func(port int)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var q api.PortRequest
			_ = json.NewDecoder(r.Body).Decode(&q)
			change(q.Port)
			_ = json.NewEncoder(w).Encode(api.TrackedPorts{TrackedPorts: b.ports})
		}
	}
	agent.HandleFunc("GET /v1/traffic", answer(func(int) {}))
	agent.HandleFunc("POST /v1/traffic/ports/add", answer(func(port int) { b.ports = append(b.ports, port) }))
	agent.HandleFunc("POST /v1/traffic/ports/remove", answer(func(port int) {
		b.ports = slices.DeleteFunc(b.ports, func(p int) bool { return p == port })
	}))
	agentServer := httptest.NewServer(agent)
	t.Cleanup(agentServer.Close)
	b.agent = agentServer.URL
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b.svc = New(Options{DB: b.db, Fleet: b, Period: func() int { return 7 }, Log: log})
	b.svc.now = func() time.Time { return now }
	mux := resttest.Open(t)
	mux.Mount("/{id}", rest.Only(rest.Session), b.svc.Routes)
	b.url = resttest.Listen(t, mux)
	return b
}

const scrape = 30 * time.Second

// counter is a counter that was read every half minute from a time until now; it grows by perScrape.
type counter struct {
	name      string
	labels    []string
	from      time.Time
	perScrape float64
	resetAt   time.Time // it begins again at 0
	silent    [2]time.Time
	begin     float64 // its first value
}

func (b *bench) record(t *testing.T, counters ...counter) {
	t.Helper()
	var samples []storage.Sample
	for _, c := range counters {
		labels := []storage.Label{{Name: "__name__", Value: c.name}, {Name: "server", Value: "1"}, {Name: "job", Value: "node"}}
		for i := 0; i < len(c.labels); i += 2 {
			labels = append(labels, storage.Label{Name: c.labels[i], Value: c.labels[i+1]})
		}
		v := c.begin
		for at := c.from; !at.After(now); at = at.Add(scrape) {
			if at.Equal(c.resetAt) {
				v = 0
			}
			if at.Before(c.silent[0]) || !at.Before(c.silent[1]) {
				samples = append(samples, storage.Sample{Labels: labels, Time: at.UnixMilli(), Value: v})
			}
			v += c.perScrape
		}
	}
	if err := b.db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := b.db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func get[T any](t *testing.T, b *bench, path string) (out T) {
	t.Helper()
	body := b.call(t, "GET", path, "", http.StatusOK)
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
	return out
}

func (b *bench) call(t *testing.T, method, path, body string, status int) string {
	t.Helper()
	got, answer := resttest.Call(t, method, b.url+path, body)
	if got != status {
		t.Fatalf("%s %s: %d %s; want %d", method, path, got, answer, status)
	}
	return answer
}

// near allows what lies between two samples at the edge of a bucket.
func near(t *testing.T, what string, got *int64, want float64) {
	t.Helper()
	if got == nil || math.Abs(float64(*got)-want) > want*0.01 {
		text := "null"
		if got != nil {
			text = strconv.FormatInt(*got, 10)
		}
		t.Errorf("%s: %s bytes, want %.0f", what, text, want)
	}
}

// The fleet of these tests: a card whose counter is reset by a reboot, a bridge with the same bytes, a tunnel, and two
// counted ports. Per half minute the card receives 60,000 and sends 6,000 bytes.
func (b *bench) recordWeek(t *testing.T) {
	t.Helper()
	from := now.Add(-7 * 24 * time.Hour)
	silence := [2]time.Time{now.Add(-5 * time.Hour).Truncate(time.Hour), now.Add(-3 * time.Hour).Truncate(time.Hour)} // 07:00 to 09:00
	reboot := now.Add(-90 * time.Minute)
	card := func(name, device string, perScrape float64) counter {
		return counter{name: name, labels: []string{"device", device}, from: from, perScrape: perScrape, resetAt: reboot, silent: silence, begin: 9e12}
	}
	counted := func(device string, v float64) counter {
		return counter{name: "agent_network_counted", labels: []string{"device", device}, from: from, begin: v}
	}
	port := func(port, direction string, perScrape float64) counter {
		return counter{name: "agent_port_bytes_total", labels: []string{"port", port, "direction", direction}, from: now.Add(-2 * time.Hour), perScrape: perScrape}
	}
	b.record(t,
		card("node_network_receive_bytes_total", "eth0", 60000), card("node_network_transmit_bytes_total", "eth0", 6000),
		card("node_network_receive_bytes_total", "docker0", 30000), card("node_network_transmit_bytes_total", "docker0", 3000),
		card("node_network_receive_bytes_total", "lo", 1e6), card("node_network_transmit_bytes_total", "lo", 1e6),
		counted("eth0", 1), counted("docker0", 0), counted("lo", 0),
		port("443", "rx", 1000), port("443", "tx", 500), port("8080", "rx", 10), port("8080", "tx", 0),
	)
}

func TestHourly(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.recordWeek(t)
	got := get[HourlyResponse](t, b, "/1/hourly?hours=8")
	if got.Hours != 8 || len(got.Data) != 8 || got.Data[0].Hour != "2026-11-23 05:00" || got.Data[7].Hour != "2026-11-23 12:00" || got.Timezone != "UTC" {
		t.Fatalf("%+v", got)
	}
	for i, h := range got.Data {
		want := 60000.0 * 120
		switch i {
		case 2, 3: // nothing was received: a gap, no zero
			if h.RxBytes != nil || h.TxBytes != nil {
				t.Errorf("%s: %d bytes in a gap", h.Hour, *h.RxBytes)
			}
			continue
		case 7: // the current hour is half over
			want /= 2
		}
		near(t, h.Hour+" received", h.RxBytes, want)
		near(t, h.Hour+" sent", h.TxBytes, want/10)
	}
	near(t, "total", &got.TotalRx, 60000*120*5.5)
	near(t, "total sent", &got.TotalTx, 6000*120*5.5)

	bridge := get[HourlyResponse](t, b, "/1/hourly?hours=2&interface=docker0")
	if bridge.Interface == nil || *bridge.Interface != "docker0" || bridge.Port != nil {
		t.Errorf("%+v", bridge)
	}
	near(t, "the bridge", bridge.Data[0].RxBytes, 30000*120)
	web := get[HourlyResponse](t, b, "/1/hourly?hours=4&port=443")
	if web.Port == nil || *web.Port != 443 || web.Data[0].RxBytes != nil {
		t.Errorf("%+v", web)
	}
	near(t, "the port, since it is counted", web.Data[1].RxBytes, 1000*60) // from 10:30 on
	near(t, "the port", web.Data[2].TxBytes, 500*120)
	if other := get[HourlyResponse](t, b, "/1/hourly?hours=2&port=80"); other.Data[0].RxBytes != nil || other.TotalRx != 0 {
		t.Errorf("port 80 has the bytes of 8080: %+v", other)
	}
}

func TestDailyAndMonthly(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.recordWeek(t)
	got := get[DailyResponse](t, b, "/1/daily?days=9")
	if len(got.Data) != 9 || got.Data[0].Date != "2026-11-15" || got.Data[8].Date != "2026-11-23" {
		t.Fatalf("%+v", got)
	}
	if got.Data[0].RxBytes != nil {
		t.Error("a day before the first sample is no zero")
	}
	near(t, "the first day", got.Data[1].RxBytes, 60000*120*11.5)
	near(t, "a whole day", got.Data[5].RxBytes, 60000*120*24)
	near(t, "today, with a gap whose bytes are counted after it", got.Data[8].RxBytes, 60000*120*12.5)

	months := get[MonthlyResponse](t, b, "/1/monthly?months=3")
	if len(months.Data) != 3 || months.Data[0].Month != "2026-09" || months.Data[1].RxBytes != nil {
		t.Fatalf("%+v", months)
	}
	near(t, "this month", months.Data[2].RxBytes, 60000*120*24*7)
	near(t, "sent this month", months.Data[2].TxBytes, 6000*120*24*7)
}

func TestSummary(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.recordWeek(t)
	got := get[SummaryResponse](t, b, "/1/summary?days=7")
	near(t, "total", &got.Total.RxBytes, 60000*120*24*7)
	near(t, "total sent", &got.Total.TxBytes, 6000*120*24*7)
	if got.Days != 7 || got.Total.Days != 7 || len(got.ByInterface) != 2 || got.ByInterface[0].Interface != "eth0" || !got.ByInterface[0].Counted || got.ByInterface[1].Counted {
		t.Errorf("%+v", got)
	}
	if len(got.ByPort) != 2 || got.ByPort[0].Port != 443 || !slices.Equal(got.TrackedPorts, []int{443, 8080}) {
		t.Errorf("%+v", got)
	}
	near(t, "port", &got.ByPort[0].RxBytes, 1000*240)
	near(t, "other port", &got.ByPort[1].RxBytes, 10*240)

	ports := get[PortsResponse](t, b, "/1/ports?days=1")
	near(t, "all ports", &ports.TotalRx, 1010*240)
	interfaces := get[InterfacesResponse](t, b, "/1/interfaces?days=1")
	near(t, "all cards", &interfaces.TotalRx, 60000*120*24)
	if len(interfaces.Data) != 2 {
		t.Errorf("%+v", interfaces)
	}
}

func TestWithoutData(t *testing.T) {
	t.Parallel()
	b := start(t)
	for _, path := range []string{"/1/summary", "/1/ports", "/1/interfaces", "/1/hourly", "/1/daily", "/1/monthly", "/1/cached"} {
		if body := b.call(t, "GET", path, "", 200); strings.Contains(body, `"data":null`) || strings.Contains(body, `ports":null`) || strings.Contains(body, `by_port":null`) {
			t.Errorf("%s: %s", path, body)
		}
	}
}

// TestCached: the summary is remembered for a minute, and for the list of servers; a change of the ports makes it old.
func TestCached(t *testing.T) {
	t.Parallel()
	b := start(t)
	if _, ok := b.svc.Last(1); ok {
		t.Error("a summary before anything was asked")
	}
	b.recordWeek(t)
	if err := b.svc.RunOnce(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	last, ok := b.svc.Last(1)
	rx := int64(last.RxBytes)
	near(t, "the list of servers", &rx, 60000*120*24*7)
	if !ok || last.Days != 7 {
		t.Errorf("%+v", last)
	}
	at := func(d time.Duration) string {
		t.Helper()
		b.svc.now = func() time.Time { return now.Add(d) }
		c := get[CachedTrafficResponse](t, b, "/1/cached")
		if c.Summary.Days != 7 {
			t.Errorf("%+v", c)
		}
		return c.CachedAt
	}
	if first := at(30 * time.Second); first != "2026-11-23T12:30:00.000Z" || at(59*time.Second) != first {
		t.Errorf("asked anew within a minute: %s", first)
	}
	if later := at(61 * time.Second); later != "2026-11-23T12:31:01.000Z" {
		t.Errorf("after a minute: %s", later)
	}
	b.call(t, "POST", "/1/ports/add", `{"port":8443}`, 200)
	if c := get[CachedTrafficResponse](t, b, "/1/cached"); !slices.Equal(c.TrackedPorts, []int{443, 8443}) {
		t.Errorf("after a port was added: %+v", c.TrackedPorts)
	}
	b.svc.forget(nil)
	if _, ok := b.svc.Last(1); ok {
		t.Error("a server that is gone is remembered")
	}
}

func TestTracked(t *testing.T) {
	t.Parallel()
	b := start(t)
	want := func(ports ...int) {
		t.Helper()
		if got := get[api.TrackedPorts](t, b, "/1/ports/tracked"); !slices.Equal(got.TrackedPorts, ports) {
			t.Errorf("tracked %v, want %v", got, ports)
		}
		if got := get[SummaryResponse](t, b, "/1/summary"); !slices.Equal(got.TrackedPorts, ports) {
			t.Errorf("the summary says %v, want %v", got.TrackedPorts, ports)
		}
	}
	want(443)
	b.call(t, "POST", "/1/ports/add", `{"port":80}`, 200)
	want(443, 80)
	b.call(t, "POST", "/1/ports/remove", `{"port":443}`, 200)
	want(80)
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	b := start(t)
	f := func(path, field string) {
		t.Helper()
		if body := b.call(t, "GET", path, "", 400); !strings.Contains(body, fmt.Sprintf(`"field":%q`, field)) {
			t.Errorf("%s: %s", path, body)
		}
	}
	f("/1/hourly?hours=169", "hours")
	f("/1/daily?days=91", "days")
	f("/1/summary?days=0", "days")
	f("/1/monthly?months=25", "months")
	f("/1/hourly?port=65536", "port")
	f("/1/hourly?port=443&interface=eth0", "port")
	f("/1/hourly?interface=eth0%22%7D", "interface")
	f("/1/hourly?interface=sixteencharacter", "interface")
	b.call(t, "GET", "/2/summary", "", 404)
	b.call(t, "GET", "/2/cached", "", 404)
	b.call(t, "POST", "/1/ports/add", `{"port":0}`, 400)
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	f := func(u unit, at string, n int, want ...string) {
		t.Helper()
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		var labels []string
		buckets := u.last(moment, n)
		for i, b := range buckets {
			labels = append(labels, b.label)
			if i > 0 && !b.start.Equal(buckets[i-1].end) {
				t.Errorf("%s does not begin where %s ends", b.label, buckets[i-1].label)
			}
		}
		if !slices.Equal(labels, want) || !buckets[n-1].end.Equal(moment) {
			t.Errorf("%v, want %v", labels, want)
		}
	}
	f(hour, "2026-03-01T00:00:00Z", 2, "2026-02-28 23:00", "2026-03-01 00:00")
	f(hour, "2026-03-01T02:59:59+03:00", 2, "2026-02-28 22:00", "2026-02-28 23:00") // UTC, whatever the zone
	f(day, "2028-03-01T12:00:00Z", 3, "2028-02-28", "2028-02-29", "2028-03-01")
	f(month, "2026-03-31T12:00:00Z", 3, "2026-01", "2026-02", "2026-03")
	f(month, "2026-01-01T00:00:01Z", 2, "2025-12", "2026-01")
}
