package promapi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// alertItem is one active alert.
type alertItem struct {
	Labels          labels.Labels `json:"labels"`
	Annotations     labels.Labels `json:"annotations"`
	State           string        `json:"state"`
	ActiveAt        time.Time     `json:"activeAt"`
	KeepFiringSince *time.Time    `json:"keepFiringSince,omitempty"`
	Value           string        `json:"value"`
}

// ruleItem is a rule of either kind; a recording rule leaves out what only alerts have.
type ruleItem struct {
	State          string           `json:"state,omitempty"`
	Name           string           `json:"name"`
	Query          string           `json:"query"`
	Duration       *float64         `json:"duration,omitempty"`
	KeepFiringFor  *float64         `json:"keepFiringFor,omitempty"`
	Labels         labels.Labels    `json:"labels"`
	Annotations    *labels.Labels   `json:"annotations,omitempty"`
	Alerts         *[]alertItem     `json:"alerts,omitempty"`
	Health         rules.RuleHealth `json:"health"`
	LastError      string           `json:"lastError,omitempty"`
	EvaluationTime float64          `json:"evaluationTime"` // seconds
	LastEvaluation time.Time        `json:"lastEvaluation"`
	Type           string           `json:"type"` // alerting, recording
}

type groupItem struct {
	Name           string     `json:"name"`
	File           string     `json:"file"`
	Rules          []ruleItem `json:"rules"`
	Interval       float64    `json:"interval"`
	Limit          int        `json:"limit"`
	EvaluationTime float64    `json:"evaluationTime"`
	LastEvaluation time.Time  `json:"lastEvaluation"`
}

type ruleList struct {
	Groups    []groupItem `json:"groups"`
	NextToken string      `json:"groupNextToken,omitempty"`
}

// listAlerts answers every alert that is pending or firing.
func (s *Service) listAlerts(*http.Request) (answer, error) {
	list := []alertItem{}
	for _, group := range s.groups() {
		for _, rule := range group.AlertingRules() {
			list = append(list, activeAlerts(rule)...)
		}
	}
	return asJSON(map[string][]alertItem{"alerts": list}, nil)
}

// listRules answers the groups with their rules; groups of which the filters leave nothing are left out.
func (s *Service) listRules(r *http.Request) (answer, error) {
	wanted, err := s.parseRuleFilter(r)
	if err != nil {
		return answer{}, err
	}
	list := ruleList{Groups: []groupItem{}}
	reached := wanted.from == ""
	for _, group := range s.groups() {
		reached = reached || groupToken(group) == wanted.from
		if !reached || !within(wanted.groups, group.Name()) || !within(wanted.files, group.File()) {
			continue
		}
		item := groupItem{
			Name: group.Name(), File: group.File(), Rules: wanted.rules(group), Interval: group.Interval().Seconds(), Limit: group.Limit(),
			EvaluationTime: group.GetEvaluationTime().Seconds(), LastEvaluation: group.GetLastEvaluation(),
		}
		if len(item.Rules) == 0 {
			continue
		}
		if wanted.most > 0 && len(list.Groups) == wanted.most {
			list.NextToken = groupToken(group)
			break
		}
		list.Groups = append(list.Groups, item)
	}
	if !reached {
		return answer{}, badParam("group_next_token", fmt.Errorf("invalid group_next_token '%v'. were rule groups changed?", wanted.from))
	}
	return asJSON(list, nil)
}

// ruleFilter is what a caller wants to see of the rules; an empty list is everything.
type ruleFilter struct {
	kind                 string // alert, record or both
	names, groups, files []string
	matchers             [][]*labels.Matcher
	withoutAlerts        bool
	most                 int    // groups of one answer; 0 is all
	from                 string // token of the first group
}

func (s *Service) parseRuleFilter(r *http.Request) (ruleFilter, error) {
	f := ruleFilter{
		kind: strings.ToLower(r.Form.Get("type")), names: r.Form["rule_name[]"], groups: r.Form["rule_group[]"], files: r.Form["file[]"],
		from: r.Form.Get("group_next_token"),
	}
	var err error
	if f.matchers, err = s.matchers(r.Form["match[]"]); err != nil {
		return f, err
	}
	if f.kind != "" && f.kind != "alert" && f.kind != "record" {
		return f, badParam("type", fmt.Errorf("not supported value %q", f.kind))
	}
	if raw := strings.ToLower(r.Form.Get("exclude_alerts")); raw != "" {
		if f.withoutAlerts, err = strconv.ParseBool(raw); err != nil {
			return f, badParam("exclude_alerts", fmt.Errorf("error converting exclude_alerts: %w", err))
		}
	}
	most := r.Form.Get("group_limit")
	if most == "" {
		if f.from != "" {
			return f, badParam("group_next_token", errors.New("group_limit needs to be present in order to paginate over the groups"))
		}
		return f, nil
	}
	if f.most, err = strconv.Atoi(most); err != nil {
		return f, badParam("group_limit", fmt.Errorf("group_limit needs to be a valid number: %w", err))
	}
	if f.most <= 0 {
		return f, badParam("group_limit", errors.New("group_limit needs to be greater than 0"))
	}
	return f, nil
}

func within(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }

// groupToken is Prometheus' own, so that a client may go on with either.
func groupToken(g *rules.Group) string {
	sum := sha256.Sum256([]byte(g.File() + ";" + g.Name()))
	return hex.EncodeToString(sum[:])
}

func (f ruleFilter) rules(group *rules.Group) []ruleItem {
	items := []ruleItem{}
	for _, rule := range group.Rules(f.matchers...) {
		if !within(f.names, rule.Name()) {
			continue
		}
		item := ruleItem{
			Name: rule.Name(), Query: rule.Query().String(), Labels: rule.Labels(), Health: rule.Health(), Type: "recording",
			EvaluationTime: rule.GetEvaluationDuration().Seconds(), LastEvaluation: rule.GetEvaluationTimestamp(),
		}
		if err := rule.LastError(); err != nil {
			item.LastError = err.Error()
		}
		alerting, isAlerting := rule.(*rules.AlertingRule)
		if isAlerting && f.kind == "record" || !isAlerting && f.kind == "alert" {
			continue
		}
		if isAlerting {
			f.addAlerting(&item, alerting)
		}
		items = append(items, item)
	}
	return items
}

func (f ruleFilter) addAlerting(item *ruleItem, rule *rules.AlertingRule) {
	hold, keep, annotations := rule.HoldDuration().Seconds(), rule.KeepFiringFor().Seconds(), rule.Annotations()
	var alerts []alertItem // null when the caller does not want them
	if !f.withoutAlerts {
		alerts = activeAlerts(rule)
	}
	item.Type, item.State = "alerting", rule.State().String()
	item.Duration, item.KeepFiringFor, item.Annotations, item.Alerts = &hold, &keep, &annotations, &alerts
}

func activeAlerts(rule *rules.AlertingRule) []alertItem {
	list := []alertItem{}
	for _, a := range rule.ActiveAlerts() {
		item := alertItem{
			Labels: a.Labels, Annotations: a.Annotations, State: a.State.String(), ActiveAt: a.ActiveAt,
			Value: strconv.FormatFloat(a.Value, 'e', -1, 64),
		}
		if !a.KeepFiringSince.IsZero() {
			item.KeepFiringSince = &a.KeepFiringSince
		}
		list = append(list, item)
	}
	return list
}
