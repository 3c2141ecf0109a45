package alerts

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/rules"

	"monitoring/storage"
)

// ActiveResponse lists what is pending or firing.
type ActiveResponse struct {
	Alerts []ActiveAlert `json:"alerts"`
	Count  int           `json:"count"`
}

// ActiveAlert is one alert as the page shows it: firing before pending, critical before the others, the newest first.
type ActiveAlert struct {
	Fingerprint   string               `json:"fingerprint"`
	Alertname     string               `json:"alertname"`
	Type          string               `json:"type"` // as in the history
	Severity      string               `json:"severity"`
	State         string               `json:"state"` // pending or firing
	ServerIDs     []int64              `json:"server_ids"`
	Labels        map[string]string    `json:"labels"`
	Summary       string               `json:"summary"`
	Description   string               `json:"description"`
	SummaryRu     string               `json:"summary_ru"`
	DescriptionRu string               `json:"description_ru"`
	Value         *float64             `json:"value"`     // null if there is no finite one
	Threshold     *float64             `json:"threshold"` // where it begins; null if the rule has no plain number
	Details       storage.AlertDetails `json:"details"`
	Since         time.Time            `json:"since"`    // the condition holds
	FiredAt       *time.Time           `json:"fired_at"` // null while pending
	ToldAt        *time.Time           `json:"told_at"`  // a person was last told
	SilencedBy    []int64              `json:"silenced_by"`
	CoveredBy     string               `json:"covered_by"` // the trigger of the settings that tells of it instead; or empty
	File          string               `json:"file"`
	Group         string               `json:"group"`
	Expression    string               `json:"expression"`
	Chart         *ChartHint           `json:"chart"` // null if no chart of a server shows it
}

// ChartHint names the chart that shows why an alert fired; the threshold is in the chart's unit.
type ChartHint struct {
	ServerID  int64    `json:"server_id"`
	Chart     string   `json:"chart"`
	Threshold *float64 `json:"threshold"`
}

// Active returns what is pending or firing.
func (s *Service) Active(now time.Time) []ActiveAlert {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []ActiveAlert{}
	for _, a := range s.state {
		if a.ResolvedAt == nil {
			out = append(out, s.active(a, now))
		}
	}
	rank := func(a ActiveAlert) int {
		r := slices.Index([]string{"critical", "warning", "info"}, a.Severity)
		if a.State == "pending" {
			r += 10
		}
		return r
	}
	slices.SortFunc(out, func(a, b ActiveAlert) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.Since.Compare(a.Since), strings.Compare(a.Alertname+a.Fingerprint, b.Alertname+b.Fingerprint))
	})
	return out
}

func (s *Service) active(a *storage.Alert, now time.Time) ActiveAlert {
	info := s.known[a.Rule]
	out := ActiveAlert{
		Fingerprint: a.Fingerprint, Alertname: a.Alertname, Type: a.Alertname, Severity: cmp.Or(a.Severity, "warning"), State: "pending",
		ServerIDs: []int64{}, Labels: a.Labels, Summary: text(a, "summary", "en"), Description: s.description(a, "en"),
		SummaryRu: text(a, "summary", "ru"), DescriptionRu: s.description(a, "ru"), Value: a.Details.Current, Threshold: a.Details.Threshold,
		Details: a.Details, Since: a.ActiveAt, FiredAt: a.FiredAt, ToldAt: a.ToldAt, SilencedBy: s.silences.of(a, now),
		CoveredBy: coveredBy(s.Settings(), a), File: info.file, Group: info.group, Expression: info.expr, Chart: chartOf(a, info.expr),
	}
	if a.FiredAt != nil {
		out.State = "firing"
	}
	if a.ServerID != nil {
		out.ServerIDs = append(out.ServerIDs, *a.ServerID)
	}
	return out
}

// charts say which chart of dashboards/server.json shows a metric; the first that an expression names decides. Scale
// goes from the threshold of a shipped rule to the chart's unit.
var charts = []struct{ metric, chart string }{
	{"instance:filesystem_used", "filesystems"}, {"node_filesystem", "filesystems"}, {"agent_cpu_usage", "cpu"}, {"node_load", "load"},
	{"agent_memory_usage", "memory"}, {"agent_swap_usage", "memory"}, {"node_vmstat_oom_kill", "memory"}, {"node_nf_conntrack", "conntrack"},
	{"agent_tcp_connections", "tcp_states"}, {"node_netstat_Tcp", "connections"}, {"node_network", "network"}, {"node_disk", "disk_io"}, {"up{", "cpu"},
}

func chartOf(a *storage.Alert, expr string) *ChartHint {
	if a.ServerID == nil {
		return nil
	}
	out := &ChartHint{ServerID: *a.ServerID}
	if strings.HasPrefix(a.Rule, settingsFile) {
		src, ok := sources[triggerOf(a.Alertname)]
		if !ok { // offline: the trace ends where the answers did
			out.Chart = "cpu"
			return out
		}
		out.Chart = src.chart
		if t := a.Details.Threshold; t != nil && a.Alertname != storage.TriggerConntrack+"_high" { // that chart counts entries, not percent
			v := *t * src.scale
			out.Threshold = &v
		}
		return out
	}
	for _, c := range charts {
		if strings.Contains(expr, c.metric) {
			out.Chart = c.chart
			if slices.Contains([]string{"cpu", "memory", "filesystems", "tcp_states"}, c.chart) && c.metric != "up{" {
				out.Threshold = a.Details.Threshold
			}
			return out
		}
	}
	return nil
}

