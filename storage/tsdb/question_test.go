package tsdb_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// meanError is the share of a mean that rounding may cost: 1/20000 in a window of five minutes, and once more in one of an
// hour. The gauges here do not change their sign, so it is the same share of a mean or sum of such means.
const meanError = 1.01e-4

// exact allows for numbers that went through the decimals of the storage engine.
const exact = 1e-9

// stepError is the share of a counter's increase that Prometheus' extrapolation may add to it or take from it.
const stepError = 0.01

// question is a random expression, what it means in terms of samples, and what is promised about it.
type question struct {
	expr, truth string
	tolerance   float64 // share of the truth
	slack       string  // replaces tolerance where parts may cancel: an expression of samples for the distance from the truth
	spans       []span  // where scraping has to go on at both ends
}

// span is a range that ends some time before the evaluation, or at a fixed time.
type span struct {
	back, length time.Duration
	fixed        time.Time
}

type asker struct {
	*rand.Rand
	u          *truth
	resolution time.Duration
}

func (a *asker) pick(list ...string) string { return list[a.IntN(len(list))] }

// windows is a random number of windows from least on.
func (a *asker) windows(least, most int) time.Duration {
	return time.Duration(least+a.IntN(most-least+1)) * a.resolution
}

func (a *asker) matchers() string {
	return a.pick("", "", `{server="2"}`, `{server!="1"}`, `{server=~"1|3"}`, `{job=~".+",server!~"3"}`, `{instance=~"h[12]:1"}`)
}

func (a *asker) question() question {
	q := a.leaf()
	if a.IntN(4) == 0 {
		q = compose(a.pick("+", "-", "/", "*"), q, a.leaf())
	}
	switch a.IntN(5) {
	case 0:
		agg := a.pick("sum by (server)", "avg", "max without (device)", "min by (job)", "count", "group by (server)", "sum without (instance)")
		q.expr, q.truth = agg+"("+q.expr+")", agg+"("+q.truth+")"
		if strings.HasPrefix(agg, "count") || strings.HasPrefix(agg, "group") {
			q.tolerance, q.slack = 0, ""
		} else if q.slack != "" {
			q.slack = strings.Replace(agg, "min", "max", 1) + "(" + q.slack + ")" // a minimum moves by as much as any of its parts
		}
	case 1:
		q.expr, q.truth = "2 * -("+q.expr+")", "2 * -("+q.truth+")"
		if q.slack != "" {
			q.slack = "2 * (" + q.slack + ")"
		}
	}
	return q
}

// compose joins two questions. What they may be off adds up as the operator propagates it: a sum is off by what its
// operands are, however small it is itself; product and quotient by shares.
func compose(op string, l, r question) question {
	join := func(op, l, r string) string {
		return fmt.Sprintf("(%s) %s on (server, job) group_left () max by (server, job) (%s)", l, op, r)
	}
	q := question{expr: join(op, l.expr, r.expr), truth: join(op, l.truth, r.truth), spans: append(l.spans, r.spans...)}
	switch op {
	case "+", "-":
		part := func(q question) string { return fmt.Sprintf("%g * abs(%s)", q.tolerance, q.truth) }
		q.slack = join("+", part(l), part(r))
	case "*":
		q.tolerance = l.tolerance + r.tolerance + l.tolerance*r.tolerance
	case "/":
		q.tolerance = (l.tolerance + r.tolerance) / (1 - r.tolerance)
	}
	return q
}

func (a *asker) leaf() question {
	gauge := a.pick("walk", "spike", "steps", "frost", "level", "late") + a.matchers()
	counter := a.pick("bytes_total", "cpu_seconds_total") + a.matchers()
	length := a.windows(2, 14)
	modifier, moved := "", time.Duration(0)
	var fixed time.Time
	switch a.IntN(6) {
	case 0:
		moved = a.windows(1, 10)
		modifier = fmt.Sprintf(" offset %dms", moved.Milliseconds())
	case 1:
		fixed = a.u.begin.Add(a.u.end.Sub(a.u.begin) / 2).Add(a.windows(0, 10))
		modifier = fmt.Sprintf(" @ %d", fixed.Unix())
	}
	over := func(f, what string) string {
		return fmt.Sprintf("%s(%s[%dms]%s)", f, what, length.Milliseconds(), modifier)
	}
	same := func(expr string, tolerance float64) question {
		return question{expr: expr, truth: expr, tolerance: tolerance}
	}
	switch a.IntN(8) {
	case 0, 1:
		q := same(over(a.pick("rate", "increase"), counter), stepError)
		q.spans = []span{{moved, length, fixed}}
		return q
	case 2, 3:
		return same(over("avg_over_time", gauge), meanError)
	case 4:
		return same(over(a.pick("min_over_time", "max_over_time", "count_over_time", "present_over_time"), gauge), exact)
	case 5:
		return same(over("sum_over_time", gauge), meanError)
	case 6:
		return question{expr: gauge + modifier + " * 1", truth: fmt.Sprintf("avg_over_time(%s[%dms]%s)", gauge, a.resolution.Milliseconds(), modifier), tolerance: meanError,
			spans: []span{{moved, a.resolution, fixed}}}
	}
	// A subquery over ranges that do not overlap its steps.
	outer := a.windows(3, 8)
	inner := a.windows(2, 4)
	expr := fmt.Sprintf("%s(%s(%s[%dms])[%dms:%dms]%s)", a.pick("max_over_time", "min_over_time", "sum_over_time"),
		a.pick("avg_over_time", "max_over_time"), gauge, inner.Milliseconds(), outer.Milliseconds(), a.resolution.Milliseconds(), modifier)
	return same(expr, meanError)
}

func (q question) askable(u *truth, at time.Time) bool {
	for _, s := range q.spans {
		end := s.fixed
		if end.IsZero() {
			end = at.Add(-s.back)
		}
		start := end.Add(-s.length)
		if !u.dense(start) || !u.dense(end) || !u.enough(start, end) {
			return false
		}
	}
	return true
}

// enough reports whether every server was scraped all the time or often.
func (u *truth) enough(start, end time.Time) bool {
	first, last := int(start.Sub(u.begin)/truthInterval), int(end.Sub(u.begin)/truthInterval)
	for server := range u.outages {
		scraped := 0
		for i := first; i < last; i++ {
			if out, _ := u.down(server, i); !out {
				scraped++
			}
		}
		if scraped < last-first && scraped < 150 {
			return false
		}
	}
	return true
}
