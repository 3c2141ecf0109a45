package tsdb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

const (
	// maxRawSamples is how many samples as scraped one range query may decode; about a second of work.
	maxRawSamples = 20_000_000
	// usualInterval is a guess of the interval of scrapes, for estimates.
	usualInterval = 10 * time.Second
	// fewSeries is how many series a query is taken to select before they are counted.
	fewSeries = 1000
)

// Resolution says which tier may answer.
type Resolution string

// The values of QueryOptions.MaxSourceResolution, as Thanos has them.
const (
	ResolutionDefault     Resolution = ""     // samples as scraped as long as they are kept and not too many
	ResolutionAuto        Resolution = "auto" // the coarsest tier that is fine enough for step and ranges
	ResolutionRaw         Resolution = "0"
	ResolutionFiveMinutes Resolution = "5m"
	ResolutionHour        Resolution = "1h"
)

// ParseResolution reads max_source_resolution; other spellings of the same durations are fine.
func ParseResolution(text string) (Resolution, error) {
	switch text {
	case "", "auto", "5m", "1h":
		return Resolution(text), nil
	case "0", "0s", "raw":
		return ResolutionRaw, nil
	case "300", "300s":
		return ResolutionFiveMinutes, nil
	case "3600", "3600s", "60m":
		return ResolutionHour, nil
	}
	return "", fmt.Errorf("%q is none of auto, 0, 5m and 1h", text)
}

// A plan is a query cut into segments by time of evaluation, each answered wholly by one tier: samples of two tiers never
// meet in one selection.
type plan struct {
	segments []segment
	notes    annotations.Annotations
}

type segment struct {
	tier     *tier
	from, to int64 // times of evaluation, Unix milliseconds
	expr     string
	lookback time.Duration // 0: the default
}

// planner makes the plan of one query.
type planner struct {
	db       *DB
	text     string
	from, to int64
	step     int64 // milliseconds, 0 for an instant query
	options  QueryOptions
	now      time.Time
	needs    *needs
	coarsest time.Duration // what the limit of samples asks for at least
}

// plan decides who answers a query. An expression that cannot be read goes to the engine as it is, which says why.
func (db *DB) plan(ctx context.Context, text string, from, to, step int64, o QueryOptions) (*plan, error) {
	p := &planner{db: db, text: text, from: from, to: to, step: step, options: o, now: time.Now()}
	raw := segment{tier: db.tiers[0], from: from, to: to, expr: text, lookback: o.LookbackDelta}
	e, err := db.promql.options.Parser.ParseExpr(text)
	if err != nil || step > 0 && e.Type() != parser.ValueTypeVector && e.Type() != parser.ValueTypeScalar {
		return &plan{segments: []segment{raw}}, nil
	}
	p.needs = measure(e, from, to, orDuration(o.LookbackDelta, lookback), db.rollup.exclude)
	if len(p.needs.leaves) == 0 || p.needs.rawOnly || o.MaxSourceResolution == ResolutionRaw {
		return &plan{segments: []segment{raw}}, nil
	}
	result := &plan{segments: p.cut()}
	if too, n, err := p.tooMany(ctx, result.segments); err != nil {
		return nil, err
	} else if too {
		result.segments = p.cut()
		result.notes.Add(fmt.Errorf("%w: about %d million samples would have to be read, so times that are rolled up are answered from windows of %s: ask for fewer series or a shorter range, or set max_source_resolution",
			annotations.PromQLWarning, n/1_000_000, p.coarsest))
	}
	if len(result.segments) == 1 && result.segments[0].tier == raw.tier {
		result.segments[0] = raw
		return result, nil
	}
	return result, p.rewrite(result)
}

// cut groups the times of evaluation by the tier that answers them.
func (p *planner) cut() []segment {
	var list []segment
	for t := p.from; ; t += p.step {
		tier := p.tierAt(t)
		if n := len(list); n > 0 && list[n-1].tier == tier {
			list[n-1].to = t
		} else {
			list = append(list, segment{tier: tier, from: t, to: t})
		}
		if p.step == 0 || t > p.to-p.step {
			return list
		}
	}
}

// tierAt decides who answers an evaluation at t.
func (p *planner) tierAt(t int64) *tier {
	oldest, newest := p.needs.span(t)
	tiers := p.db.tiers
	for _, tier := range slices.Backward(tiers[1:]) {
		if p.fits(tier) && tier.reaches(newest) && tier.oldest(p.now) <= oldest {
			return tier
		}
	}
	if o := p.options.MaxSourceResolution; o == ResolutionFiveMinutes || o == ResolutionHour {
		// Nothing coarser is asked for, so what is too old for the tier is not there.
		for _, tier := range slices.Backward(tiers[1:]) {
			if p.fits(tier) && tier.reaches(newest) {
				return tier
			}
		}
		return tiers[0]
	}
	best := tiers[0]
	for _, tier := range tiers {
		if !tier.ready() {
			continue
		}
		if tier.oldest(p.now) <= oldest {
			return tier
		}
		if tier.oldest(p.now) < best.oldest(p.now) {
			best = tier
		}
	}
	return best
}

