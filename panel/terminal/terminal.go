// Package terminal lets the operator run commands on a server: one at a time (execute.go) or in an interactive shell
// (shell.go). Commands are the operator's own words; they go into the audit log here and into the log of the node.
package terminal

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
)

// Options of New.
type Options struct {
	Fleet      fleet.Controller
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Service holds the handlers and the tickets of shells that are about to be opened.
type Service struct {
	fleet   fleet.Controller
	log     *slog.Logger
	tickets *tickets
	shells  *places
	open    prometheus.Gauge
	runs    *prometheus.CounterVec
}

// New returns a Service.
func New(o Options) *Service {
	s := &Service{
		fleet: o.Fleet, log: o.Log, tickets: newTickets(), shells: &places{by: map[int64]int{}},
		open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_terminal_shells", Help: "Interactive shells that are open."}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_terminal_commands_total", Help: "Commands that were run on servers, by outcome."}, []string{"result"}),
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(s.open, s.runs)
	}
	return s
}

// Routes are mounted at /api/proxy/{id}/system.
func (s *Service) Routes(r rest.Router) {
	r.Post("/execute", s.execute)
	r.Post("/execute-stream", s.executeStream)
}

// TicketRoutes are mounted at /api/proxy/{id}/terminal.
func (s *Service) TicketRoutes(r rest.Router) {
	r.Post("", s.ticket)
}

// ShellRoutes are mounted at /api/terminal.
func (s *Service) ShellRoutes(r rest.Router) {
	r.Get("/{ticket}", s.shell)
}

var toRun = fleet.Need{Capability: "exec", Domain: api.DomainExec, Write: true}

// The panel waits a little longer than the command may run, so that the agent's own word about the timeout arrives.
const (
	answerSlack = 10 * time.Second
	streamSlack = 15 * time.Second
)
