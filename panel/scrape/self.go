package scrape

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"

	"monitoring/storage"
)

// selfTarget is the panel as a target of its own, and the source of the servers' names.
type selfTarget struct {
	s       *Scraper
	own     exposition // what the panel measures, job="panel"
	info    exposition // panel_server_info, which carries the labels of the servers
	stamper stamper
}

// runSelf writes the panel's own metrics each interval, and the names of the servers also whenever the fleet changes.
func (s *Scraper) runSelf(ctx context.Context) error {
	changes, stop := s.servers.Subscribe()
	defer stop()
	t := &selfTarget{s: s, info: s.store(nil),
		own: s.store([]storage.Label{{Name: "job", Value: jobPanel}, {Name: "instance", Value: jobPanel}})}
	sched := newSchedule(jobPanel, max(s.interval(), minInterval), time.Now())
	for {
		timer := time.NewTimer(min(time.Until(sched.slot), intervalPoll))
		var err error
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-changes:
			err = t.writeServers(s.wall().Truncate(time.Millisecond))
		case now := <-timer.C:
			if !now.Before(sched.slot) {
				err = t.scrape(sched)
				sched.advance(now)
			}
			if i := max(s.interval(), minInterval); i != sched.interval {
				sched = newSchedule(jobPanel, i, now)
			}
		}
		timer.Stop()
		if err != nil {
			s.counters.errors.WithLabelValues("self").Inc()
			s.log.Error("scrape the panel itself", "err", err)
		}
	}
}

// scrape writes the panel's metrics and the servers' names once.
func (t *selfTarget) scrape(sched schedule) error {
	at := t.stamper.stamp(sched, t.s.wall())
	return errors.Join(t.writeOwn(at), t.writeServers(at))
}

func (t *selfTarget) writeOwn(at time.Time) error {
	if t.s.self == nil {
		return nil
	}
	start := time.Now()
	families, err := t.s.self.Gather()
	if err != nil {
		return fmt.Errorf("gather own metrics: %w", err)
	}
	var page bytes.Buffer
	enc := expfmt.NewEncoder(&page, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return fmt.Errorf("encode own metrics: %w", err)
		}
	}
	stats, err := t.own.Append(page.Bytes(), at)
	if err != nil {
		return fmt.Errorf("write own metrics: %w", err)
	}
	return t.own.AppendMeta(metaSamples(at, 1, time.Since(start).Seconds(), float64(stats.Samples))...)
}

// writeServers writes one panel_server_info per active server. After a rename the old line is missing from the page,
// so its series gets a staleness marker.
func (t *selfTarget) writeServers(at time.Time) error {
	if _, err := t.info.Append(serverInfo(t.s.servers.Active()), at); err != nil {
		return fmt.Errorf("write names of servers: %w", err)
	}
	return nil
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// serverInfo returns the page of panel_server_info.
func serverInfo(servers []storage.Server) []byte {
	servers = slices.SortedFunc(slices.Values(servers), func(a, b storage.Server) int { return cmp.Compare(a.ID, b.ID) })
	var page bytes.Buffer
	page.WriteString("# TYPE panel_server_info gauge\n")
	for _, srv := range servers {
		folder := ""
		if srv.Folder != nil {
			folder = *srv.Folder
		}
		fmt.Fprintf(&page, "panel_server_info{server=\"%s\",instance=\"%s\",name=\"%s\",folder=\"%s\"} 1\n", strconv.FormatInt(srv.ID, 10),
			labelEscaper.Replace(srv.Instance()), labelEscaper.Replace(srv.Name), labelEscaper.Replace(folder))
	}
	return page.Bytes()
}
