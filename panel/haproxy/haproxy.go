// Package haproxy is the panel's side of HAProxy and of certificates on the nodes: it passes questions and changes on to
// the agents, and remembers what they said last, so that a page opens at once. What they counted in the last hour comes
// from the database of metrics. What they do to a machine stands in
// agent/control.
package haproxy

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

const (
	lookTimeout   = 15 * time.Second // of a question that changes nothing
	changeTimeout = 2 * time.Minute  // the agent's own, for a change with a reload and a rollback
	installTime   = 16 * time.Minute // apt waits for another apt, fetches, and may have to mend something first
)

// Fleet is what the feature asks of *fleet.Service. Tests put agents without TLS behind it.
type Fleet interface {
	fleet.Controller
	Active() []storage.Server
	Status(id int64) string
}

// Options of New.
type Options struct {
	Fleet    Fleet
	DB       *tsdb.DB
	Interval func() time.Duration // of the cache and of the metrics, asked anew before each round
	Log      *slog.Logger
}

// Service holds the handlers and the cache.
type Service struct {
	fleet    Fleet
	db       *tsdb.DB
	interval func() time.Duration
	log      *slog.Logger
	cache    *cache
}

// New returns a Service.
func New(o Options) *Service {
	return &Service{fleet: o.Fleet, db: o.DB, interval: o.Interval, log: o.Log, cache: newCache()}
}

// Routes are mounted at /api/proxy/{id}/haproxy.
func (s *Service) Routes(r rest.Router) {
	r.Get("/cached", s.cached)
	r.Get("/last-hour", s.getLastHour)
	r.Get("/status", look(s, func(ctx context.Context, c *api.Client, _ *http.Request) (api.HAProxyStatus, error) {
		return c.HAProxyStatus(ctx)
	}))
	r.Get("/stats", look(s, func(ctx context.Context, c *api.Client, _ *http.Request) (api.HAProxyStats, error) {
		return c.HAProxyStats(ctx)
	}))
	r.Get("/rules", look(s, func(ctx context.Context, c *api.Client, _ *http.Request) (api.HAProxyRules, error) {
		return c.HAProxyRules(ctx)
	}))
	r.Get("/rules/{name}", look(s, func(ctx context.Context, c *api.Client, r *http.Request) (api.HAProxyRule, error) {
		return c.HAProxyRule(ctx, rest.Param(r, "name"))
	}))
	r.Post("/rules", s.addRule)
	r.Put("/rules/{name}", s.updateRule)
	r.Delete("/rules/{name}", s.removeRule)
	for _, action := range []string{"start", "stop", "restart", "reload"} {
		r.Post("/"+action, s.service(action, changeTimeout))
	}
	r.Post("/install", s.service("install", installTime))
	r.Post("/validate", look(s, func(ctx context.Context, c *api.Client, _ *http.Request) (api.Validation, error) {
		return c.ValidateHAProxy(ctx)
	}))
	r.Post("/config/regenerate", s.regenerate)
	r.Get("/logs", s.logs)
	r.Post("/servers/{backend}/{server}", s.changeServer)
}

// ConfigRoutes are mounted beside them, for a person: a configuration can hold passwords, and a new one can run programs.
func (s *Service) ConfigRoutes(r rest.Router) {
	r.Post("/config/apply", s.applyConfig)
	r.Get("/config", look(s, func(ctx context.Context, c *api.Client, _ *http.Request) (api.HAProxyConfig, error) {
		return c.HAProxyConfig(ctx)
	}))
}

var (
	toLook   = fleet.Need{Capability: "haproxy", Domain: api.DomainHAProxy}
	toChange = fleet.Need{Capability: "haproxy", Domain: api.DomainHAProxy, Write: true}
)

// question is one call of an agent.
type question[T any] func(ctx context.Context, c *api.Client, r *http.Request) (T, error)

// look answers a request with what the agent says.
func look[T any](s *Service, ask question[T]) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return pass(s, w, r, toLook, lookTimeout, ask) }
}

// change has the agent change something and answers with its word. The cache is told, so that the page shows it.
func change[T any](s *Service, w http.ResponseWriter, r *http.Request, need fleet.Need, timeout time.Duration, ask question[T]) error {
	if id, err := rest.ID(r, "id"); err == nil {
		defer s.cache.expire(id) // also after a failure: nobody knows then what has happened
	}
	return pass(s, w, r, need, timeout, ask)
}

func pass[T any](s *Service, w http.ResponseWriter, r *http.Request, need fleet.Need, timeout time.Duration, ask question[T]) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	rest.AllowTime(w, timeout+time.Minute)
	answer, err := fleet.Ask(r.Context(), s.fleet, id, need, timeout, func(ctx context.Context, c *api.Client) (T, error) { return ask(ctx, c, r) })
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, answer)
}
