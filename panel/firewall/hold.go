package firewall

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
)

const (
	proveTime = 15 * time.Second // to get in by a new connection after a change that a person shall look at
	decideIn  = 30 * time.Second // for keeping or taking back, as long as the node waits at all
	endedFor  = time.Minute      // that the end of a change is still told
)

// Outcomes of a Held.
const (
	Kept     = "kept"     // a person has kept it
	Reverted = "reverted" // a person has taken it back
	Expired  = "expired"  // nobody answered: the node has taken it back
)

// Held is a change that is made and waits for a person. The clock that counts runs on the node.
type Held struct {
	ServerID    int64   `json:"server_id"`
	ID          string  `json:"id"`           // of the change, as the node knows it
	Op          string  `json:"op"`           // add, delete, delete_port, enable, disable
	Rule        string  `json:"rule"`         // in UFW's words; "" for enable and disable
	HoldSeconds int     `json:"hold_seconds"` // of the whole wait
	SecondsLeft float64 `json:"seconds_left"` // until the node takes it back; 0 when it has ended
	Outcome     string  `json:"outcome"`      // "" while it waits
}

// HeldResponse lists what waits on any node, and what has ended in the last minute.
type HeldResponse struct {
	Changes []Held `json:"changes"`
}

// held are the changes by server: a node has one at a time. They are the mirror of what the nodes know: a panel that
// starts again has none, and the nodes take their changes back.
type held struct {
	mu       sync.Mutex
	byServer map[int64]*heldChange
}

type heldChange struct {
	Held
	until time.Time
	ended time.Time
}

// put remembers a change until it has ended and has been told long enough.
func (h *held) put(c *heldChange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byServer[c.ServerID] = c
}

// end sets the outcome of a change and reports whether it did. What a node has confirmed counts more than our clock.
func (h *held) end(id int64, change, outcome string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.byServer[id]
	if c == nil || c.ID != change || outcome == Expired && c.Outcome != "" {
		return false
	}
	c.Outcome, c.ended = outcome, time.Now()
	return true
}

// waiting returns until when a change waits.
func (h *held) waiting(id int64, change string) (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.byServer[id]
	if c == nil || c.ID != change || c.Outcome != "" {
		return time.Time{}, false
	}
	return c.until, true
}

// list is ordered by server.
func (h *held) list() []Held {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []Held{}
	for id, c := range h.byServer {
		if c.Outcome != "" && time.Since(c.ended) > endedFor {
			delete(h.byServer, id)
			continue
		}
		one := c.Held
		if c.Outcome == "" {
			one.SecondsLeft = max(0, time.Until(c.until).Seconds())
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b Held) int { return int(a.ServerID - b.ServerID) })
	return out
}

// Hold carries out a change and leaves it to a person to keep it. That the panel still gets in is the precondition: if
// it does not, the change is taken back at once.
func (s *Service) Hold(ctx context.Context, id int64, c api.FirewallChange) (Held, string, error) {
	pending, err := fleet.Ask(ctx, s.fleet, id, toChange, changeTimeout, func(ctx context.Context, client *api.Client) (api.FirewallPending, error) {
		return client.ChangeFirewall(ctx, c)
	})
	if err != nil {
		return Held{}, "", err
	}
	within := pending.Within(c)
	change := &heldChange{Held: Held{ServerID: id, ID: pending.ID, Op: c.Op, Rule: rule(c), HoldSeconds: int(within.Seconds())}, until: time.Now().Add(within)}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(proveTime, within)) // the change is made: the browser is not asked any more
	defer cancel()
	if err := s.again(ctx, func() error { return s.reachable(ctx, id) }); err != nil {
		s.log.Warn("reach the node after a firewall change", "server", id, "err", err)
		_ = s.takeBack(context.WithoutCancel(ctx), id, pending.ID) // an old connection may still get through; if not, the node does it alone
		s.changed(id)
		return Held{}, "", notConfirmed(within, err)
	}
	s.held.put(change)
	time.AfterFunc(time.Until(change.until), func() {
		if s.held.end(id, pending.ID, Expired) {
			s.changed(id)
		}
	})
	s.changed(id)
	answer := change.Held
	answer.SecondsLeft = time.Until(change.until).Seconds()
	return answer, pending.Output, nil
}

// reachable asks something over a new connection.
func (s *Service) reachable(ctx context.Context, id int64) error {
	client, err := s.fleet.Fresh(id, toLook)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, confirmTry)
	defer cancel()
	if _, err := client.FirewallStatus(ctx); err != nil {
		return fleet.AgentError(err, toLook)
	}
	return nil
}

func (s *Service) takeBack(ctx context.Context, id int64, change string) error {
	_, err := fleet.Ask(ctx, s.fleet, id, toChange, decideIn, func(ctx context.Context, c *api.Client) (struct{}, error) {
		return struct{}{}, c.RevertFirewall(ctx, change)
	})
	return err
}

// pending lists the changes that wait, of all servers.
func (s *Service) pending(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, HeldResponse{Changes: s.held.list()})
}

// keep makes a held change lasting, over a new connection.
func (s *Service) keep(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, Kept, "the change is kept", func(ctx context.Context, id int64, change string) error {
		return s.confirm(ctx, id, change)
	})
}

// revert takes a held change back.
func (s *Service) revert(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, Reverted, "the change is taken back", s.takeBack)
}

func (s *Service) decide(w http.ResponseWriter, r *http.Request, outcome, done string, do func(context.Context, int64, string) error) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	change := rest.Param(r, "change")
	rest.Note(r.Context(), "firewall", outcome)
	until, ok := s.held.waiting(id, change)
	if !ok {
		return rest.Fail(http.StatusNotFound, api.CodeNotFound, "this change waits no more: it has been kept or taken back already")
	}
	rest.AllowTime(w, decideIn+time.Minute)
	ctx, cancel := context.WithDeadline(context.WithoutCancel(r.Context()), until)
	defer cancel()
	if err := do(ctx, id, change); err != nil {
		return err
	}
	s.held.end(id, change, outcome)
	s.changed(id)
	return rest.Encode(w, http.StatusOK, ChangeResponse{Success: true, Message: done})
}

// rule is what a change adds or removes.
func rule(c api.FirewallChange) string {
	switch c.Op {
	case api.FirewallEnable, api.FirewallDisable:
		return ""
	case api.FirewallDeleteRule:
		if c.Expect != "" {
			return c.Expect
		}
		return "rule " + strconv.Itoa(c.Number)
	}
	text := fmt.Sprintf("%s %s %s/%s", c.Action, c.Direction, c.Ports, c.Protocol)
	if c.From != "" {
		text += " from " + c.From
	}
	return strings.Join(strings.Fields(text), " ")
}
