package alerts

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	broken   prometheus.Gauge
	failures *prometheus.CounterVec
	checks   prometheus.Counter
	last     prometheus.Gauge
	told     *prometheus.CounterVec
	cut      *prometheus.CounterVec
	active   *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		broken:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_alerts_broken_rule_files", Help: "Rule files that cannot be read; the others are evaluated."}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_alerts_errors_total", Help: "Steps that failed and are repeated, by step: check, settle or deliver."}, []string{"step"}),
		checks:   prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_alerts_checks_total", Help: "Checks of the alert settings."}),
		last:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_alerts_last_check_timestamp_seconds", Help: "When the alert settings were last checked."}),
		told:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_alerts_told_total", Help: "Alerts that were handed to delivery, by kind: firing, repeated or resolved."}, []string{"kind"}),
		cut: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_alerts_cut_total",
			Help: "Results of rules that raise no alert, by reason: twin of another, or beyond the limit of one rule and server."}, []string{"reason"}),
		active: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "panel_alerts_active", Help: "Alerts by state."}, []string{"state"}),
	}
	for _, step := range []string{"check", "settle", "deliver"} { // from the start: a rule sees only what increases
		m.failures.WithLabelValues(step)
	}
	for _, reason := range []string{"twin", "limit"} {
		m.cut.WithLabelValues(reason)
	}
	if reg != nil {
		reg.MustRegister(m.broken, m.failures, m.checks, m.last, m.told, m.cut, m.active)
	}
	return m
}
