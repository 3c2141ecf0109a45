package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"monitoring/storage"
)

// Limits of one query.
const (
	lookback        = 5 * time.Minute
	queryTimeout    = time.Minute
	maxQuerySamples = 10_000_000 // in memory at once, 16 bytes each
	subqueryStep    = time.Minute
	maxSteps        = 1_000_000 // of a range query
)

// QueryOptions narrow one query; a zero field keeps the default, a value above a limit is cut to it.
type QueryOptions struct {
	Timeout       time.Duration
	LookbackDelta time.Duration
	MaxSamples    int
	// MaxSourceResolution chooses the tier; the default takes samples as scraped wherever that is possible.
	MaxSourceResolution Resolution
}

// promqlEngines makes PromQL engines: the limit of samples is a property of an engine.
type promqlEngines struct {
	options promql.EngineOpts
	usual   *promql.Engine
}

func newPromQLEngines(log *slog.Logger, reg prometheus.Registerer) *promqlEngines {
	e := &promqlEngines{options: promql.EngineOpts{
		Logger:                   log,
		MaxSamples:               maxQuerySamples,
		Timeout:                  queryTimeout,
		LookbackDelta:            lookback,
		NoStepSubqueryIntervalFn: func(int64) int64 { return subqueryStep.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   parser.NewParser(parser.Options{}),
	}}
	withMetrics := e.options
	withMetrics.Reg = reg
	e.usual = promql.NewEngine(withMetrics)
	return e
}

func (e *promqlEngines) engine(maxSamples int) *promql.Engine {
	if maxSamples <= 0 || maxSamples >= maxQuerySamples {
		return e.usual
	}
	o := e.options
	o.MaxSamples = maxSamples
	return promql.NewEngine(o)
}

// PromQuery evaluates an expression at one time and returns the engine's own result, whose Err is nil. Errors are a
// *ParseError, an *UnsupportedError, ErrBusy or the promql package's.
func (db *DB) PromQuery(ctx context.Context, expr string, at time.Time, o QueryOptions) (*promql.Result, error) {
	return db.instant(ctx, db.gates.clients, expr, at, o)
}

func (db *DB) instant(ctx context.Context, g *gate, expr string, at time.Time, o QueryOptions) (*promql.Result, error) {
	ms := at.UnixMilli()
	return db.evaluate(ctx, g, "instant", o, expr, ms, ms, 0)
}

// PromQueryRange evaluates an expression at from, from+step, ... up to and including to.
func (db *DB) PromQueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration, o QueryOptions) (*promql.Result, error) {
	return db.ranged(ctx, db.gates.clients, expr, from, to, step, o)
}

func (db *DB) ranged(ctx context.Context, g *gate, expr string, from, to time.Time, step time.Duration, o QueryOptions) (*promql.Result, error) {
	if step < time.Millisecond {
		return nil, storage.Invalid("step", "give a step of at least a millisecond")
	}
	if to.Before(from) {
		return nil, storage.Invalid("to", "the end lies before the start")
	}
	if n := (to.UnixMilli() - from.UnixMilli()) / step.Milliseconds(); n < 0 || n > maxSteps { // below zero: beyond an int64
		return nil, storage.Invalid("step", "the range has more than %d steps, give a wider one", maxSteps)
	}
	return db.evaluate(ctx, g, "range", o, expr, from.UnixMilli(), to.UnixMilli(), step.Milliseconds())
}

