package haproxy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// maxLines bounds how many frontends, backends and servers are exported: each has about fifteen series, and a page has
// a limit.
const maxLines = 2000

// exported are the families by their column, named as HAProxy's own exporter names them. Which of frontends (f), backends
// (b) and servers (s) have one stands in kinds; factor turns milliseconds into seconds.
var exported = []struct {
	column, name, kinds string
	counter             bool
	factor              float64
}{
	{"scur", "current_sessions", "fbs", false, 1},
	{"smax", "max_sessions", "fbs", false, 1},
	{"slim", "limit_sessions", "fb", false, 1},
	{"stot", "sessions_total", "fbs", true, 1},
	{"bin", "bytes_in_total", "fbs", true, 1},
	{"bout", "bytes_out_total", "fbs", true, 1},
	{"dreq", "requests_denied_total", "fb", true, 1},
	{"ereq", "request_errors_total", "f", true, 1},
	{"dcon", "denied_connections_total", "f", true, 1},
	{"conn_tot", "connections_total", "f", true, 1},
	{"qcur", "current_queue", "bs", false, 1},
	{"qmax", "max_queue", "bs", false, 1},
	{"econ", "connection_errors_total", "bs", true, 1},
	{"eresp", "response_errors_total", "bs", true, 1},
	{"wretr", "retry_warnings_total", "bs", true, 1},
	{"wredis", "redispatch_warnings_total", "bs", true, 1},
	{"weight", "weight", "bs", false, 1},
	{"act", "active_servers", "b", false, 1},
	{"bck", "backup_servers", "b", false, 1},
	{"downtime", "downtime_seconds_total", "bs", true, 1},
	{"ttime_max", "max_total_time_seconds", "b", false, 1e-3},
	{"chkfail", "check_failures_total", "s", true, 1},
	{"chkdown", "check_up_down_total", "bs", true, 1},
	{"lastchg", "check_last_change_seconds", "bs", false, 1},
	{"check_duration", "check_duration_seconds", "s", false, 1e-3},
}

// processFamilies are the lines of `show info` that are exported.
var processFamilies = []struct {
	key, name string
	counter   bool
}{
	{"Nbthread", "nbthread", false},
	{"Uptime_sec", "uptime_seconds", false},
	{"CurrConns", "current_connections", false},
	{"Maxconn", "max_connections", false},
	{"CumConns", "connections_total", true},
	{"CumReq", "requests_total", true},
	{"CurrSslConns", "current_ssl_connections", false},
	{"ConnRate", "current_connection_rate", false},
	{"Idle_pct", "idle_time_percent", false},
	{"Stopping", "stopping", false},
}

// kind is what a line of `show stat` is about.
type kind struct {
	letter, name string
	labels       []string
	states       []string
}

var kinds = map[string]kind{
	KindFrontend: {"f", "frontend", []string{"proxy"}, []string{"DOWN", "UP"}},
	KindBackend:  {"b", "backend", []string{"proxy"}, []string{"DOWN", "UP"}},
	KindServer:   {"s", "server", []string{"proxy", "server"}, []string{"DOWN", "UP", "MAINT", "DRAIN", "NOLB"}},
}

// descs are made once, by kind and name.
var descs = func() map[string]*prometheus.Desc {
	out := map[string]*prometheus.Desc{}
	for _, k := range kinds {
		for _, e := range exported {
			name := "haproxy_" + k.name + "_" + e.name
			out[name] = prometheus.NewDesc(name, "As in HAProxy's own exporter: "+e.column+" of show stat.", k.labels, nil)
		}
		name := "haproxy_" + k.name + "_status"
		out[name] = prometheus.NewDesc(name, "Whether it is in this state.", append(slices.Clip(k.labels), "state"), nil)
		name = "haproxy_" + k.name + "_http_responses_total"
		out[name] = prometheus.NewDesc(name, "Answers by class of their status.", append(slices.Clip(k.labels), "code"), nil)
	}
	for _, p := range processFamilies {
		name := "haproxy_process_" + p.name
		out[name] = prometheus.NewDesc(name, "As in HAProxy's own exporter: "+p.key+" of show info.", nil, nil)
	}
	return out
}()

var (
	buildInfo = prometheus.NewDesc("haproxy_process_build_info", "Version of the running HAProxy.", []string{"version"}, nil)
	leftOut   = prometheus.NewDesc("haproxy_lines_left_out", "Frontends, backends and servers beyond the limit of what is exported.", nil, nil)
)

// Metrics sends the families of the running process.
func Metrics(stats []Stat, info map[string]string, ch chan<- prometheus.Metric) {
	for _, p := range processFamilies {
		if v, err := strconv.ParseFloat(info[p.key], 64); err == nil {
			ch <- metric("haproxy_process_"+p.name, p.counter, v)
		}
	}
	if v := info["Version"]; v != "" {
		ch <- prometheus.MustNewConstMetric(buildInfo, prometheus.GaugeValue, 1, v)
	}
	ch <- prometheus.MustNewConstMetric(leftOut, prometheus.GaugeValue, float64(max(0, len(stats)-maxLines)))
	for _, s := range stats[:min(len(stats), maxLines)] {
		k, ok := kinds[s.Text("type")]
		if !ok {
			continue // a listener
		}
		labels := []string{s.Text("pxname")}
		if k.letter == "s" {
			labels = append(labels, s.Text("svname"))
		}
		statMetrics(s, k, labels, ch)
	}
}

func statMetrics(s Stat, k kind, labels []string, ch chan<- prometheus.Metric) {
	for _, e := range exported {
		if !strings.Contains(e.kinds, k.letter) {
			continue
		}
		if n, ok := s.Int(e.column); ok {
			ch <- metric("haproxy_"+k.name+"_"+e.name, e.counter, float64(n)*e.factor, labels...)
		}
	}
	state := State(s.Text("status"))
	for _, name := range k.states {
		v := 0.0
		if name == state {
			v = 1
		}
		ch <- metric("haproxy_"+k.name+"_status", false, v, append(slices.Clip(labels), name)...)
	}
	if s.Text("mode") != "http" {
		return
	}
	for _, code := range []string{"1xx", "2xx", "3xx", "4xx", "5xx", "other"} {
		if n, ok := s.Int("hrsp_" + code); ok {
			ch <- metric("haproxy_"+k.name+"_http_responses_total", true, float64(n), append(slices.Clip(labels), code)...)
		}
	}
}

// State is a status of `show stat` as the exporter has it: OPEN and "UP 1/3" are UP, "MAINT (via x)" is MAINT.
func State(status string) string {
	for _, known := range []string{"UP", "DOWN", "MAINT", "DRAIN", "NOLB"} {
		if len(status) >= len(known) && status[:len(known)] == known {
			return known
		}
	}
	switch status {
	case "OPEN", "no check":
		return "UP"
	}
	return "DOWN" // STOP, or what a later version invents
}

func metric(name string, counter bool, v float64, labels ...string) prometheus.Metric {
	kind := prometheus.GaugeValue
	if counter {
		kind = prometheus.CounterValue
	}
	return prometheus.MustNewConstMetric(descs[name], kind, v, labels...)
}
