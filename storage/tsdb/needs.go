package tsdb

import (
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// needs is what an expression reads, seen from the time at which it is evaluated.
type needs struct {
	leaves []leaf
	grain  time.Duration // shortest range or step of a subquery; 0: there is none
	// rawOnly: rollups lack what is asked, because its families have none or because the query names our own label.
	rawOnly bool
}

// A leaf is one selector.
type leaf struct {
	matchers       []*labels.Matcher
	oldest, newest int64 // milliseconds: after the time of evaluation (so mostly negative), or since 1970 when fixed
	fixed          bool  // by an @ modifier
}

// span is what is read for an evaluation at t.
func (n *needs) span(t int64) (oldest, newest int64) {
	for i, l := range n.leaves {
		a, b := l.oldest, l.newest
		if !l.fixed {
			a, b = a+t, b+t
		}
		if i == 0 {
			oldest, newest = a, b
		}
		oldest, newest = min(oldest, a), max(newest, b)
	}
	return oldest, newest
}

// frame is where a node of the expression is evaluated.
type frame struct {
	oldest, newest int64
	fixed          bool
}

// at moves a frame by the modifiers of a selector or a subquery and widens it by a range.
func (f frame) at(timestamp *int64, offset, back time.Duration) frame {
	if timestamp != nil {
		f = frame{*timestamp, *timestamp, true}
	}
	return frame{f.oldest - (offset + back).Milliseconds(), f.newest - offset.Milliseconds(), f.fixed}
}

// measure finds what e needs. It also fixes @ start() and @ end(), which mean the whole query and not a segment of it.
func measure(e parser.Expr, from, to int64, lookback time.Duration, exclude patterns) *needs {
	m := measurer{from: from, to: to, lookback: lookback, exclude: exclude}
	m.expr(e, frame{})
	return &m.needs
}

type measurer struct {
	needs
	from, to int64
	lookback time.Duration
	exclude  patterns
}

func (m *measurer) expr(e parser.Expr, f frame) {
	switch n := e.(type) {
	case *parser.VectorSelector:
		m.selector(n, f, m.lookback)
	case *parser.MatrixSelector:
		m.useGrain(n.Range)
		if vs, ok := n.VectorSelector.(*parser.VectorSelector); ok {
			m.selector(vs, f, n.Range)
		}
	case *parser.SubqueryExpr:
		m.useGrain(orDuration(n.Step, subqueryStep))
		m.fix(&n.Timestamp, &n.StartOrEnd)
		m.expr(n.Expr, f.at(n.Timestamp, n.OriginalOffset, n.Range))
	default:
		for child := range parser.ChildrenIter(e) {
			if child, ok := child.(parser.Expr); ok {
				m.expr(child, f)
			}
		}
	}
}

func (m *measurer) selector(vs *parser.VectorSelector, f frame, back time.Duration) {
	m.fix(&vs.Timestamp, &vs.StartOrEnd)
	f = f.at(vs.Timestamp, vs.OriginalOffset, back)
	m.leaves = append(m.leaves, leaf{vs.LabelMatchers, f.oldest, f.newest, f.fixed})
	m.rawOnly = m.rawOnly || slices.ContainsFunc(vs.LabelMatchers, func(l *labels.Matcher) bool {
		return l.Name == aggregateLabel || l.Name == model.MetricNameLabel && l.Type == labels.MatchEqual && m.exclude.match(l.Value)
	})
}

func (m *measurer) useGrain(d time.Duration) {
	if m.grain == 0 || d < m.grain {
		m.grain = d
	}
}

func (m *measurer) fix(timestamp **int64, keyword *parser.ItemType) {
	at := m.from
	switch *keyword {
	case parser.START:
	case parser.END:
		at = m.to
	default:
		return
	}
	*timestamp, *keyword = &at, 0
}

func orDuration(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}
