package alerts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"monitoring/storage"
)

// The series that the checks write and the generated rules read; labels are server and metric.
const (
	valueSeries    = "panel_alert_value"         // mean since the last check
	baselineSeries = "panel_alert_baseline"      // moving average before this check
	samplesSeries  = "panel_alert_samples"       // checks with a value so far, this one included
	failedSeries   = "panel_alert_failed_checks" // in a row; no label metric
)

// warmUp is how many samples a metric needs before any of its triggers counts.
const warmUp = 5

// coresMetric is the number of processors, which the load is compared with. It has no baseline.
const coresMetric = "cores"

// source says where the value of a trigger comes from and where it is drawn.
type source struct {
	query string  // one series per server; $w is the window
	chart string  // of dashboards/server.json
	scale float64 // from the value to the chart's unit
	en    string
	ru    string
	unit  string
}

// sources has one entry per trigger of storage.AlertSettings.
var sources = map[string]source{
	"cpu": {`100 * avg_over_time(agent_cpu_usage_ratio{job="node"}[$w])`, "cpu", 1, "CPU", "CPU", "%"},
	"ram": {`100 * avg_over_time(agent_memory_usage_ratio{job="node"}[$w])`, "memory", 1, "Memory", "Память", "%"},
	"network": {`avg_over_time(agent_network_total_receive_bytes_per_second{job="node"}[$w])` +
		` + avg_over_time(agent_network_total_transmit_bytes_per_second{job="node"}[$w])`, "network", 8, "Network", "Сеть", "B/s"},
	"tcp_established":        tcpSource("established"),
	"tcp_listen":             tcpSource("listen"),
	"tcp_timewait":           tcpSource("time_wait"),
	"tcp_closewait":          tcpSource("close_wait"),
	"tcp_synsent":            tcpSource("syn_sent"),
	"tcp_synrecv":            tcpSource("syn_recv"),
	"tcp_finwait":            tcpSource("fin_wait"),
	storage.TriggerLoad:      {`avg_over_time(node_load1{job="node"}[$w])`, "load", 1, "Load average", "Средняя нагрузка", ""},
	storage.TriggerConntrack: {`100 * avg_over_time(node_nf_conntrack_entries{job="node"}[$w]) / node_nf_conntrack_entries_limit{job="node"}`, "conntrack", 1, "Connection table", "Таблица соединений", "%"},
}

// coresQuery gives the processors of each server.
const coresQuery = `count by (server) (node_cpu_seconds_total{job="node", mode="idle"})`

func tcpSource(state string) source {
	query := fmt.Sprintf(`avg_over_time(agent_tcp_connections{job="node", state="%s"}[$w])`, state)
	return source{query, "tcp_states", 1, "TCP " + state, "TCP " + state, ""}
}

// The parts of a rule file that we write; rulefmt's own types do not keep the order of fields.
type (
	ruleFile struct {
		Groups []ruleGroup `yaml:"groups"`
	}
	ruleGroup struct {
		Name     string         `yaml:"name"`
		Interval model.Duration `yaml:"interval"`
		Rules    []ruleEntry    `yaml:"rules"`
	}
	ruleEntry struct {
		Alert       string            `yaml:"alert"`
		Expr        string            `yaml:"expr"`
		For         model.Duration    `yaml:"for,omitempty"`
		Labels      map[string]string `yaml:"labels"`
		Annotations map[string]string `yaml:"annotations"`
	}
)

// settingsGroup is the one group of the generated file.
const settingsGroup = "alert-settings"

// generate writes the triggers of the settings as a rule file.
func generate(v storage.AlertSettings) []byte {
	g := ruleGroup{Name: settingsGroup, Interval: model.Duration(time.Duration(v.CheckInterval) * time.Second), Rules: []ruleEntry{}}
	if t := v.Offline(); t.Enabled {
		n := int(t.Critical)
		g.Rules = append(g.Rules, ruleEntry{
			Alert: "offline", Expr: fmt.Sprintf("%s >= %d", failedSeries, n), Labels: severity("critical"),
			Annotations: annotations("Server is down", "No answer in "+`{{ $value }}`+" checks in a row.",
				"Сервер не в сети", "Нет ответа, проверок подряд: {{ $value }}."),
		})
	}
	for _, t := range v.Triggers() {
		if t.Enabled {
			g.Rules = append(g.Rules, rulesOf(t)...)
		}
	}
	var b strings.Builder
	b.WriteString("# Generated from the alert settings; changes here are not read. The panel writes the series, exclusions included.\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(ruleFile{[]ruleGroup{g}}); err != nil {
		panic(err) // plain structs of strings
	}
	return []byte(b.String())
}

func severity(s string) map[string]string { return map[string]string{"severity": s} }

func annotations(summary, description, summaryRu, descriptionRu string) map[string]string {
	return map[string]string{"summary": summary, "description": description, "summary_ru": summaryRu, "description_ru": descriptionRu}
}

