package alerts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
)

// maxPerServer bounds what one rule raises about one server.
const maxPerServer = 200

// query evaluates an expression for the manager. Nodes belong to strangers, who name their series as they like: none shall
// spoil a rule for all others, or fill memory and messages with alerts of its own.
func (s *Service) query(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	found, err := s.o.DB.RuleQuery(ctx, expr, at)
	rule := rules.FromOriginContext(ctx)
	if err != nil || expr != rule.Query { // a query of a template is none of a rule
		return found, err
	}
	kept := withoutTwins(found, rule)
	s.metrics.cut.WithLabelValues("twin").Add(float64(len(found) - len(kept)))
	if rule.Kind == rules.KindAlerting {
		n := len(kept)
		kept = atMost(kept, maxPerServer)
		s.metrics.cut.WithLabelValues("limit").Add(float64(n - len(kept)))
	}
	return kept, nil
}

// withoutTwins drops results that would become the same alert, or the same recorded series, once the rule has set its own
// labels: the manager takes them for a mistake in the rule and evaluates it for nobody. A label whose value is a template
// may differ still.
func withoutTwins(found promql.Vector, rule rules.RuleDetail) promql.Vector {
	set := []string{model.MetricNameLabel, labels.AlertName}
	rule.Labels.Range(func(l labels.Label) {
		if !strings.Contains(l.Value, "{{") {
			set = append(set, l.Name)
		}
	})
	seen := make(map[string]bool, len(found))
	return slices.DeleteFunc(found, func(sample promql.Sample) bool {
		name := labels.NewBuilder(sample.Metric).Del(set...).Labels().String()
		twin := seen[name]
		seen[name] = true
		return twin
	})
}

// atMost keeps at most so many results of each server, the same ones each time.
func atMost(found promql.Vector, most int) promql.Vector {
	if len(found) <= most {
		return found
	}
	slices.SortFunc(found, func(a, b promql.Sample) int { return labels.Compare(a.Metric, b.Metric) })
	count := map[string]int{}
	return slices.DeleteFunc(found, func(sample promql.Sample) bool {
		server := sample.Metric.Get("server")
		count[server]++
		return server != "" && count[server] > most
	})
}