// reaches reports whether the tier has everything up to t. A sample at t is in the window that ends at t or later.
func (t *tier) reaches(at int64) bool {
	if t.resolution == 0 {
		return true
	}
	width := t.resolution.Milliseconds()
	return at-at%width <= t.finished.Load()
}

// fits reports whether a rollup tier is fine enough, and wanted.
func (p *planner) fits(t *tier) bool {
	switch p.options.MaxSourceResolution {
	case ResolutionAuto:
		return 2*t.resolution.Milliseconds() <= p.step && (p.needs.grain == 0 || 2*t.resolution <= p.needs.grain)
	case ResolutionFiveMinutes:
		return t.resolution <= 5*time.Minute
	case ResolutionHour:
		return true
	}
	return t.resolution <= p.coarsest
}

// tooMany reports whether a range query would decode too many samples as scraped, and about how many. It sets coarsest then.
func (p *planner) tooMany(ctx context.Context, segments []segment) (too bool, samples int64, err error) {
	i := slices.IndexFunc(segments, func(s segment) bool { return s.tier == p.db.tiers[0] })
	if p.step == 0 || p.options.MaxSourceResolution != ResolutionDefault || i < 0 {
		return false, 0, nil
	}
	s := segments[i]
	perSeries := make([]int64, len(p.needs.leaves))
	for i, l := range p.needs.leaves {
		length := l.newest - l.oldest
		if !l.fixed {
			length += s.to - s.from
		}
		perSeries[i] = length / usualInterval.Milliseconds()
		samples += perSeries[i] * fewSeries
	}
	if samples <= p.db.maxRawSamples {
		return false, samples, nil
	}
	samples = 0
	for i, l := range p.needs.leaves {
		oldest, newest := l.oldest, l.newest
		if !l.fixed {
			oldest, newest = oldest+s.from, newest+s.to
		}
		terms, _ := split(l.matchers)
		f, err := newFilters(terms)
		if err != nil {
			return false, 0, err
		}
		n, err := s.tier.vm.count(ctx, f, oldest, newest)
		if err != nil {
			return false, 0, err
		}
		samples += perSeries[i] * int64(n)
	}
	for _, t := range p.db.tiers[1:] {
		if samples/int64(max(1, p.coarsest/usualInterval)) <= p.db.maxRawSamples {
			break
		}
		p.coarsest = t.resolution
	}
	return p.coarsest > 0, samples, nil
}

// lookback is how far a bare selector looks for its window: one window, so that a gap stays a gap, or two where the newest
// windows are not finished yet.
func (p *planner) lookback(s *segment) time.Duration {
	back := s.tier.resolution
	if _, newest := p.needs.span(s.to); !s.tier.reaches(newest) {
		back *= 2
	}
	return max(back, p.options.LookbackDelta)
}

// rewrite puts the expression of every segment in and tells what was done.
func (p *planner) rewrite(r *plan) error {
	var answered []string
	for i := range r.segments {
		s := &r.segments[i]
		e, err := p.db.promql.options.Parser.ParseExpr(p.text)
		if err != nil {
			return err
		}
		measure(e, p.from, p.to, 0, nil) // @ start() and @ end()
		if s.tier.resolution == 0 {
			s.expr, s.lookback = e.String(), p.options.LookbackDelta
			answered = append(answered, "samples as scraped")
			continue
		}
		w := rewriter{parser: p.db.promql.options.Parser, resolution: s.tier.resolution}
		if s.expr, err = w.rewrite(e); err != nil {
			return err
		}
		s.lookback = p.lookback(s)
		until := ""
		if i < len(r.segments)-1 {
			until = " until " + time.UnixMilli(s.to).UTC().Format(time.RFC3339)
		}
		answered = append(answered, fmt.Sprintf("windows of %s%s", s.tier.name, until))
		for _, what := range w.rough {
			r.notes.Add(fmt.Errorf("%w: %s runs on the means of windows of %s%s", annotations.PromQLWarning, what, s.tier.name, until))
		}
	}
	r.notes.Add(fmt.Errorf("%w: answered from %s", annotations.PromQLInfo, strings.Join(answered, ", then ")))
	return nil
}
