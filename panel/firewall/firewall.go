// Package firewall is the panel's side of UFW on the nodes. It passes changes on to the agents and confirms them over a
// new connection, which is the proof that the panel still gets in; or holds them until a person keeps them. What makes a
// change safe stands in agent/control.
package firewall

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
)

const (
	lookTimeout   = 30 * time.Second // ufw takes a second on a slow machine
	changeTimeout = 2 * time.Minute  // as the agent's
	confirmTry    = 10 * time.Second // one attempt to confirm
	confirmPause  = time.Second      // between attempts
)

// Fleet is what the feature asks of *fleet.Service.
type Fleet interface {
	fleet.Controller
	Fresh(id int64, need fleet.Need) (*api.Client, error)
}

// Options of New.
type Options struct {
	Fleet   Fleet
	Changed func(id int64) // told that the firewall of a server is, or may be, another one
	Log     *slog.Logger
}

// Service holds the handlers; other features change firewalls through Change.
type Service struct {
	fleet   Fleet
	changed func(id int64)
	log     *slog.Logger
	held    held
}

// New returns a Service.
func New(o Options) *Service {
	return &Service{fleet: o.Fleet, changed: o.Changed, log: o.Log, held: held{byServer: map[int64]*heldChange{}}}
}

var (
	toLook   = fleet.Need{Capability: "firewall", Domain: api.DomainFirewall}
	toChange = fleet.Need{Capability: "firewall", Domain: api.DomainFirewall, Write: true}
)

// Change carries out a change on a server and confirms it. It returns what ufw said. An error means that the firewall
// is, or within half a minute will be, as before.
func (s *Service) Change(ctx context.Context, id int64, c api.FirewallChange) (string, error) {
	defer s.changed(id)
	pending, err := fleet.Ask(ctx, s.fleet, id, toChange, changeTimeout, func(ctx context.Context, client *api.Client) (api.FirewallPending, error) {
		return client.ChangeFirewall(ctx, c)
	})
	if err != nil {
		return "", err
	}
	within := pending.Within(c)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within) // the change is made: the browser is not asked any more
	defer cancel()
	if err := s.confirm(ctx, id, pending.ID); err != nil {
		s.log.Warn("confirm firewall change", "server", id, "err", err)
		return "", notConfirmed(within, err)
	}
	return pending.Output, nil
}

// confirm makes a change lasting, over a connection of its own.
func (s *Service) confirm(ctx context.Context, id int64, change string) error {
	return s.again(ctx, func() error { return s.confirmOnce(ctx, id, change) })
}

// again tries something until it works, an agent refuses it, or ctx is done.
func (s *Service) again(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || ctx.Err() != nil || isRefusal(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(confirmPause):
		}
	}
}

func (s *Service) confirmOnce(ctx context.Context, id int64, change string) error {
	client, err := s.fleet.Fresh(id, toChange)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, confirmTry)
	defer cancel()
	if err := client.ConfirmFirewall(ctx, change); err != nil {
		return fleet.AgentError(err, toChange)
	}
	return nil
}

// isRefusal tells an agent that says no from one that cannot be reached.
func isRefusal(err error) bool {
	var e *rest.Error
	return errors.As(err, &e) && e.Status != http.StatusBadGateway && e.Status != http.StatusGatewayTimeout
}

func notConfirmed(within time.Duration, err error) error {
	return rest.Fail(http.StatusBadGateway, "reverted",
		"after the change the server could not be reached by a new connection, so it takes the change back within %.0f seconds: %v", within.Seconds(), rest.Words(err))
}
