package tsdb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// UnsupportedError is a query about times of which only rollups are kept, with something that rollups cannot answer.
type UnsupportedError struct{ What string }

func (e *UnsupportedError) Error() string {
	return e.What + " cannot be answered for times of which only rollups are kept; ask for a later time"
}

// A rangeRule says how a function of a range is answered from rollups.
type rangeRule struct {
	// expr is the answer: $1 is the range with the aggregate named first, $2 with the second, $seconds the length of the
	// range that is read and $part how much of it was asked for. Empty: the function itself, on the first aggregate.
	expr       string
	aggregates [2]string
	rough      bool // the answer is about means and not about samples: the asker is told
}

// rangeRules are all functions of a range. Everything else takes instant vectors and is left alone: only leaves are touched.
var rangeRules = map[string]rangeRule{
	"rate":              {expr: "(sum_over_time($1) / $seconds)", aggregates: [2]string{"inc"}},
	"increase":          {expr: "(sum_over_time($1) * $part)", aggregates: [2]string{"inc"}},
	"avg_over_time":     {expr: "(sum_over_time($1) / sum_over_time($2))", aggregates: [2]string{"sum", "count"}},
	"sum_over_time":     {expr: "(sum_over_time($1) * $part)", aggregates: [2]string{"sum"}},
	"count_over_time":   {expr: "(sum_over_time($1) * $part)", aggregates: [2]string{"count"}},
	"min_over_time":     {aggregates: [2]string{"min"}},
	"max_over_time":     {aggregates: [2]string{"max"}},
	"last_over_time":    {aggregates: [2]string{"avg"}},
	"present_over_time": {aggregates: [2]string{"count"}},

	"delta": {expr: "(delta($1) * $part)", aggregates: [2]string{"avg"}, rough: true},

	"absent_over_time":   {aggregates: [2]string{"avg"}, rough: true},
	"changes":            {aggregates: [2]string{"avg"}, rough: true},
	"deriv":              {aggregates: [2]string{"avg"}, rough: true},
	"first_over_time":    {aggregates: [2]string{"avg"}, rough: true},
	"idelta":             {aggregates: [2]string{"avg"}, rough: true},
	"irate":              {aggregates: [2]string{"avg"}, rough: true},
	"predict_linear":     {aggregates: [2]string{"avg"}, rough: true},
	"quantile_over_time": {aggregates: [2]string{"avg"}, rough: true},
	"resets":             {aggregates: [2]string{"avg"}, rough: true},
	"stddev_over_time":   {aggregates: [2]string{"avg"}, rough: true},
	"stdvar_over_time":   {aggregates: [2]string{"avg"}, rough: true},
}

// rewriter makes an expression about samples into one about rollups of one resolution.
type rewriter struct {
	parser     parser.Parser
	resolution time.Duration
	rough      []string // functions that run on means
}

// rewrite returns the text of the expression for rollups. It changes e.
func (w *rewriter) rewrite(e parser.Expr) (string, error) {
	e, err := w.expr(e)
	if err != nil {
		return "", err
	}
	return e.String(), nil
}

func (w *rewriter) expr(e parser.Expr) (parser.Expr, error) {
	var err error
	switch n := e.(type) {
	case nil, *parser.NumberLiteral, *parser.StringLiteral:
	case *parser.ParenExpr:
		n.Expr, err = w.expr(n.Expr)
	case *parser.UnaryExpr:
		n.Expr, err = w.expr(n.Expr)
	case *parser.SubqueryExpr:
		n.Expr, err = w.expr(n.Expr)
	case *parser.AggregateExpr:
		if n.Expr, err = w.expr(n.Expr); err == nil && n.Param != nil {
			n.Param, err = w.expr(n.Param)
		}
	case *parser.BinaryExpr:
		if n.LHS, err = w.expr(n.LHS); err == nil {
			n.RHS, err = w.expr(n.RHS)
		}
	case *parser.VectorSelector:
		return w.selector(n, "avg")
	case *parser.MatrixSelector: // all of an instant query
		w.note("a range of samples")
		return w.matrix(n, "avg")
	case *parser.Call:
		return w.call(n)
	default:
		err = &UnsupportedError{fmt.Sprintf("%q", e.String())}
	}
	return e, err
}

func (w *rewriter) call(c *parser.Call) (parser.Expr, error) {
	at := slices.Index(c.Func.ArgTypes, parser.ValueTypeMatrix)
	if at < 0 {
		if c.Func.Name == "timestamp" {
			w.note("timestamp")
		}
		for i := range c.Args {
			var err error
			if c.Args[i], err = w.expr(c.Args[i]); err != nil {
				return nil, err
			}
		}
		return c, nil
	}
	rule, known := rangeRules[c.Func.Name]
	if !known {
		return nil, &UnsupportedError{c.Func.Name + "()"}
	}
	for i := range c.Args {
		if i == at {
			continue
		}
		var err error
		if c.Args[i], err = w.expr(c.Args[i]); err != nil {
			return nil, err
		}
	}
	m, ok := unparen(c.Args[at]).(*parser.MatrixSelector)
	if !ok { // a subquery: the function itself, on what is inside
		var err error
		c.Args[at], err = w.expr(c.Args[at])
		return c, err
	}
	if rule.rough {
		w.note(c.Func.Name)
	}
	first, err := w.matrix(m, rule.aggregates[0])
	if err != nil {
		return nil, err
	}
	if rule.expr == "" {
		c.Args[at] = first
		return c, nil
	}
	second := ""
	if rule.aggregates[1] != "" {
		s, err := w.matrix(m, rule.aggregates[1])
		if err != nil {
			return nil, err
		}
		second = s.String()
	}
	read := w.width(m.Range)
	return w.parser.ParseExpr(strings.NewReplacer(
		"$1", first.String(), "$2", second, "$seconds", number(read.Seconds()), "$part", number(m.Range.Seconds()/read.Seconds()),
	).Replace(rule.expr))
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func unparen(e parser.Expr) parser.Expr {
	for {
		p, ok := e.(*parser.ParenExpr)
		if !ok {
			return e
		}
		e = p.Expr
	}
}

func (w *rewriter) note(what string) {
	if !slices.Contains(w.rough, what) {
		w.rough = append(w.rough, what)
	}
}

// width is the range that is read in place of r: whole windows, so that every place has the same number of them, and at
// least two, so that there is something to compare.
func (w *rewriter) width(r time.Duration) time.Duration {
	return max(2*w.resolution, (r+w.resolution-1)/w.resolution*w.resolution)
}

func (w *rewriter) matrix(m *parser.MatrixSelector, aggregate string) (*parser.MatrixSelector, error) {
	vs, ok := m.VectorSelector.(*parser.VectorSelector)
	if !ok || m.RangeExpr != nil {
		return nil, &UnsupportedError{fmt.Sprintf("%q", m.String())}
	}
	s, err := w.selector(vs, aggregate)
	if err != nil {
		return nil, err
	}
	return &parser.MatrixSelector{VectorSelector: s, Range: w.width(m.Range)}, nil
}

// selector adds the matcher that names the aggregate. It is a pattern, since absent() makes labels of what is equal.
func (w *rewriter) selector(vs *parser.VectorSelector, aggregate string) (*parser.VectorSelector, error) {
	if vs.Anchored || vs.Smoothed || vs.OriginalOffsetExpr != nil {
		return nil, &UnsupportedError{fmt.Sprintf("%q", vs.String())}
	}
	s := *vs
	s.LabelMatchers = append(slices.Clone(vs.LabelMatchers), labels.MustNewMatcher(labels.MatchRegexp, aggregateLabel, aggregate))
	return &s, nil
}
