package haproxy

import (
	"math"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

// past writes an hour of HAProxy's series of a server, a sample every interval; quiet minutes have none.
func past(t *testing.T, b *bench, server string, now time.Time, interval time.Duration, quiet func(at time.Time) bool) {
	t.Helper()
	var samples []storage.Sample
	add := func(at time.Time, value float64, name string, more ...storage.Label) {
		labels := append([]storage.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "services"}, {Name: "server", Value: server}}, more...)
		samples = append(samples, storage.Sample{Labels: labels, Time: at.UnixMilli(), Value: value})
	}
	begin := now.Add(-2 * time.Hour)
	for at := begin; !at.After(now); at = at.Add(interval) {
		if quiet(at) {
			continue
		}
		s := at.Sub(begin).Seconds()
		add(at, 40, "haproxy_process_current_connections")
		for i, proxy := range []string{"tcp_a", "tcp_b"} {
			n, label := float64(i+1), storage.Label{Name: "proxy", Value: proxy}
			add(at, 3*n*s, "haproxy_frontend_sessions_total", label)
			add(at, 100*n*s, "haproxy_frontend_bytes_in_total", label)
			add(at, 1000*n*s, "haproxy_frontend_bytes_out_total", label)
		}
	}
	if err := b.svc.db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := b.svc.db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The last hour of the whole and of each frontend, with a hole where nothing was heard, and nothing of another server.
func TestLastHour(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.svc.db = storagetest.TSDB(t)
	now := time.Date(2026, 11, 23, 12, 30, 20, 0, time.UTC)
	silence := func(at time.Time) bool { // 12:05:01 to 12:15
		ago := now.Truncate(time.Minute).Sub(at)
		return ago >= 15*time.Minute && ago < 25*time.Minute
	}
	past(t, b, "1", now.Truncate(time.Minute), time.Minute, silence)
	past(t, b, "2", now.Truncate(time.Minute), time.Minute, func(time.Time) bool { return false })
	got, err := b.svc.lastHour(t.Context(), 1, now)
	if err != nil {
		t.Fatal(err)
	}
	if first := time.UnixMilli(got.From).UTC(); !first.Equal(time.Date(2026, 11, 23, 11, 31, 0, 0, time.UTC)) || got.StepSeconds != 60 {
		t.Errorf("from %v by %v s", first, got.StepSeconds)
	}
	if len(got.Frontends) != 2 {
		t.Errorf("frontends %v", got.Frontends)
	}
	is := func(what string, line []*float32, want float64) {
		t.Helper()
		if len(line) != 60 {
			t.Fatalf("%s has %d points", what, len(line))
		}
		for _, i := range []int{0, 30, 59} { // 11:31, 12:01, 12:30
			if line[i] == nil || math.Abs(float64(*line[i])-want) > want/1000 {
				t.Errorf("%s, point %d: %v, want %v", what, i, line[i], want)
			}
		}
		if line[39] != nil || line[43] != nil { // 12:10 and 12:14: the silence is longer than two and a half intervals
			t.Errorf("%s: the silence is no hole", what)
		}
	}
	is("connections", got.Connections, 40)
	is("sessions", got.Sessions, 9)
	is("in", got.BytesIn, 300)
	is("out", got.BytesOut, 3000)
	is("tcp_a", got.Frontends["tcp_a"], 1100)
	is("tcp_b", got.Frontends["tcp_b"], 2200)

	b.svc.interval = func() time.Duration { return 5 * time.Minute } // slower agents have fewer points
	if got, err := b.svc.lastHour(t.Context(), 1, now); err != nil || len(got.Connections) != 12 || got.StepSeconds != 300 || got.Connections[11] == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// A server without HAProxy has holes and no frontends; one that does not exist has no answer.
func TestLastHourOfNothing(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.svc.db = storagetest.TSDB(t)
	b.call(t, "GET", "/api/proxy/1/haproxy/last-hour", "", 200, `"frontends":{}`)
	b.call(t, "GET", "/api/proxy/1/haproxy/last-hour", "", 200, `"connections":[null,null,`)
	b.call(t, "GET", "/api/proxy/2/haproxy/last-hour", "", 404, "not_found")
}