// rulesOf writes the conditions of one trigger.
func rulesOf(t storage.Trigger) []ruleEntry {
	src := sources[t.Name]
	value, baseline := series(valueSeries, t.Name), series(baselineSeries, t.Name)
	warm := fmt.Sprintf(" and ignoring (metric) %s >= %d", series(samplesSeries, t.Name), warmUp)
	hold := model.Duration(t.Sustained)
	var out []ruleEntry
	add := func(kind, level, expr string, texts map[string]string) {
		out = append(out, ruleEntry{t.Name + "_" + kind, expr + warm, hold, severity(level), texts})
	}
	unit := ""
	if src.unit == "%" {
		unit = " %"
	}
	now := `{{ printf "%.4g" $value }}` + unit
	switch {
	case t.Name == storage.TriggerLoad:
		add("high", "warning", fmt.Sprintf("%s > ignoring (metric) (%s + %v)", value, series(valueSeries, coresMetric), t.Above),
			annotations("Load is high", "The load average is "+now+".", "Высокая нагрузка", "Средняя нагрузка — "+now+"."))
	case t.Name == storage.TriggerConntrack:
		add("high", "warning", fmt.Sprintf("%s >= %v", value, t.Critical),
			annotations("Connection table fills up", now+" of the connection table is in use.", "Таблица соединений заполняется", "Таблица соединений занята на "+now+"."))
	case t.Critical > 0:
		add("critical", "critical", fmt.Sprintf("%s >= %v", value, t.Critical),
			annotations(src.en+" is critical", fmt.Sprintf("%s is at %s; the limit is %v %%.", src.en, now, t.Critical),
				src.ru+": критический уровень", fmt.Sprintf("%s: %s при пороге %v %%.", src.ru, now, t.Critical)))
	}
	if t.Spike > 0 {
		deviation := fmt.Sprintf("(%s - %s) / (%s > 0) * 100 > %v", value, baseline, baseline, t.Spike)
		if t.Spike < 100 { // from nothing to something counts as 100 %
			deviation = fmt.Sprintf("(%s or (%s > 0 and %s == 0) * 0 + 100)", deviation, value, baseline)
		}
		add("spike", "warning", fmt.Sprintf("%s and %s >= %v", deviation, value, t.Floor),
			annotations(src.en+" has jumped", src.en+" is {{ printf \"%.0f\" $value }} % above its usual level.",
				src.ru+": скачок", src.ru+": на {{ printf \"%.0f\" $value }} % выше обычного."))
	}
	if t.Drop > 0 {
		deviation := fmt.Sprintf("(%s - %s) / (%s > 0) * 100 > %v", baseline, value, baseline, t.Drop)
		add("drop", "warning", fmt.Sprintf("%s and %s >= %v", deviation, baseline, t.Floor),
			annotations(src.en+" has dropped", src.en+" is {{ printf \"%.0f\" $value }} % below its usual level.",
				src.ru+": падение", src.ru+": на {{ printf \"%.0f\" $value }} % ниже обычного."))
	}
	return out
}

func series(name, metric string) string { return fmt.Sprintf("%s{metric=%q}", name, metric) }

// triggerOf returns the trigger that a type of the settings' alerts belongs to: cpu of cpu_spike.
func triggerOf(alertname string) string {
	for _, kind := range []string{"_critical", "_spike", "_drop", "_high"} {
		if name, ok := strings.CutSuffix(alertname, kind); ok {
			return name
		}
	}
	return alertname
}

// covers names the trigger that tells a person the same as a shipped rule. Such a rule is shown, and told only where
// the trigger does not look.
var covers = map[string]string{
	"AgentDown": storage.TriggerOffline, "CPUBusy": "cpu", "MemoryFull": "ram", "LoadHigh": storage.TriggerLoad, "ConntrackFull": storage.TriggerConntrack,
}

// coveredBy returns the trigger that makes a shipped alert redundant for a person, or "".
func coveredBy(v storage.AlertSettings, a *storage.Alert) string {
	name, ok := covers[a.Alertname]
	if !ok || a.ServerID == nil || !strings.HasPrefix(a.Rule, shippedPrefix) || slices.Contains(v.ExcludedServerIDs, *a.ServerID) {
		return ""
	}
	for _, t := range append(v.Triggers(), v.Offline()) {
		if t.Name == name && t.Watches(*a.ServerID) {
			return name
		}
	}
	return ""
}

// ofServer narrows a query to one server.
func ofServer(query string, id int64) (string, error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return "", fmt.Errorf("narrow query: %w", err)
	}
	only := labels.MustNewMatcher(labels.MatchEqual, "server", strconv.FormatInt(id, 10))
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			v.LabelMatchers = append(v.LabelMatchers, only)
		}
		return nil
	})
	return expr.String(), nil
}
