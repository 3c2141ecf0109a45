package scrape

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What the Prometheus API tells of targets: both sets of each active server, before, after and between failures.
func TestTargets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, _ := testScraper(t)
		var broken atomic.Bool
		fleet.put(server(2), agentFunc(func(ctx context.Context, set string, q map[string][]string) (string, error) {
			if broken.Load() {
				return "", errors.New("connection refused")
			}
			time.Sleep(250 * time.Millisecond)
			return good(ctx, set, q)
		}))
		fleet.put(server(1), agentFunc(good))
		start(t, s)
		synctest.Wait()
		got := s.Targets()
		if len(got) != 4 {
			t.Fatalf("%d targets, want two of each server: %+v", len(got), got)
		}
		host, services := got[2], got[3]
		if host.Server != 2 || host.Set != setHost || host.Job != jobHost || services.Job != jobServices || !services.Scraped.IsZero() {
			t.Errorf("before the first scrape: %+v, %+v", host, services)
		}
		if host.Interval != 10*time.Second || host.Timeout != 9500*time.Millisecond || services.Interval != time.Minute {
			t.Errorf("intervals: %+v, %+v", host, services)
		}
		if l := host.Labels(); l["server"] != "2" || l["job"] != "node" || l["instance"] != server(2).Instance() || len(l) != 3 {
			t.Errorf("labels %v", l)
		}
		time.Sleep(61 * time.Second)
		if host, services = s.Targets()[2], s.Targets()[3]; host.Err != "" || host.Took != 250*time.Millisecond || time.Since(host.Scraped) > 10*time.Second || services.Scraped.IsZero() {
			t.Errorf("after good scrapes: %+v, %+v", host, services)
		}
		broken.Store(true)
		time.Sleep(10 * time.Second)
		if host = s.Targets()[2]; !strings.Contains(host.Err, "connection refused") || host.Took != 0 {
			t.Errorf("after a failure: %+v", host)
		}
		fleet.remove(2)
		synctest.Wait()
		if got = s.Targets(); len(got) != 2 || got[0].Server != 1 {
			t.Errorf("after the removal of server 2: %+v", got)
		}
	})
}
