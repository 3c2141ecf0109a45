package metrics

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func startEvents(t *testing.T) *bench {
	t.Helper()
	b := start(t)
	b.svc.store = storagetest.Postgres(t)
	return b
}

// told puts events into lines: kind, begin and end in seconds after a time, title, detail, severity, who.
func told(events []ServerEvent, since time.Time) []string {
	lines := []string{}
	for _, e := range events {
		at := func(ms int64) string { return fmt.Sprint(time.UnixMilli(ms).Sub(since).Seconds()) }
		line := e.Kind + " " + at(e.Time)
		if e.End != nil {
			line += "-" + at(*e.End)
		}
		lines = append(lines, strings.Join(strings.Fields(strings.Join([]string{line, e.Title.English, e.Detail, e.Severity, e.Actor}, " ")), " "))
	}
	return lines
}

func (b *bench) happened(t *testing.T, query string, since time.Time, want ...string) {
	t.Helper()
	got := must[EventsResponse](t, b, "/api/proxy/1/events"+query)
	if lines := told(got.Events, since); !slices.Equal(lines, want) {
		t.Errorf("%s:\n%s\nwant\n%s", query, strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// free is a query for the range of an hour from a time on.
func free(from time.Time, length time.Duration) string {
	return "?from_time=" + from.Format(time.RFC3339) + "&to_time=" + from.Add(length).Format(time.RFC3339)
}

// during is the same value at every scrape of some seconds after a time, age one that counts the seconds from a start.
func during(since time.Time, from, to int, value func(second int) float64) []storage.Point {
	var out []storage.Point
	for s := from; s < to; s += 10 {
		out = append(out, storage.Point{Time: since.Add(time.Duration(s) * time.Second).UnixMilli(), Value: value(s)})
	}
	return out
}

func is(v float64) func(int) float64  { return func(int) float64 { return v } }
func age(start int) func(int) float64 { return func(s int) float64 { return float64(s - start) } }

// An hour in which the machine was rebooted, its agent restarted and updated, and HAProxy reloaded.
func TestObservedEvents(t *testing.T) {
	t.Parallel()
	b := startEvents(t)
	since := time.Now().Add(-3 * time.Hour).Truncate(time.Minute).UTC()
	unix := float64(since.Unix())
	up := slices.Concat(during(since, -3*3600, 600, is(1)), during(since, 600, 720, is(0)), during(since, 720, 1500, is(1)),
		during(since, 1500, 1510, is(0)), during(since, 1510, 3500, is(1)), during(since, 3500, 3610, is(0)), during(since, 3610, 3*3600, is(1)))
	b.record(t,
		metric(1, "up", up), metric(2, "up", during(since, 0, 3600, is(0))),
		metric(1, "agent_boot_info", during(since, 0, 600, is(1)), "boot_id", "a"),
		metric(1, "agent_boot_info", during(since, 720, 3500, is(1)), "boot_id", "b"),
		// The clock was set at 300 s: another boot time, the same boot.
		metric(1, "node_boot_time_seconds", slices.Concat(during(since, 0, 300, is(unix-9000)), during(since, 300, 600, is(unix-9700)), during(since, 720, 3500, is(unix+640)))),
		metric(1, "process_start_time_seconds", slices.Concat(during(since, 0, 600, is(unix-9000)), during(since, 720, 2000, is(unix+650)), during(since, 2000, 3000, is(unix+1995)), during(since, 3000, 3500, is(unix+2994)))),
		metric(1, "agent_build_info", slices.Concat(during(since, 0, 600, is(1)), during(since, 720, 2990, is(1))), "version", "1.0"),
		metric(1, "agent_build_info", during(since, 3060, 3500, is(1)), "version", "1.1"),
		metric(1, "haproxy_process_uptime_seconds", slices.Concat(during(since, 0, 600, age(-5000)), during(since, 720, 1200, age(660)), during(since, 1200, 3500, age(1195)))),
	)
	b.happened(t, free(since, time.Hour), since,
		"silence 590-710 agent unreachable",
		"reboot 640 reboot",
		"haproxy 1195 new HAProxy process",
		"agent 1995 agent restarted",
		"agent 2994 agent updated to 1.1",
		"silence 3490 agent unreachable", // nobody knows its end at the end of the range
	)
	b.happened(t, free(since.Add(700*time.Second), 300*time.Second), since, "silence 700-710 agent unreachable")
	b.happened(t, free(since.Add(-time.Hour), 50*time.Minute), since)
	// A year is answered by rollups: the same boot and update, and no silence of two minutes, less than a tenth of a pixel.
	if err := b.db.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines := told(must[EventsResponse](t, b, "/api/proxy/1/events?period=365d").Events, since)
	for _, want := range []string{"reboot 640 reboot", "agent 2994 agent updated to 1.1"} {
		if !slices.Contains(lines, want) {
			t.Errorf("a year lacks %q: %v", want, lines)
		}
	}
	if slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, eventSilence) }) {
		t.Errorf("a year tells of short silences: %v", lines)
	}
}

