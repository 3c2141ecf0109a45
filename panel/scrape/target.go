package scrape

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// The sets of metrics that an agent serves, and the job label of each.
const (
	setHost     = "host"
	setServices = "services"
	jobHost     = "node"
	jobServices = "services"
	jobPanel    = "panel"
)

const (
	documentTimeout = 3 * time.Second
	maxPooledPage   = 1 << 20 // larger buffers are left to the garbage collector
)

// target is one set of one server's metrics. It belongs to one goroutine.
type target struct {
	s        *Scraper
	key      key
	id       int64
	set      string
	name     string // of the schedule's phase
	interval func() time.Duration
	window   bool // whether the agent averages rates over the interval
	page     exposition
	pageRoom share
	docRoom  share
	guard    guard
	stamper  stamper
}

func (s *Scraper) newTarget(srv storage.Server, set string) *target {
	job, interval := s.jobOf(set)
	id := strconv.FormatInt(srv.ID, 10)
	return &target{
		s: s, key: key{srv.ID, set, srv.Instance()}, id: srv.ID, set: set, name: set + "/" + id, window: set == setHost,
		interval: func() time.Duration { return max(interval(), minInterval) }, pageRoom: share{room: &s.room}, docRoom: share{room: &s.room},
		page: s.store([]storage.Label{{Name: "job", Value: job}, {Name: "instance", Value: srv.Instance()}, {Name: "server", Value: id}}, reserved...),
	}
}

// run scrapes once per slot until ctx is done.
func (t *target) run(ctx context.Context) {
	sched := newSchedule(t.name, t.interval(), time.Now())
	for waitForSlot(ctx, &sched, t.name, t.interval) {
		t.scrape(ctx, sched)
		if missed := sched.advance(time.Now()); missed > 0 {
			t.s.missed.Add(uint64(missed))
			t.s.counters.missed.Add(float64(missed))
		}
	}
}

// waitForSlot sleeps until the slot is due; false when ctx is done. A changed interval starts a new schedule.
func waitForSlot(ctx context.Context, sched *schedule, name string, interval func() time.Duration) bool {
	for ctx.Err() == nil {
		now := time.Now()
		if i := interval(); i != sched.interval {
			*sched = newSchedule(name, i, now)
		}
		wait := sched.slot.Sub(now)
		if wait <= 0 {
			return true
		}
		timer := time.NewTimer(min(wait, intervalPoll))
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
	return false
}

// scrape polls the agent once, stores what it says and tells whether it answered.
func (t *target) scrape(ctx context.Context, sched schedule) {
	start := time.Now()
	lag := start.Sub(sched.slot)
	t.s.lags.add(start, lag)
	t.s.counters.lag.Observe(lag.Seconds())
	t.s.counters.runs.WithLabelValues(t.set).Inc()
	wall := t.s.wall()
	at := t.stamper.stamp(sched, wall)

	bounded, cancel := context.WithDeadline(ctx, sched.deadline())
	defer cancel()
	stats, err := t.poll(bounded, sched, at)
	if ctx.Err() != nil {
		return // removed meanwhile: no failure of the agent
	}
	took := time.Since(start)
	t.s.counters.duration.WithLabelValues(t.set).Observe(took.Seconds())
	t.count(stats, err)
	if _, ok := errors.AsType[*storeError](err); ok {
		t.s.storeFailed(err)
		err = nil // the agent did its part
	}
	last := outcome{scraped: wall, took: took}
	if err != nil {
		last.err = err.Error()
	}
	t.s.remember(t.key, last)
	if err := t.meta(at, took.Seconds(), stats, err); err != nil {
		t.s.storeFailed(err)
	}
	if t.set != setHost {
		return
	}
	t.s.servers.Report(t.id, err, wall)
	t.s.update(t.id, func(l *latest) { l.failing = err != nil })
	if err == nil {
		t.document(bounded)
	}
	if ctx.Err() == nil {
		t.s.onLive(t.id)
	}
}

var pages = sync.Pool{New: func() any { return new([]byte) }}

// poll fetches one page and stores it; nothing of a bad page is stored.
func (t *target) poll(ctx context.Context, sched schedule, at time.Time) (tsdb.ExpositionStats, error) {
	var none tsdb.ExpositionStats
	client, err := t.s.servers.Client(t.id)
	if err != nil {
		return none, err
	}
	window := time.Duration(0)
	if t.window {
		window = sched.interval
	}
	defer t.pageRoom.settle()
	buf := pages.Get().(*[]byte)
	page, err := within(ctx, &t.guard, func(ctx context.Context) ([]byte, error) {
		return client.Within(t.pageRoom.grow).Exposition(ctx, t.set, window, *buf)
	})
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return none, errBroken
	case err != nil:
		return none, err // buf may still be written to: it does not go back
	}
	defer func() {
		if cap(page) <= maxPooledPage {
			*buf = page[:0]
			pages.Put(buf)
		}
	}()
	if err := t.pageRoom.grow(len(page)); err != nil { // a buffer that was used before has not asked
		return none, err
	}
	if err := checkPage(page); err != nil {
		return none, err
	}
	stats, err := t.page.Append(page, at)
	var bad *tsdb.PageError
	switch {
	case errors.As(err, &bad):
		return stats, err
	case err != nil:
		return stats, &storeError{err}
	}
	return stats, t.pageRoom.keep(len(page))
}

