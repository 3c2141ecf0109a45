package clickhouse

import (
	"fmt"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	inserted, flushErrors prometheus.Counter

	mu   sync.Mutex
	told string // the reason that was logged last
}

func newMetrics(s *Store, r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		inserted:    prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_visits_inserted_rows_total", Help: "Rows that are in ClickHouse."}),
		flushErrors: prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_visits_flush_errors_total", Help: "Attempts to move waiting rows into ClickHouse that failed."}),
	}
	if r == nil {
		return m, nil
	}
	up := func() float64 {
		if s.Status().Up {
			return 1
		}
		return 0
	}
	for _, c := range []prometheus.Collector{
		m.inserted, m.flushErrors,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "panel_clickhouse_up", Help: "Whether ClickHouse is there to be asked."}, up),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "panel_visits_queue_rows", Help: "Rows on disk that wait for ClickHouse."},
			func() float64 { return float64(s.queue.waiting()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "panel_visits_queue_bytes", Help: "Disk space of the rows that wait for ClickHouse."},
			func() float64 { return float64(s.queue.size()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "panel_visits_dropped_rows_total", Help: "Rows that were refused: the queue was full, or ClickHouse does not take them."},
			func() float64 { return float64(s.queue.dropped.Load()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "panel_clickhouse_restarts_total", Help: "Starts of the embedded engine after it had ended."},
			func() float64 { return float64(s.Status().Restarts) }),
	} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of clickhouse: %w", err)
		}
	}
	return m, nil
}

// missing logs once that the engine is not installed, and again when the reason changes.
func (m *metrics) missing(log *slog.Logger, e *Unavailable) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told != e.Reason {
		m.told = e.Reason
		log.Warn("no clickhouse: visits wait on disk", "why", e.Reason)
	}
}