// evaluate runs a query segment by segment under the limits of one query.
func (db *DB) evaluate(ctx context.Context, g *gate, kind string, o QueryOptions, expr string, from, to, step int64) (*promql.Result, error) {
	if err := db.enter(); err != nil {
		return nil, err
	}
	defer db.calls.Done()
	timeout := queryTimeout
	if o.Timeout > 0 {
		timeout = min(timeout, o.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := g.enter(ctx); err != nil {
		return nil, queueError(err)
	}
	defer g.leave()
	start := time.Now()
	defer func() { db.metrics.queries.WithLabelValues(kind).Observe(time.Since(start).Seconds()) }()
	p, err := db.plan(ctx, expr, from, to, step, o)
	if err != nil {
		return nil, queueError(err)
	}
	results := make([]*promql.Result, len(p.segments))
	for i, s := range p.segments {
		if results[i], err = db.runSegment(ctx, s, step, o); err != nil {
			return nil, err
		}
		if s.expr != expr {
			results[i].Warnings = withoutPositions(results[i].Warnings)
		}
	}
	return join(results, p.notes), nil
}

func (db *DB) runSegment(ctx context.Context, s segment, step int64, o QueryOptions) (*promql.Result, error) {
	e := db.promql.engine(o.MaxSamples)
	opts := promql.NewPrometheusQueryOpts(false, s.lookback)
	from, to := time.UnixMilli(s.from), time.UnixMilli(s.to)
	var q promql.Query
	var err error
	if step == 0 {
		q, err = e.NewInstantQuery(ctx, s.tier.queryable, opts, s.expr, from)
	} else {
		q, err = e.NewRangeQuery(ctx, s.tier.queryable, opts, s.expr, from, to, time.Duration(step)*time.Millisecond)
	}
	if err != nil {
		return nil, parseError(err)
	}
	// q is not closed: closing hands the result's points to a pool, and the result outlives this call.
	r := q.Exec(ctx)
	if r.Err != nil {
		return nil, r.Err
	}
	return r, nil
}

// parseError turns what the engine says before it runs a query into a *ParseError.
func parseError(err error) error {
	if _, ok := errors.AsType[*ParseError](err); ok {
		return err
	}
	return &ParseError{err}
}

// queueError words the end of a wait in the queue as the engine does.
func queueError(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return promql.ErrQueryCanceled("query queue")
	case errors.Is(err, context.DeadlineExceeded):
		return promql.ErrQueryTimeout("query queue")
	}
	return err
}

// Query evaluates an expression at one time: one point per series, a scalar as one series without labels.
func (db *DB) Query(ctx context.Context, expr string, at time.Time) ([]storage.Series, error) {
	r, err := db.instant(ctx, db.gates.pages, expr, at, QueryOptions{})
	if err != nil {
		return nil, err
	}
	return resultSeries(r)
}

// QueryRange evaluates an expression at from, from+step, ... up to and including to. Where there is no value there is no
// point. It is what charts ask: the coarsest tier answers that is fine enough for the step.
func (db *DB) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]storage.Series, error) {
	r, err := db.ranged(ctx, db.gates.pages, expr, from, to, step, QueryOptions{MaxSourceResolution: ResolutionAuto})
	if err != nil {
		return nil, err
	}
	return resultSeries(r)
}

// RuleQuery evaluates the expression of a rule at one time. It waits for no other queries than rules'.
func (db *DB) RuleQuery(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	r, err := db.instant(ctx, db.gates.rules, expr, at, QueryOptions{})
	if err != nil {
		return nil, err
	}
	switch v := r.Value.(type) {
	case promql.Vector:
		return v, nil
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V, Metric: labels.EmptyLabels()}}, nil
	}
	return nil, &ParseError{fmt.Errorf("rule result is a %s, it must be a vector or a scalar", r.Value.Type())}
}

func resultSeries(r *promql.Result) ([]storage.Series, error) {
	switch v := r.Value.(type) {
	case promql.Vector:
		out := make([]storage.Series, len(v))
		for i, s := range v {
			out[i] = storage.Series{Labels: labelList(s.Metric), Points: []storage.Point{{Time: s.T, Value: s.F}}}
		}
		return out, nil
	case promql.Matrix:
		out := make([]storage.Series, len(v))
		for i, s := range v {
			points := make([]storage.Point, len(s.Floats))
			for j, p := range s.Floats {
				points[j] = storage.Point{Time: p.T, Value: p.F}
			}
			out[i] = storage.Series{Labels: labelList(s.Metric), Points: points}
		}
		return out, nil
	case promql.Scalar:
		return []storage.Series{{Points: []storage.Point{{Time: v.T, Value: v.V}}}}, nil
	}
	return nil, &ParseError{fmt.Errorf("the expression gives a %s, ask for numbers", r.Value.Type())}
}

func labelList(ls labels.Labels) []storage.Label {
	out := make([]storage.Label, 0, ls.Len())
	ls.Range(func(l labels.Label) { out = append(out, storage.Label{Name: l.Name, Value: l.Value}) })
	return out
}
