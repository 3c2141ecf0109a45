package promapi

import (
	"errors"
	"net/http"

	"github.com/prometheus/prometheus/promql/parser"
)

// formatQuery lays an expression out, over several lines when it is long.
func (s *Service) formatQuery(r *http.Request) (answer, error) {
	expr, err := s.parser.ParseExpr(r.Form.Get("query"))
	if err != nil {
		return answer{}, badParam("query", err)
	}
	return asJSON(expr.Pretty(0), nil)
}

// queryExemplars answers what Prometheus does when no exemplar is stored: we store none.
func (s *Service) queryExemplars(r *http.Request) (answer, error) {
	from, err := timeParam(r, "start", minTime)
	if err != nil {
		return answer{}, err
	}
	to, err := timeParam(r, "end", maxTime)
	if err != nil {
		return answer{}, err
	}
	if to.Before(from) {
		return answer{}, &apiError{badData, errors.New("end timestamp must not be before start timestamp")}
	}
	expr, err := s.parser.ParseExpr(r.Form.Get("query"))
	if err != nil {
		return answer{}, &apiError{badData, err}
	}
	if len(parser.ExtractSelectors(expr)) == 0 {
		return answer{}, nil
	}
	return asJSON([]struct{}{}, nil)
}
