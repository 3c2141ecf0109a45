package tsdb

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

func TestRewrite(t *testing.T) {
	t.Parallel()
	f := func(expr, want string) {
		t.Helper()
		p := parser.NewParser(parser.Options{})
		e, err := p.ParseExpr(expr)
		if err != nil {
			t.Fatal(err)
		}
		w := rewriter{parser: p, resolution: time.Hour}
		got, err := w.rewrite(e)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			return
		}
		again, err := p.ParseExpr(want) // as the printer spaces it
		if err != nil {
			t.Fatal(err)
		}
		if got != again.String() {
			t.Errorf("%s\nbecame %s\nwant   %s", expr, got, again)
		}
	}
	f(`1 + time()`, `1 + time()`)
	f(`x`, `x{__agg__=~"avg"}`)
	f(`x{a="b"} offset 1d @ 100`, `x{a="b",__agg__=~"avg"} @ 100.000 offset 1d`)
	f(`rate(x[6h])`, `(sum_over_time(x{__agg__=~"inc"}[6h]) / 21600)`)
	f(`rate(x[5m] offset 1w)`, `(sum_over_time(x{__agg__=~"inc"}[2h] offset 1w) / 7200)`)
	f(`increase(x[30m])`, `(sum_over_time(x{__agg__=~"inc"}[2h]) * 0.25)`)
	f(`increase((x[150m]))`, `(sum_over_time(x{__agg__=~"inc"}[3h]) * 0.8333333333333334)`)
	f(`avg_over_time(x[2h])`, `(sum_over_time(x{__agg__=~"sum"}[2h]) / sum_over_time(x{__agg__=~"count"}[2h]))`)
	f(`max_over_time(x[1m])`, `max_over_time(x{__agg__=~"max"}[2h])`)
	f(`min_over_time(x[4h])`, `min_over_time(x{__agg__=~"min"}[4h])`)
	f(`last_over_time(x[4h])`, `last_over_time(x{__agg__=~"avg"}[4h])`)
	f(`quantile_over_time(scalar(y), x[4h])`, `quantile_over_time(scalar(y{__agg__=~"avg"}), x{__agg__=~"avg"}[4h])`)
	f(`predict_linear(x[4h], 3600)`, `predict_linear(x{__agg__=~"avg"}[4h], 3600)`)
	f(`max_over_time(rate(x[2h])[1d:2h] offset 1d)`, `max_over_time((sum_over_time(x{__agg__=~"inc"}[2h]) / 7200)[1d:2h] offset 1d)`)
	f(`avg_over_time(x[1d:1h])`, `avg_over_time(x{__agg__=~"avg"}[1d:1h])`)
	f(`-sum by (a) (rate(x[2h])) ^ 2 > on (a) group_left () topk(3, y) unless z`,
		`-sum by (a) ((sum_over_time(x{__agg__=~"inc"}[2h]) / 7200)) ^ 2 > on (a) group_left () topk(3, y{__agg__=~"avg"}) unless z{__agg__=~"avg"}`)
	f(`histogram_quantile(0.9, sum by (le) (rate(x_bucket[2h])))`, `histogram_quantile(0.9, sum by (le) ((sum_over_time(x_bucket{__agg__=~"inc"}[2h]) / 7200)))`)
	f(`absent(x{a="b"}) or absent_over_time(x{a="b"}[5h])`, `absent(x{__agg__=~"avg",a="b"}) or absent_over_time(x{__agg__=~"avg",a="b"}[5h])`)
	f(`label_replace(x, "a", "$1", "b", "(.*)")`, `label_replace(x{__agg__=~"avg"}, "a", "$1", "b", "(.*)")`)
	f(`count_values("v", x)`, `count_values("v", x{__agg__=~"avg"})`)
	f(`{__name__=~"a|b"}`, `{__agg__=~"avg",__name__=~"a|b"}`)
	f(`x[1h]`, `x{__agg__=~"avg"}[2h]`)
}

// TestUnsupported: what the walker does not know is refused and never answered by chance.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	p := parser.NewParser(parser.Options{EnableExperimentalFunctions: true, EnableExtendedRangeSelectors: true, ExperimentalDurationExpr: true})
	for _, expr := range []string{`mad_over_time(x[5m])`, `rate(x[5m] smoothed)`, `x anchored`, `rate(x[5m * 2])`, `ts_of_max_over_time(x[5m])`} {
		e, err := p.ParseExpr(expr)
		if err != nil {
			t.Logf("%s: %v", expr, err)
			continue
		}
		w := rewriter{parser: p, resolution: time.Hour}
		var unsupported *UnsupportedError
		if got, err := w.rewrite(e); !errors.As(err, &unsupported) {
			t.Errorf("%s became %s, %v", expr, got, err)
		}
	}
}

// TestEveryFunctionHasARule: a release of Prometheus with a new function makes somebody decide how it is answered.
func TestEveryFunctionHasARule(t *testing.T) {
	t.Parallel()
	instant := strings.Fields(`abs absent acos acosh asin asinh atan atanh ceil clamp clamp_max clamp_min cos cosh day_of_month day_of_week
		day_of_year days_in_month deg exp floor histogram_avg histogram_count histogram_fraction histogram_quantile histogram_quantiles histogram_stddev
		histogram_stdvar histogram_sum hour label_join label_replace ln log10 log2 minute month pi rad round scalar sgn sin sinh
		sort sort_desc sqrt tan tanh time timestamp vector year`)
	for name, f := range parser.Functions {
		_, ruled := rangeRules[name]
		ranged := slices.Contains(f.ArgTypes, parser.ValueTypeMatrix)
		switch {
		case f.Experimental && !ruled:
		case ranged && !ruled:
			t.Errorf("%s has no rule in rangeRules", name)
		case !ranged && !slices.Contains(instant, name):
			t.Errorf("%s is new: does it look at its selector's samples?", name)
		}
	}
}