// count puts the outcome of a scrape into the scraper's own metrics.
func (t *target) count(stats tsdb.ExpositionStats, err error) {
	c := t.s.counters
	if err != nil {
		c.errors.WithLabelValues(reason(err)).Inc()
		t.s.log.Debug("scrape", "server", t.id, "set", t.set, "err", err)
		return
	}
	c.samples.Add(float64(stats.Samples))
	c.dropped.Add(float64(stats.Dropped))
	t.s.dropped.Add(uint64(stats.Dropped))
	c.lastSuccess.SetToCurrentTime()
}

// meta writes what every scrape yields, also a failed one, which ends all series of the page.
func (t *target) meta(at time.Time, took float64, stats tsdb.ExpositionStats, failed error) error {
	up := 1.0
	if failed != nil {
		up = 0
		if err := t.page.Stale(at); err != nil {
			return err
		}
	}
	return t.page.AppendMeta(metaSamples(at, up, took, float64(stats.Samples))...)
}

// vanish ends all series of a target that is scraped no more.
func (t *target) vanish() {
	defer t.pageRoom.free()
	defer t.docRoom.free()
	if err := t.page.Stale(t.stamper.after(t.s.wall())); err != nil {
		t.s.storeFailed(err)
	}
}

func metaSamples(at time.Time, up, seconds, samples float64) []storage.Sample {
	sample := func(name string, v float64) storage.Sample {
		return storage.Sample{Labels: []storage.Label{{Name: "__name__", Value: name}}, Time: at.UnixMilli(), Value: v}
	}
	return []storage.Sample{sample("up", up), sample("scrape_duration_seconds", seconds), sample("scrape_samples_scraped", samples)}
}

// document fetches the metrics document for Last. To miss one fails no scrape: the next follows in seconds.
func (t *target) document(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	defer t.docRoom.settle()
	client, err := t.s.servers.Client(t.id)
	var page []byte
	if err == nil {
		page, err = within(ctx, &t.guard, client.Within(t.docRoom.grow).MetricsPage)
	}
	if err == nil {
		err = t.docRoom.keep(len(page))
	}
	if err != nil {
		t.s.counters.errors.WithLabelValues("document").Inc()
		t.s.log.Debug("fetch metrics document", "server", t.id, "err", err)
		return
	}
	doc := newDocument(bytes.Clone(page), t.s.wall()) // without the space that its buffer has left
	t.s.update(t.id, func(l *latest) { l.document = doc })
}
