package tsdb

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// rollupMetrics count what the rollup loop does.
type rollupMetrics struct {
	runs, errors, seconds prometheus.Counter
	success               prometheus.Gauge
	rows                  *prometheus.CounterVec
}

func newRollupMetrics() *rollupMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_tsdb_rollup_" + name, Help: help})
	}
	return &rollupMetrics{
		runs:    counter("runs_total", "Times that windows were looked for which are complete."),
		errors:  counter("errors_total", "Runs of the rollup that failed; the next one goes on where they stopped."),
		seconds: counter("seconds_total", "Time that runs of the rollup took."),
		success: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "panel_tsdb_rollup_last_success_timestamp_seconds", Help: "When the last run of the rollup succeeded.",
		}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "panel_tsdb_rollup_samples_total", Help: "Samples that the rollup wrote into a tier.",
		}, []string{"tier"}),
	}
}

func (m *rollupMetrics) observe(took time.Duration, err error) {
	m.runs.Inc()
	m.seconds.Add(took.Seconds())
	if err != nil {
		m.errors.Inc()
		return
	}
	m.success.SetToCurrentTime()
}

// collectors are all of m, with how far the tiers of db are.
func (m *rollupMetrics) collectors(db *DB) []prometheus.Collector {
	list := []prometheus.Collector{m.runs, m.errors, m.seconds, m.success, m.rows}
	for _, j := range db.rollup.jobs {
		m.rows.WithLabelValues(j.to.name)
		list = append(list, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "panel_tsdb_rollup_finished_timestamp_seconds", Help: "End of the newest window that is rolled up.",
			ConstLabels: prometheus.Labels{"tier": j.to.name},
		}, func() float64 { return float64(j.finished.Load()) / 1000 }))
	}
	return list
}
