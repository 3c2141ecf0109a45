package promapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/promql"

	"monitoring/storage/tsdb"
)

// maxPoints bounds the points of one series: a minute's resolution for a week, an hour's for a year.
const maxPoints = 11000

var errTruncated = errors.New("results truncated due to limit")

func (s *Service) query(r *http.Request) (answer, error) {
	limit, err := limitParam(r)
	if err != nil {
		return answer{}, err
	}
	at, err := timeParam(r, "time", time.Now())
	if err != nil {
		return answer{}, err
	}
	ctx, opts, cancel, err := queryOptions(r)
	if err != nil {
		return answer{}, err
	}
	defer cancel()
	expr := r.Form.Get("query")
	res, err := s.db.PromQuery(ctx, expr, at, opts)
	return s.result(expr, limit, res, err)
}

func (s *Service) queryRange(r *http.Request) (answer, error) {
	limit, err := limitParam(r)
	if err != nil {
		return answer{}, err
	}
	from, err := parseTime(r.Form.Get("start"))
	if err != nil {
		return answer{}, badParam("start", err)
	}
	to, err := parseTime(r.Form.Get("end"))
	if err != nil {
		return answer{}, badParam("end", err)
	}
	if to.Before(from) {
		return answer{}, badParam("end", errors.New("end timestamp must not be before start time"))
	}
	step, err := parseDuration(r.Form.Get("step"))
	if err != nil {
		return answer{}, badParam("step", err)
	}
	if step <= 0 {
		return answer{}, badParam("step", errors.New("zero or negative query resolution step widths are not accepted. Try a positive integer"))
	}
	if to.Sub(from)/step > maxPoints {
		return answer{}, &apiError{badData, errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")}
	}
	ctx, opts, cancel, err := queryOptions(r)
	if err != nil {
		return answer{}, err
	}
	defer cancel()
	expr := r.Form.Get("query")
	res, err := s.db.PromQueryRange(ctx, expr, from, to, step, opts)
	return s.result(expr, limit, res, err)
}

// queryOptions reads timeout, lookback_delta and max_source_resolution; the context ends with the timeout.
func queryOptions(r *http.Request) (context.Context, tsdb.QueryOptions, context.CancelFunc, error) {
	opts := tsdb.QueryOptions{Timeout: maxTimeout}
	if raw := r.Form.Get("timeout"); raw != "" {
		d, err := parseDuration(raw)
		if err != nil {
			return nil, opts, nil, badParam("timeout", err)
		}
		opts.Timeout = min(d, maxTimeout)
	}
	if raw := r.Form.Get("lookback_delta"); raw != "" {
		d, err := parseDuration(raw)
		if err != nil {
			return nil, opts, nil, &apiError{badData, fmt.Errorf("error parsing lookback delta duration: %w", err)}
		}
		opts.LookbackDelta = d
	}
	var err error
	if opts.MaxSourceResolution, err = tsdb.ParseResolution(r.Form.Get("max_source_resolution")); err != nil {
		return nil, opts, nil, badParam("max_source_resolution", err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), opts.Timeout)
	return ctx, opts, cancel, nil
}

// result turns what the engine said into an answer.
func (s *Service) result(expr string, limit int, res *promql.Result, err error) (answer, error) {
	if err == nil && res.Err != nil {
		err = res.Err
	}
	if parse, ok := errors.AsType[*tsdb.ParseError](err); ok {
		return answer{}, badParam("query", parse)
	}
	if err != nil {
		return answer{}, err
	}
	notes := res.Warnings
	value, cut := truncate(res.Value, limit)
	if cut {
		notes = notes.Add(errTruncated)
	}
	data, err := appendResult(nil, value)
	if err != nil {
		return answer{}, &apiError{internal, err}
	}
	return annotate(answer{data: data}, notes, expr), nil
}
