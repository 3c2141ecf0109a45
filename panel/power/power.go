// Package power restarts servers, shuts them down, and sends signals to their processes. Watching them is not its business.
package power

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const timeout = 20 * time.Second // of the agent for either

// Service holds the handlers.
type Service struct{ fleet fleet.Controller }

// New returns a Service.
func New(f fleet.Controller) *Service { return &Service{f} }

// Routes are mounted at /api/proxy/{id}/power.
func (s *Service) Routes(r rest.Router) {
	r.Post("", s.machine)
	r.Post("/processes/{pid}/signal", s.signal)
}

var toPower = fleet.Need{Capability: "power", Domain: api.DomainPower, Write: true}

// Request asks to restart or shut down a server. Confirm repeats the action: a slip is not enough.
type Request struct {
	Action  string `json:"action"` // reboot or shutdown
	Confirm string `json:"confirm"`
}

// Validate implements rest.Validator.
func (r Request) Validate() error {
	if r.Action != api.Reboot && r.Action != api.Shutdown {
		return storage.Invalid("action", "the action is reboot or shutdown")
	}
	if r.Confirm != r.Action {
		return storage.Invalid("confirm", "repeat the action to confirm it")
	}
	return nil
}

// SignalRequest asks to send a signal to a process of the process table.
type SignalRequest struct {
	Signal  string `json:"signal"`  // TERM, KILL, HUP, INT, STOP or CONT
	Started uint64 `json:"started"` // as the table has it: a later process with the same number is left alone
}

// Validate implements rest.Validator.
func (r SignalRequest) Validate() error {
	if !slices.Contains(api.Signals, r.Signal) {
		return storage.Invalid("signal", "the signal is one of %s", strings.Join(api.Signals, " "))
	}
	if r.Started == 0 {
		return storage.Invalid("started", "give the start of the process as the process table has it")
	}
	return nil
}

func (s *Service) machine(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[Request](r)
	if err != nil {
		return err
	}
	return s.ask(w, r, req.Action, func(ctx context.Context, c *api.Client) (api.Changed, error) {
		return c.Power(ctx, api.PowerRequest{Action: req.Action})
	})
}

func (s *Service) signal(w http.ResponseWriter, r *http.Request) error {
	pid, err := strconv.Atoi(rest.Param(r, "pid"))
	if err != nil || pid < 2 {
		return storage.Invalid("pid", "name a process by its number; 1 is the init of the machine")
	}
	req, err := rest.Decode[SignalRequest](r)
	if err != nil {
		return err
	}
	return s.ask(w, r, "SIG"+req.Signal+" to process "+strconv.Itoa(pid), func(ctx context.Context, c *api.Client) (api.Changed, error) {
		return c.Signal(ctx, pid, api.SignalRequest{Signal: req.Signal, Started: req.Started})
	})
}

func (s *Service) ask(w http.ResponseWriter, r *http.Request, what string, question func(context.Context, *api.Client) (api.Changed, error)) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	rest.Note(r.Context(), rest.Param(r, "id"), what)
	answer, err := fleet.Ask(r.Context(), s.fleet, id, toPower, timeout, question)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, answer)
}