// RuleGroupsResponse lists the groups that are evaluated and the files that cannot be.
type RuleGroupsResponse struct {
	Groups    []RuleGroup  `json:"groups"`
	Broken    []BrokenFile `json:"broken"`
	Directory string       `json:"directory"` // where the operator's files belong
}

// RuleGroup is one group of rules.
type RuleGroup struct {
	File              string      `json:"file"`
	Source            string      `json:"source"` // shipped, settings or user
	Name              string      `json:"name"`
	IntervalSeconds   float64     `json:"interval_seconds"`
	LastEvaluation    *time.Time  `json:"last_evaluation"`    // null before the first
	EvaluationSeconds float64     `json:"evaluation_seconds"` // how long it took
	Error             string      `json:"error"`              // of the first rule that failed
	Rules             []RuleState `json:"rules"`
}

// RuleState is one rule and how it fared.
type RuleState struct {
	Name              string  `json:"name"`
	Type              string  `json:"type"` // alerting or recording
	Expression        string  `json:"expression"`
	ForSeconds        float64 `json:"for_seconds"`
	Severity          string  `json:"severity"`
	Summary           string  `json:"summary"`
	SummaryRu         string  `json:"summary_ru"`
	State             string  `json:"state"`  // of an alerting rule: inactive, pending, firing, or unknown before the first evaluation
	Health            string  `json:"health"` // ok, err or unknown
	Error             string  `json:"error"`
	Alerts            int     `json:"alerts"` // pending and firing
	EvaluationSeconds float64 `json:"evaluation_seconds"`
}

// Groups returns the groups in evaluation.
func (s *Service) Groups() RuleGroupsResponse {
	out := RuleGroupsResponse{Groups: []RuleGroup{}, Broken: s.loader.Broken(), Directory: s.loader.dir}
	for _, g := range s.manager.RuleGroups() {
		v := RuleGroup{File: g.File(), Source: sourceOf(g.File()), Name: g.Name(), IntervalSeconds: g.Interval().Seconds(),
			EvaluationSeconds: g.GetEvaluationTime().Seconds(), Rules: []RuleState{}}
		if at := g.GetLastEvaluation(); !at.IsZero() {
			v.LastEvaluation = &at
		}
		for _, r := range g.Rules() {
			state := ruleState(r)
			v.Error = cmp.Or(v.Error, state.Error)
			v.Rules = append(v.Rules, state)
		}
		out.Groups = append(out.Groups, v)
	}
	return out
}

func sourceOf(file string) string {
	switch {
	case file == settingsFile:
		return "settings"
	case strings.HasPrefix(file, shippedPrefix):
		return "shipped"
	}
	return "user"
}

func ruleState(r rules.Rule) RuleState {
	out := RuleState{Name: r.Name(), Type: "recording", Expression: r.Query().String(), Health: string(r.Health()),
		EvaluationSeconds: r.GetEvaluationDuration().Seconds()}
	if err := r.LastError(); err != nil {
		out.Error = err.Error()
	}
	if a, ok := r.(*rules.AlertingRule); ok {
		out.Type, out.ForSeconds, out.State = "alerting", a.HoldDuration().Seconds(), a.State().String()
		out.Severity, out.Alerts = a.Labels().Get("severity"), len(a.ActiveAlerts())
		out.Summary, out.SummaryRu = a.Annotations().Get("summary"), a.Annotations().Get("summary_ru")
	}
	return out
}

// Status says what the checks of the settings are doing.
func (s *Service) Status() AlertsStatus {
	settings := s.Settings()
	out := AlertsStatus{Running: settings.Enabled, ActiveConditions: map[int64][]string{}}
	for _, srv := range s.o.Fleet.Active() {
		if !slices.Contains(settings.ExcludedServerIDs, srv.ID) {
			out.MonitoredServers++
		}
	}
	for _, g := range s.manager.RuleGroups() {
		if g.File() == settingsFile {
			if at := g.GetLastEvalTimestamp(); !at.IsZero() {
				out.LastCheck = &at
			}
			next := g.EvalTimestamp(time.Now().UnixNano()).Add(g.Interval())
			out.NextCheckIn = max(int(time.Until(next).Round(time.Second)/time.Second), 0)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.state {
		if a.ServerID != nil && a.ResolvedAt == nil && strings.HasPrefix(a.Rule, settingsFile) {
			out.ActiveConditions[*a.ServerID] = append(out.ActiveConditions[*a.ServerID], a.Alertname)
		}
	}
	for _, types := range out.ActiveConditions {
		slices.Sort(types)
	}
	return out
}

func (s *Service) history(ctx context.Context, f storage.AlertHistoryFilter) (HistoryResponse, error) {
	list, total, err := s.o.Store.AlertHistory(ctx, f)
	if err != nil {
		return HistoryResponse{}, fmt.Errorf("read alert history: %w", err)
	}
	out := HistoryResponse{Items: make([]HistoryItem, len(list)), Total: total}
	for i, r := range list {
		details, err := json.Marshal(r.Details)
		if err != nil {
			return HistoryResponse{}, fmt.Errorf("encode details: %w", err)
		}
		out.Items[i] = HistoryItem{r.ID, r.ServerID, r.ServerName, r.AlertType, r.Severity, r.Message, r.MessageEn, r.MessageRu, string(details), r.ToldAt != nil, r.CreatedAt, r.EndedAt}
	}
	return out, nil
}
