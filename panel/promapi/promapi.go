// Package promapi speaks Prometheus' HTTP API v1, so that Grafana and other tools of that world can read our metrics;
// it is not what our own UI asks, which is panel/metrics.
//
// Answers and errors are Prometheus' own, to the letter, and so bypass the envelope of panel/rest. Who may call is
// decided where the routes are mounted.
package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/annotations"

	"monitoring/panel/rest"
	"monitoring/storage/tsdb"
)

// maxTimeout bounds every query, as the store does; ?timeout= can only shorten it.
const maxTimeout = time.Minute

// Options is what the API needs.
type Options struct {
	DB         *tsdb.DB
	Log        *slog.Logger
	Version    string                // the panel's own
	Targets    func() []Target       // what is scraped; nil: nothing
	RuleGroups func() []*rules.Group // what is evaluated; nil: nothing
}

// Service holds the handlers.
type Service struct {
	db      *tsdb.DB
	log     *slog.Logger
	version string
	targets func() []Target
	groups  func() []*rules.Group
	parser  parser.Parser
}

// New returns the API.
func New(o Options) *Service {
	s := &Service{db: o.DB, log: o.Log, version: o.Version, targets: o.Targets, groups: o.RuleGroups, parser: parser.NewParser(parser.Options{})}
	if s.targets == nil {
		s.targets = func() []Target { return nil }
	}
	if s.groups == nil {
		s.groups = func() []*rules.Group { return nil }
	}
	return s
}

// FederateRoutes are mounted at /prometheus/federate.
func (s *Service) FederateRoutes(r rest.Router) { r.Get("/", s.federate) }

// Routes are mounted at /prometheus/api/v1.
func (s *Service) Routes(r rest.Router) {
	both := func(pattern string, h handler) {
		r.Get(pattern, s.serve(h))
		r.Post(pattern, s.serve(h))
	}
	both("/query", s.query)
	both("/query_range", s.queryRange)
	both("/series", s.series)
	both("/labels", s.labelNames)
	r.Get("/label/{name}/values", s.serve(s.labelValues))
	both("/format_query", s.formatQuery)
	both("/query_exemplars", s.queryExemplars)
	r.Get("/metadata", s.serve(s.metadata))
	r.Get("/targets", s.serve(s.listTargets))
	r.Get("/rules", s.serve(s.listRules))
	r.Get("/alerts", s.serve(s.listAlerts))
	r.Get("/status/buildinfo", s.serve(s.buildInfo))
	r.Get("/status/tsdb", s.serve(s.tsdbStatus))
	r.Post("/read", s.remoteRead)
}

// handler answers one request whose form has been parsed.
type handler func(r *http.Request) (answer, error)

// answer is a success: data is JSON already; none at all is status 204.
type answer struct {
	data            json.RawMessage
	warnings, infos []string
}

// kind is Prometheus' errorType.
type kind string

const (
	badData     kind = "bad_data"
	execution   kind = "execution"
	canceled    kind = "canceled"
	timeout     kind = "timeout"
	unavailable kind = "unavailable"
	internal    kind = "internal"
)

var statusOf = map[kind]int{
	badData:     http.StatusBadRequest,
	execution:   http.StatusUnprocessableEntity,
	canceled:    499,
	timeout:     http.StatusServiceUnavailable,
	unavailable: http.StatusServiceUnavailable,
	internal:    http.StatusInternalServerError,
}

// apiError is an error whose kind is known.
type apiError struct {
	kind kind
	err  error
}

func (e *apiError) Error() string { return e.err.Error() }
func (e *apiError) Unwrap() error { return e.err }

// badParam is the error for a parameter that cannot be used.
func badParam(name string, err error) error {
	return &apiError{badData, fmt.Errorf("invalid parameter %q: %w", name, err)}
}

// kindOf sorts an error of a query the way Prometheus does.
func kindOf(err error) kind {
	var api *apiError
	var cancelErr promql.ErrQueryCanceled
	var timeoutErr promql.ErrQueryTimeout
	var storageErr promql.ErrStorage
	switch {
	case errors.As(err, &api):
		return api.kind
	case errors.As(err, &cancelErr), errors.Is(err, context.Canceled):
		return canceled
	case errors.As(err, &timeoutErr), errors.Is(err, context.DeadlineExceeded):
		return timeout
	case errors.Is(err, tsdb.ErrBusy), errors.Is(err, tsdb.ErrClosed):
		return unavailable
	case errors.As(err, &storageErr):
		return internal
	default:
		return execution
	}
}

// envelope is the frame of every answer.
type envelope struct {
	Status    string          `json:"status"`
	Data      json.RawMessage `json:"data,omitempty"`
	ErrorType kind            `json:"errorType,omitempty"`
	Error     string          `json:"error,omitempty"`
	Warnings  []string        `json:"warnings,omitempty"`
	Infos     []string        `json:"infos,omitempty"`
}

func (s *Service) serve(h handler) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return s.fail(w, r, &apiError{badData, fmt.Errorf("error parsing form values: %w", err)})
		}
		ans, err := h(r)
		if err != nil {
			return s.fail(w, r, err)
		}
		if ans.data == nil {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return rest.Encode(w, http.StatusOK, envelope{Status: "success", Data: ans.data, Warnings: ans.warnings, Infos: ans.infos})
	}
}

func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) error {
	k := kindOf(err)
	if k == internal {
		s.log.Error("answer Prometheus API", "path", r.URL.Path, "err", err)
	}
	return rest.Encode(w, statusOf[k], envelope{Status: "error", ErrorType: k, Error: err.Error()})
}

// asJSON makes an answer of a value that encoding/json can write.
func asJSON(v any, notes annotations.Annotations) (answer, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return answer{}, &apiError{internal, fmt.Errorf("encode answer: %w", err)}
	}
	return annotate(answer{data: data}, notes, ""), nil
}

// annotate adds what the query warned of; query tells positions and may be empty.
func annotate(ans answer, notes annotations.Annotations, query string) answer {
	const most = 10 // of each, as Prometheus does
	ans.warnings, ans.infos = notes.AsStrings(query, most, most)
	return ans
}
