package promapi

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/storage/storagetest"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	service := quiet(storagetest.TSDB(t))
	scraped := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	target := func(pool, address string, scraped time.Time, failure string) Target {
		return Target{Pool: pool, Address: address, Path: "/metrics?set=host", Labels: map[string]string{"job": pool, "instance": address},
			Scraped: scraped, Took: 250 * time.Millisecond, Err: failure, Interval: 10 * time.Second, Timeout: 9500 * time.Millisecond}
	}
	service.targets = func() []Target {
		return []Target{target("services", "192.0.2.1:9100", time.Time{}, ""), target("node", "192.0.2.1:9100", scraped, ""), target("node", "192.0.2.2:9100", scraped, "connection refused")}
	}
	api := serveAPI(t, service)
	list := func(query string) (got targetList, names string) {
		t.Helper()
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(ask(t, "GET", api, "/targets", form).Data, &got); err != nil {
			t.Fatal(err)
		}
		for _, one := range got.ActiveTargets {
			names += one.ScrapePool + "/" + one.Labels["instance"] + "/" + one.Health + " "
		}
		return got, strings.TrimSpace(names)
	}
	const node, services = "node/192.0.2.1:9100/up node/192.0.2.2:9100/down", "services/192.0.2.1:9100/unknown"
	f := func(query, want string) {
		t.Helper()
		if _, names := list(query); names != want {
			t.Errorf("%q: %s, want %s", query, names, want)
		}
	}
	f("", node+" "+services)
	f("state=active", node+" "+services)
	f("state=ANY&scrapePool=services", services)
	f("state=dropped", "")
	f("scrapePool=other", "")

	all, _ := list("")
	want := targetItem{
		DiscoveredLabels: map[string]string{"__address__": "192.0.2.2:9100", "__scheme__": "https", "__metrics_path__": "/metrics", "__param_set": "host",
			"__scrape_interval__": "10s", "__scrape_timeout__": "9s500ms", "job": "node"},
		Labels: map[string]string{"job": "node", "instance": "192.0.2.2:9100"}, ScrapePool: "node",
		ScrapeURL: "https://192.0.2.2:9100/metrics?set=host", GlobalURL: "https://192.0.2.2:9100/metrics?set=host",
		LastError: "connection refused", LastScrape: scraped, LastScrapeDuration: 0.25, Health: "down", ScrapeInterval: "10s", ScrapeTimeout: "9s500ms",
	}
	if diff := cmp.Diff(want, all.ActiveTargets[1]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"node": 0, "services": 0}, all.DroppedTargetCounts); diff != "" {
		t.Error(diff)
	}
}

// A target has every field that a real Prometheus, which scrapes itself, tells of one, in the same form.
func TestTargetsHaveTheFieldsOfPrometheus(t *testing.T) {
	t.Parallel()
	base := runPrometheus(t, t.TempDir(), "scrape_configs: [{job_name: self, scrape_interval: 1s, params: {set: [host]}, static_configs: [{targets: ['127.0.0.1:1']}]}]\n")
	service := quiet(storagetest.TSDB(t))
	service.targets = func() []Target {
		return []Target{{Pool: "node", Address: "127.0.0.1:1", Path: "/metrics?set=host", Labels: map[string]string{"job": "node"}}}
	}
	first := func(api string) map[string]any {
		var list struct{ ActiveTargets []map[string]any }
		poll(t, api+" has a target", func() bool {
			err := json.Unmarshal(ask(t, "GET", api, "/targets", nil).Data, &list)
			return err == nil && len(list.ActiveTargets) == 1
		})
		return list.ActiveTargets[0]
	}
	ours, theirs := first(serveAPI(t, service)), first(base+"/api/v1")
	sameKeys := func(what string, ours, theirs any) {
		t.Helper()
		a, b := slices.Sorted(maps.Keys(ours.(map[string]any))), slices.Sorted(maps.Keys(theirs.(map[string]any)))
		if diff := cmp.Diff(b, a); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	sameKeys("target", ours, theirs)
	sameKeys("discovered labels", ours["discoveredLabels"], theirs["discoveredLabels"])
	for name, value := range theirs {
		if got := ours[name]; (got == nil) != (value == nil) || cmp.Diff(kindName(value), kindName(got)) != "" {
			t.Errorf("%s is %v, theirs %v", name, got, value)
		}
	}
}

func kindName(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case float64:
		return "number"
	case map[string]any:
		return "object"
	}
	return "other"
}