func TestChangesAndAlertsAsEvents(t *testing.T) {
	t.Parallel()
	b := startEvents(t)
	since := time.Now().Add(-2 * time.Hour).Truncate(time.Minute).UTC()
	one, two := int64(1), int64(2)
	add := func(second int, e storage.AuditEntry) {
		t.Helper()
		e.At = since.Add(time.Duration(second) * time.Second)
		if e.ServerID == nil {
			e.ServerID = &one
		}
		if e.Status == 0 {
			e.Status = 200
		}
		if err := b.svc.store.AddAuditEntry(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	rules := "POST /api/proxy/{id}/haproxy/rules"
	add(10, storage.AuditEntry{Actor: "admin", Action: rules, Target: "web", Detail: "tcp :443 to 192.0.2.1:8443"})
	add(20, storage.AuditEntry{Actor: "admin", Action: rules + "?dry_run=true", Target: "web"})
	add(30, storage.AuditEntry{Actor: "admin", Action: rules, Target: "web", Status: 409})
	add(40, storage.AuditEntry{Actor: "admin", Action: rules, Target: "web", ServerID: &two})
	add(50, storage.AuditEntry{Actor: "token:ci", Action: "DELETE /api/proxy/{id}/haproxy/rules/{name}", Target: "1 web"})
	add(60, storage.AuditEntry{Actor: "admin", Action: "POST /api/proxy/{id}/system/execute", Target: "1", Detail: "mysql -psecret"})
	add(70, storage.AuditEntry{Actor: "admin", Action: "PUT /api/servers/{id}", Target: "1", Detail: fleet.AuditMonitoring(false)})
	add(80, storage.AuditEntry{Actor: "admin", Action: "PUT /api/servers/{id}", Target: "1"}) // another name
	add(90, storage.AuditEntry{Actor: "admin", Action: "POST /api/servers/{id}/test", Target: "1"})
	add(100, storage.AuditEntry{Actor: "admin", Action: "POST /api/proxy/{id}/power", Target: "1", Detail: "reboot"})
	add(110, change.Made(1, change.TrafficPort{Port: 443}))
	add(4000, storage.AuditEntry{Actor: "admin", Action: rules})

	alert := func(begin, end int, r storage.AlertRecord) {
		t.Helper()
		r.ServerID, r.CreatedAt = &one, since.Add(time.Duration(begin)*time.Second)
		if end != 0 {
			at := since.Add(time.Duration(end) * time.Second)
			r.EndedAt = &at
		}
		if _, err := b.svc.store.AddAlertRecord(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	alert(-500, -400, storage.AlertRecord{AlertType: "cpu_critical", Severity: "critical", Message: "before"})
	alert(-300, 105, storage.AlertRecord{AlertType: "cpu_critical", Severity: "critical", Message: "into"})
	alert(120, 0, storage.AlertRecord{AlertType: "ram_critical", Severity: "warning", Message: "on", MessageEn: "on", MessageRu: "да"})
	alert(130, 0, storage.AlertRecord{AlertType: storage.AlertRecovery, Severity: "info", Message: "back"})
	alert(140, 5000, storage.AlertRecord{AlertType: "disk", Severity: "warning", Message: "beyond"})
	alert(4000, 0, storage.AlertRecord{AlertType: "disk", Severity: "warning", Message: "after"})

	// Two seconds after the first rule HAProxy has a new process, which the rule explains; not so an hour later.
	b.record(t, metric(1, "haproxy_process_uptime_seconds", slices.Concat(during(since, -600, 10, age(-9000)), during(since, 20, 3000, age(12)), during(since, 3000, 3500, age(2990)))))

	b.happened(t, free(since, time.Hour), since,
		"alert -300-105 cpu_critical into critical",
		"change 10 HAProxy rule added web tcp :443 to 192.0.2.1:8443 admin",
		"change 50 HAProxy rule removed web token:ci",
		"change 60 command run admin",
		"change 70 monitoring disabled admin",
		"change 100 reboot asked for admin",
		"change 110 counting of a port begun traffic: count port 443 panel",
		"alert 120 ram_critical on warning",
		"alert 140 disk beyond warning",
		"haproxy 2990 new HAProxy process",
	)
	got := must[EventsResponse](t, b, "/api/proxy/1/events"+free(since, time.Minute))
	if got.Events[1].AuditID != 1 || got.From != since.UnixMilli() || got.To != since.Add(time.Minute).UnixMilli() || got.Truncated {
		t.Errorf("%+v", got)
	}
}

func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	b := startEvents(t)
	since := time.Now().Add(-30 * time.Minute).Truncate(time.Second)
	id := int64(1)
	for i := range maxEvents + 7 {
		e := storage.AuditEntry{At: since.Add(time.Duration(i) * time.Second), Actor: "admin", Action: "POST /api/proxy/{id}/haproxy/reload", ServerID: &id, Target: "1", Status: 200}
		if err := b.svc.store.AddAuditEntry(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	got := must[EventsResponse](t, b, "/api/proxy/1/events?period=1h")
	newest := since.Add((maxEvents + 6) * time.Second).UnixMilli()
	if !got.Truncated || len(got.Events) != maxEvents || got.Events[maxEvents-1].Time != newest || got.Events[0].Time != newest-(maxEvents-1)*1000 {
		t.Errorf("%d events, truncated %t", len(got.Events), got.Truncated)
	}
	for _, path := range []string{"/api/proxy/1/events?period=2h", "/api/proxy/1/events?from_time=soon"} {
		if status, body := b.get(t, path); status != 400 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	b.refused(t, "/api/proxy/9/events", 404, "not_found", "")
}

// noEvents are the routes below a server that write and change nothing that a chart should tell of.
var noEvents = []string{
	"POST /api/servers/{id}/install", "POST /api/servers/{id}/test", "DELETE /api/servers/{id}",
	"POST /api/proxy/{id}/haproxy/validate", "POST /api/proxy/{id}/haproxy/firewall/changes/{change}/keep",
}

// Every route that writes below a server is an event or is known to be none; every action is a route or a change.
func TestActionsAreRoutes(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("../testdata/routes.golden")
	if err != nil {
		t.Fatal(err)
	}
	writes := regexp.MustCompile(`(?m)^(?:POST|PUT|DELETE) /api/(?:servers|proxy)/\{id\}\S*`).FindAllString(string(golden), -1)
	for _, route := range writes {
		if _, told := actions[route]; told == slices.Contains(noEvents, route) {
			t.Errorf("%s has to stand in actions or in noEvents", route)
		}
	}
	for action := range actions {
		if !strings.HasPrefix(action, change.AuditAction("")) && !slices.Contains(writes, action) {
			t.Errorf("there is no route %s", action)
		}
	}
	for _, kind := range change.Kinds() {
		if _, ok := actions[change.AuditAction(kind)]; !ok {
			t.Errorf("the change %s is no event", kind)
		}
	}
}
