package firewall

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// Routes are mounted at /api/proxy/{id}/haproxy/firewall, where clients of the predecessor look for them.
func (s *Service) Routes(r rest.Router) {
	r.Get("/status", s.status)
	r.Get("/rules", s.rules)
	r.Post("/allow", s.allow)
	r.Post("/deny", s.deny)
	r.Post("/rule", s.addRule)
	r.Delete("/rule/{number}", s.deleteRule)
	r.Delete("/{port}", s.deletePort)
	r.Post("/enable", s.enable)
	r.Post("/disable", s.disable)
	r.Post("/changes/{change}/keep", s.keep)
	r.Post("/changes/{change}/revert", s.revert)
}

// FleetRoutes are mounted at /api/firewall.
func (s *Service) FleetRoutes(r rest.Router) {
	r.Get("/changes", s.pending)
}

func (s *Service) status(w http.ResponseWriter, r *http.Request) error {
	return look(s, w, r, func(ctx context.Context, c *api.Client) (api.FirewallStatus, error) { return c.FirewallStatus(ctx) })
}

func (s *Service) rules(w http.ResponseWriter, r *http.Request) error {
	return look(s, w, r, func(ctx context.Context, c *api.Client) (api.FirewallRules, error) { return c.FirewallRules(ctx) })
}

func look[T any](s *Service, w http.ResponseWriter, r *http.Request, question func(context.Context, *api.Client) (T, error)) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	rest.AllowTime(w, lookTimeout+time.Minute)
	answer, err := fleet.Ask(r.Context(), s.fleet, id, toLook, lookTimeout, question)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, answer)
}

// PortRequest names a port. "any" is both protocols.
type PortRequest struct {
	Port     int    `json:"port"`
	Protocol string `json:"protocol"` // tcp (also if empty), udp, any
}

// Validate implements rest.Validator.
func (q *PortRequest) Validate() error {
	if q.Protocol == "" {
		q.Protocol = "tcp"
	}
	return validPort(q.Port)
}

func validPort(port int) error {
	if port < 1 || port > 65535 {
		return storage.Invalid("port", "port must be a whole number from 1 to 65535")
	}
	return nil
}

// allow lets everybody in to a port.
func (s *Service) allow(w http.ResponseWriter, r *http.Request) error {
	q, err := rest.Decode[PortRequest](r)
	if err != nil {
		return err
	}
	return s.change(w, r, api.FirewallChange{Op: api.FirewallAdd, Action: "allow", Ports: strconv.Itoa(q.Port), Protocol: q.Protocol},
		fmt.Sprintf("port %d is open", q.Port))
}

// deny deletes what allow has made; it adds no rule.
func (s *Service) deny(w http.ResponseWriter, r *http.Request) error {
	q, err := rest.Decode[PortRequest](r)
	if err != nil {
		return err
	}
	return s.change(w, r, api.FirewallChange{Op: api.FirewallDeletePort, Action: "allow", Ports: strconv.Itoa(q.Port), Protocol: q.Protocol},
		fmt.Sprintf("the rule that opened port %d is gone", q.Port))
}

// RuleRequest is a rule to add: Port, or Ports for a range or a list.
type RuleRequest struct {
	Port      int    `json:"port"`
	Ports     string `json:"ports"` // "6000:6007", "80,443"
	Protocol  string `json:"protocol"`
	Action    string `json:"action"` // allow, deny, reject, limit
	FromIP    string `json:"from_ip"`
	Direction string `json:"direction"`
	Comment   string `json:"comment"`
}

// Validate implements rest.Validator. The agent checks what UFW takes.
func (q *RuleRequest) Validate() error {
	if q.Protocol == "" {
		q.Protocol = "tcp"
	}
	q.FromIP = strings.TrimSpace(q.FromIP)
	if strings.EqualFold(q.FromIP, "any") || strings.EqualFold(q.FromIP, "anywhere") {
		q.FromIP = ""
	}
	if q.Ports != "" {
		return nil
	}
	q.Ports = strconv.Itoa(q.Port)
	return validPort(q.Port)
}

func (s *Service) addRule(w http.ResponseWriter, r *http.Request) error {
	q, err := rest.Decode[RuleRequest](r)
	if err != nil {
		return err
	}
	return s.change(w, r, api.FirewallChange{Op: api.FirewallAdd, Action: q.Action, Direction: q.Direction, Ports: q.Ports,
		Protocol: q.Protocol, From: q.FromIP, Comment: strings.TrimSpace(q.Comment)}, "the rule is added")
}

// deleteRule takes ?expect=TO ACTION FROM of the rule that the person saw under this number.
func (s *Service) deleteRule(w http.ResponseWriter, r *http.Request) error {
	number, err := rest.ID(r, "number")
	if err != nil {
		return err
	}
	return s.change(w, r, api.FirewallChange{Op: api.FirewallDeleteRule, Number: int(number), Expect: r.URL.Query().Get("expect")}, "the rule is deleted")
}

// deletePort deletes every rule for exactly this port (or range, or list) and protocol.
func (s *Service) deletePort(w http.ResponseWriter, r *http.Request) error {
	protocol := r.URL.Query().Get("protocol")
	if protocol == "" {
		protocol = "tcp"
	}
	return s.change(w, r, api.FirewallChange{Op: api.FirewallDeletePort, Ports: rest.Param(r, "port"), Protocol: protocol}, "the rules of the port are deleted")
}

func (s *Service) enable(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, api.FirewallChange{Op: api.FirewallEnable}, "the firewall is enabled")
}

func (s *Service) disable(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, api.FirewallChange{Op: api.FirewallDisable}, "the firewall is disabled")
}

// change makes a change lasting, or with ?hold=SECONDS leaves it to a person for so long.
func (s *Service) change(w http.ResponseWriter, r *http.Request, c api.FirewallChange, done string) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	if c.HoldSeconds, err = rest.QueryInt(r, "hold", 0, api.MinHoldSeconds, api.MaxHoldSeconds); err != nil {
		return err
	}
	rest.Note(r.Context(), "firewall", describe(c))
	rest.AllowTime(w, changeTimeout+2*time.Minute)
	if c.HoldSeconds != 0 {
		pending, output, err := s.Hold(r.Context(), id, c)
		if err != nil {
			return err
		}
		return rest.Encode(w, http.StatusOK, ChangeResponse{Success: true, Message: done + " and waits to be kept", Output: output, Pending: &pending})
	}
	output, err := s.Change(r.Context(), id, c)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, ChangeResponse{Success: true, Message: done, Output: output})
}

// ChangeResponse answers every change that was made, and confirmed unless it is pending.
type ChangeResponse struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Output  string `json:"output,omitempty"` // of ufw
	Pending *Held  `json:"pending,omitempty"`
}

// describe is a change in one line, for the audit log.
func describe(c api.FirewallChange) string {
	words := []string{c.Op, c.Action, c.Direction}
	if c.Number != 0 {
		words = append(words, "rule "+strconv.Itoa(c.Number), c.Expect)
	}
	if c.Ports != "" {
		words = append(words, c.Ports+"/"+c.Protocol)
	}
	if c.From != "" {
		words = append(words, "from "+c.From)
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}
