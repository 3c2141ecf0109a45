package notify

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	sent, errors, dropped *prometheus.CounterVec
	delay                 *prometheus.HistogramVec
	waiting               *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	m := &metrics{
		sent:    counter("panel_notify_sent_total", "Messages that arrived, by channel.", "channel"),
		errors:  counter("panel_notify_errors_total", "Attempts that failed, by channel; messages are tried again.", "channel"),
		dropped: counter("panel_notify_dropped_total", "Messages that were given up, by reason: full or expired.", "reason"),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "panel_notify_delay_seconds", Help: "Time from the queuing of a message to its arrival.",
			Buckets: []float64{.1, .5, 1, 2, 5, 10, 30, 60, 300, 3600},
		}, []string{"channel"}),
	}
	m.waiting = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "panel_notify_waiting", Help: "Messages that wait to be sent, by channel; counted once a minute."}, []string{"channel"})
	for _, reason := range []string{"full", "expired"} { // zero is a value, too: rules take rates of them
		m.dropped.WithLabelValues(reason)
	}
	for _, channel := range []string{Telegram, Webhook, Alertmanager, Heartbeat} {
		m.sent.WithLabelValues(channel)
		m.errors.WithLabelValues(channel)
	}
	if reg != nil {
		reg.MustRegister(m.sent, m.errors, m.dropped, m.delay, m.waiting)
	}
	return m
}
