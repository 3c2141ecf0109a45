package ruletest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

// checkAlerts compares the firing alerts of one name with the expected ones.
func checkAlerts(groups []*rules.Group, c AlertCase) error {
	var got, want []string
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				if r.Name() == c.Alertname && a.State == rules.StateFiring {
					got = append(got, a.Labels.String()+" "+a.Annotations.String())
				}
			}
		}
	}
	for _, e := range c.ExpAlerts {
		expected := labels.NewBuilder(labels.FromMap(e.Labels)).Set(labels.AlertName, c.Alertname).Labels()
		want = append(want, expected.String()+" "+labels.FromMap(e.Annotations).String())
	}
	return compare(fmt.Sprintf("%s at %s", c.Alertname, time.Duration(c.EvalTime)), got, want)
}

func (f *File) checkExpr(suite *promqltest.LazyLoader, c ExprCase, start time.Time) error {
	at := start.Add(time.Duration(c.EvalTime))
	vector, err := rules.EngineQueryFunc(suite.QueryEngine(), suite.Queryable())(suite.Context(), c.Expr, at)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Expr, err)
	}
	var got, want []string
	values := map[string]float64{}
	for _, s := range vector {
		values[s.Metric.String()] = s.F
	}
	p := parser.NewParser(parser.Options{})
	for _, e := range c.ExpSamples {
		metric, err := p.ParseMetric(e.Labels)
		if err != nil {
			return fmt.Errorf("exp_samples: labels %q: %w", e.Labels, err)
		}
		value := e.Value
		if v, ok := values[metric.String()]; ok && f.FuzzyCompare && near(v, value) {
			value = v
		}
		want = append(want, fmt.Sprintf("%s %v", metric, value))
	}
	for _, s := range vector {
		got = append(got, fmt.Sprintf("%s %v", s.Metric, s.F))
	}
	return compare(fmt.Sprintf("%s at %s", c.Expr, time.Duration(c.EvalTime)), got, want)
}

// near reports whether two values differ by no more than the last bit.
func near(a, b float64) bool {
	return a == b || math.Nextafter(a, math.Inf(1)) == b || math.Nextafter(a, math.Inf(-1)) == b
}

func compare(what string, got, want []string) error {
	slices.Sort(got)
	slices.Sort(want)
	if slices.Equal(got, want) {
		return nil
	}
	list := func(lines []string) string {
		if len(lines) == 0 {
			return " nothing"
		}
		return "\n    " + strings.Join(lines, "\n    ")
	}
	return fmt.Errorf("%s:\n  expected%s\n  got%s", what, list(want), list(got))
}
