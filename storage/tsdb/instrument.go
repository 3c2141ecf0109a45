package tsdb

import "github.com/prometheus/client_golang/prometheus"

// metrics count what the database does.
type metrics struct {
	registry *recorder // nil: nobody looks

	appended     prometheus.Counter
	dropped      *prometheus.CounterVec
	queries      *prometheus.HistogramVec
	pages        *prometheus.CounterVec
	budgetMonths *prometheus.CounterVec
	rollups      *rollupMetrics
}

func newMetrics(db *DB, reg prometheus.Registerer) *metrics {
	m := &metrics{
		appended: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "panel_tsdb_samples_appended_total", Help: "Samples given to the storage engine, staleness markers included.",
		}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "panel_tsdb_samples_dropped_total", Help: "Samples that were not stored, by reason.",
		}, []string{"reason"}),
		queries: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "panel_tsdb_query_duration_seconds", Help: "Time to answer a query, waiting not included.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 60},
		}, []string{"kind"}),
		budgetMonths: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "panel_tsdb_budget_removed_partitions_total", Help: "Months of a tier that were removed to keep the size budget.",
		}, []string{"tier"}),
		pages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "panel_tsdb_exposition_lines_total", Help: "Lines of exposition pages, by whether they were remembered from the page before.",
		}, []string{"path"}),
		rollups: newRollupMetrics(),
	}
	for _, reason := range []string{"nan", "duplicate", "disk_full"} {
		m.dropped.WithLabelValues(reason)
	}
	if reg == nil {
		return m
	}
	logged := func(f func(walStats) float64) func() float64 { return func() float64 { return f(db.wal.stats()) } }
	m.registry = &recorder{Registerer: reg}
	m.registry.MustRegister(
		m.appended, m.dropped, m.queries, m.pages, m.budgetMonths,
		gauge("panel_tsdb_over_budget", "Whether the tiers are larger than the size budget although no month is left to remove.", func() float64 {
			if db.overBudget.Load() {
				return 1
			}
			return 0
		}),
		gauge("panel_tsdb_log_up", "Whether samples are written to the write-ahead log.", logged(func(s walStats) float64 {
			if s.up {
				return 1
			}
			return 0
		})),
		gauge("panel_tsdb_log_bytes", "Size of the write-ahead log.", logged(func(s walStats) float64 { return float64(s.bytes) })),
		gauge("panel_tsdb_log_replayed_samples", "Samples taken over from the write-ahead log at start.", logged(func(s walStats) float64 { return float64(s.replayed) })),
		counter("panel_tsdb_log_failures_total", "Times that the write-ahead log stopped because it could not be written.", func() float64 { return float64(db.wal.failures.Load()) }),
		gauge("panel_tsdb_read_only", "Whether nothing is stored because the disk is nearly full.", func() float64 {
			if db.ReadOnly() {
				return 1
			}
			return 0
		}),
		gauge("panel_tsdb_quarantined_partitions", "Months of a tier that were damaged and are not served.", func() float64 {
			list, err := quarantined(db.dir)
			if err != nil {
				db.log.Error("look into quarantine", "err", err)
			}
			return float64(len(list))
		}),
		gauge("panel_tsdb_queries_running", "Queries that run now.", func() float64 { return db.gates.sum(func(g *gate) float64 { return float64(len(g.running)) }) }),
		gauge("panel_tsdb_queries_waiting", "Queries that wait for a free place.", func() float64 { return db.gates.sum(func(g *gate) float64 { return float64(g.waiting.Load()) }) }),
		counter("panel_tsdb_queries_refused_total", "Queries refused because too many waited.", func() float64 { return db.gates.sum(func(g *gate) float64 { return float64(g.refused.Load()) }) }),
	)
	m.registry.MustRegister(m.rollups.collectors(db)...)
	for _, t := range db.tiers {
		m.registry.MustRegister(db.tierMetrics(t)...)
	}
	return m
}

// tierMetrics are what the engine counts in one tier.
func (db *DB) tierMetrics(t *tier) []prometheus.Collector {
	labels := prometheus.Labels{"tier": t.name}
	stat := func(f func(vmStats) uint64) func() float64 { return func() float64 { return float64(f(db.stats(t))) } }
	gauge := func(name, help string, f func(vmStats) uint64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, stat(f))
	}
	counter := func(name, help string, f func(vmStats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, stat(f))
	}
	return []prometheus.Collector{
		gauge("panel_tsdb_active_series", "Series with a sample in this hour or the previous one.", func(s vmStats) uint64 { return s.activeSeries }),
		gauge("panel_tsdb_stored_samples", "Samples on disk and in memory.", func(s vmStats) uint64 { return s.storedRows }),
		gauge("panel_tsdb_disk_bytes", "Size of samples and index on disk.", func(s vmStats) uint64 { return s.diskBytes }),
		counter("panel_tsdb_series_created_total", "Series that were new to the index.", func(s vmStats) uint64 { return s.newSeries }),
		counter("panel_tsdb_samples_out_of_bounds_total", "Samples that the engine refused for their time.", func(s vmStats) uint64 { return s.tooOld + s.tooNew }),
	}
}

// stats is zero after Close.
func (db *DB) stats(t *tier) vmStats {
	if db.enter() != nil {
		return vmStats{}
	}
	defer db.calls.Done()
	return t.vm.stats()
}

// engineRegisterer is where the PromQL engine registers its own metrics.
func (m *metrics) engineRegisterer() prometheus.Registerer {
	if m.registry == nil {
		return nil
	}
	return m.registry
}

// unregister takes all metrics away, so that the directory may be opened again with the same registerer.
func (m *metrics) unregister() {
	if m.registry == nil {
		return
	}
	for _, c := range m.registry.registered {
		m.registry.Unregister(c)
	}
}

// recorder remembers what it registered.
type recorder struct {
	prometheus.Registerer
	registered []prometheus.Collector
}

func (r *recorder) MustRegister(cs ...prometheus.Collector) {
	r.Registerer.MustRegister(cs...)
	r.registered = append(r.registered, cs...)
}

func gauge(name, help string, f func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
}

func counter(name, help string, f func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f)
}
