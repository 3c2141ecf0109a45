// Package haproxy is the panel's side of HAProxy on the nodes: it passes questions and changes on to the agents. What
// they do to a machine stands in agent/control.
package haproxy

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
)

const lookTimeout = 15 * time.Second // of a question that changes nothing

// Options of New.
type Options struct {
	Fleet fleet.Controller
	Log   *slog.Logger
}

// Service holds the handlers.
type Service struct {
	fleet fleet.Controller
	log   *slog.Logger
}

// New returns a Service.
func New(o Options) *Service { return &Service{fleet: o.Fleet, log: o.Log} }

// Routes are mounted at /api/proxy/{id}/haproxy.
func (s *Service) Routes(r rest.Router) {
	r.Get("/status", s.status)
}

var toLook = fleet.Need{Capability: "haproxy", Domain: api.DomainHAProxy}

func (s *Service) status(w http.ResponseWriter, r *http.Request) error {
	return ask(s, w, r, toLook, lookTimeout, func(ctx context.Context, c *api.Client) (api.HAProxyStatus, error) { return c.HAProxyStatus(ctx) })
}

// ask answers a request with what the agent says.
func ask[T any](s *Service, w http.ResponseWriter, r *http.Request, need fleet.Need, timeout time.Duration, question func(context.Context, *api.Client) (T, error)) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	rest.AllowTime(w, timeout+time.Minute)
	answer, err := fleet.Ask(r.Context(), s.fleet, id, need, timeout, question)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, answer)
}
