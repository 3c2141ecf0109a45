package scrape

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// counters are the scraper's own metrics.
type counters struct {
	runs        *prometheus.CounterVec // set
	errors      *prometheus.CounterVec // reason
	duration    *prometheus.HistogramVec
	lag         prometheus.Histogram
	missed      prometheus.Counter
	samples     prometheus.Counter
	dropped     prometheus.Counter
	targets     prometheus.Gauge
	lastSuccess prometheus.Gauge
}

func newCounters(r prometheus.Registerer) *counters {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	c := &counters{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_scrape_runs_total",
			Help: "Scrapes that were started, by set."}, []string{"set"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_scrape_errors_total",
			Help: "Scrapes that failed, by reason; \"document\" is a metrics document missed after a good scrape."}, []string{"reason"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "panel_scrape_duration_seconds",
			Help: "How long a scrape took, by set.", Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"set"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "panel_scrape_lag_seconds",
			Help: "How much later than scheduled a scrape was started.", Buckets: []float64{.001, .005, .01, .025, .05, .1, .2, .5, 1, 5}}),
		missed:  counter("panel_scrape_missed_total", "Scheduled scrapes that were left out because the one before took too long."),
		samples: counter("panel_scrape_samples_total", "Samples that were stored from agents."),
		dropped: counter("panel_scrape_dropped_samples_total", "Samples of good pages that were not stored: NaN, or a series that stood on the page twice."),
		targets: prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_scrape_targets", Help: "Servers that are being scraped."}),
		lastSuccess: prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_scrape_last_success_timestamp_seconds",
			Help: "When a scrape last succeeded."}),
	}
	r.MustRegister(c.runs, c.errors, c.duration, c.lag, c.missed, c.samples, c.dropped, c.targets, c.lastSuccess)
	return c
}

const (
	lagWindow = 5 * time.Minute
	lagSlots  = 1 << 15 // 500 servers every 5 s for 5 minutes
)

// lagRing remembers the start lags of the last minutes.
type lagRing struct {
	mu   sync.Mutex
	ring []startLag
	next int
}

type startLag struct {
	at  time.Time
	lag time.Duration
}

func (r *lagRing) add(at time.Time, lag time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ring) < lagSlots {
		r.ring = append(r.ring, startLag{at, lag})
		return
	}
	r.ring[r.next] = startLag{at, lag}
	r.next = (r.next + 1) % lagSlots
}

// p99 returns the 99th percentile of the lags since now minus lagWindow, 0 without any.
func (r *lagRing) p99(now time.Time) time.Duration {
	r.mu.Lock()
	var recent []time.Duration
	for _, l := range r.ring {
		if now.Sub(l.at) <= lagWindow {
			recent = append(recent, l.lag)
		}
	}
	r.mu.Unlock()
	if len(recent) == 0 {
		return 0
	}
	slices.Sort(recent)
	return recent[int(math.Ceil(0.99*float64(len(recent))))-1]
}
