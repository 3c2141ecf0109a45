package collector

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	node "github.com/prometheus/node_exporter/collector"
)

const (
	// familyPatience is how long the page waits for one family. Every healthy one is done in milliseconds.
	familyPatience = 2 * time.Second
	// maxAbandoned is how many runs of one family may hang at a time. A second one is worth the try: node_exporter's
	// filesystem collector leaves out the mount that hung it the first time.
	maxAbandoned = 2
)

var (
	ownSuccess  = prometheus.NewDesc("agent_collector_success", "Whether a collector of the agent succeeded.", []string{"collector"}, nil)
	ownDuration = prometheus.NewDesc("agent_collector_duration_seconds", "Duration of a collector of the agent.", []string{"collector"}, nil)

	nodeSuccess  = prometheus.NewDesc("node_scrape_collector_success", "node_exporter: Whether a collector succeeded.", []string{"collector"}, nil)
	nodeDuration = prometheus.NewDesc("node_scrape_collector_duration_seconds", "node_exporter: Duration of a collector scrape.", []string{"collector"}, nil)
)

// runner runs families one after the other, so that none can harm the others: one that fails is a metric, one that
// panics fails, one that hangs is left behind after familyPatience. In sequence and not in parallel, because the agent
// shall not take all cores of a busy machine, even for ten milliseconds.
type runner struct {
	log *slog.Logger

	mu        sync.Mutex
	abandoned map[string]int  // runs that still hang
	failing   map[string]bool // already logged
}

func newRunner(log *slog.Logger) *runner {
	return &runner{log: log, abandoned: map[string]int{}, failing: map[string]bool{}}
}

var (
	errHangs = fmt.Errorf("not done after %s", familyPatience)
	errStuck = errors.New("earlier runs still hang")
)

// run hands the metrics of the families to emit, with the success and the duration of each.
func (r *runner) run(families []Family, emit func(prometheus.Metric)) {
	var metrics []prometheus.Metric // of one family; its memory serves the next
	for _, f := range families {
		begin := time.Now()
		var err error
		metrics, err = r.runOne(f, metrics[:0])
		for _, m := range metrics {
			emit(m)
		}
		r.report(f.Name, err)
		success, successDesc, durationDesc := 1.0, ownSuccess, ownDuration
		if name, ok := strings.CutPrefix(f.Name, nodePrefix); ok {
			f.Name, successDesc, durationDesc = name, nodeSuccess, nodeDuration
		}
		if err != nil {
			success = 0
		}
		emit(prometheus.MustNewConstMetric(successDesc, prometheus.GaugeValue, success, f.Name))
		emit(prometheus.MustNewConstMetric(durationDesc, prometheus.GaugeValue, time.Since(begin).Seconds(), f.Name))
	}
}

// runOne appends what the family sent, also when it failed half way. Of one that hangs nothing is used.
func (r *runner) runOne(f Family, metrics []prometheus.Metric) ([]prometheus.Metric, error) {
	r.mu.Lock()
	stuck := r.abandoned[f.Name] >= maxAbandoned
	r.mu.Unlock()
	if stuck {
		return metrics, errStuck
	}
	ch := make(chan prometheus.Metric, 32)
	finished := make(chan error, 1)
	go func() {
		err := protect(f.Collect, ch)
		close(ch)
		finished <- err
	}()
	patience := time.NewTimer(familyPatience)
	defer patience.Stop()
	for {
		select {
		case m, open := <-ch:
			if !open {
				return metrics, <-finished
			}
			metrics = append(metrics, m)
		case <-patience.C:
			r.abandon(f.Name, ch)
			return metrics[:0], errHangs
		}
	}
}

// abandon lets a run that hangs end by itself, whenever that is.
func (r *runner) abandon(name string, ch <-chan prometheus.Metric) {
	r.mu.Lock()
	r.abandoned[name]++
	r.mu.Unlock()
	go func() {
		for range ch { // nobody reads it any more
		}
		r.mu.Lock()
		r.abandoned[name]--
		r.mu.Unlock()
	}()
}

// protect turns a panic into an error.
func protect(collect func(chan<- prometheus.Metric) error, ch chan<- prometheus.Metric) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return collect(ch)
}

// report logs what changed: a family that fails would otherwise fill the log every ten seconds.
func (r *runner) report(name string, err error) {
	noData := errors.Is(err, ErrNoData) || node.IsNoDataError(err)
	r.mu.Lock()
	was := r.failing[name]
	r.failing[name] = err != nil && !noData
	now := r.failing[name]
	r.mu.Unlock()
	switch {
	case now && !was:
		r.log.Warn("collect metrics", "collector", name, "err", err)
	case was && !now:
		r.log.Info("collector works again", "collector", name)
	case err != nil:
		r.log.Debug("collect metrics", "collector", name, "err", err)
	}
}
