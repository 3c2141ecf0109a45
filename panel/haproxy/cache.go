package haproxy

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/words"
)

const (
	roundTick  = time.Second      // how often it is looked whose turn it is
	roundLimit = 20               // agents at a time
	roundTime  = 20 * time.Second // for one agent; one that hangs delays no other's turn by more
	retry      = 5 * time.Second  // after a round that failed
)

// What agents said is kept until the next round, for the whole fleet. A node with a hundred rules and certificates takes
// about 60 kB. Each may take ownRoom; what is larger comes out of sharedRoom.
const (
	ownRoom    = 512 << 10 // bytes, decoded
	sharedRoom = 64 << 20
	maxPart    = 2 << 20 // bytes of one answer as text
)

var errNoRoom = rest.Fail(http.StatusBadGateway, "too_large", "the agent says more about HAProxy, its certificates and firewall than the panel can keep")

// CachedResponse is what an agent said last. A part that its owner has closed, or that it does not have, is null.
type CachedResponse struct {
	Status         *api.HAProxyStatus `json:"status"`
	Rules          *api.HAProxyRules  `json:"rules"`
	Certs          *api.Certs         `json:"certs"`
	Firewall       *CachedFirewall    `json:"firewall"`
	CachedAt       time.Time          `json:"cached_at"`
	AgeSeconds     float64            `json:"age_seconds"`
	LastError      string             `json:"last_error"`       // of the last round, "" if that went well
	LastErrorWords *words.Sentence    `json:"last_error_words"` // LastError for the UI
}

// CachedFirewall is the firewall of a node.
type CachedFirewall struct {
	Status *api.FirewallStatus `json:"status"`
	Rules  *api.FirewallRules  `json:"rules"`
}

// cache is the last word of each agent.
type cache struct {
	mu      sync.Mutex
	entries map[int64]*entry
	taken   int // of sharedRoom
}

type entry struct {
	response CachedResponse
	taken    int
	next     time.Time // when it is due
	running  bool
}

func newCache() *cache { return &cache{entries: map[int64]*entry{}} }

// expire makes a server due at once.
func (c *cache) expire(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[id]; e != nil {
		e.next = time.Time{}
	}
}

// due takes the servers whose turn it is, and forgets those that are gone.
func (c *cache) due(active map[int64]bool, interval time.Duration, now time.Time) []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, e := range c.entries {
		if !active[id] {
			c.taken -= e.taken
			delete(c.entries, id)
		}
	}
	var ids []int64
	for id := range active {
		e := c.entries[id]
		if e == nil {
			e = &entry{}
			c.entries[id] = e
		}
		if !e.running && !now.Before(e.next) {
			e.running, e.next = true, now.Add(interval)
			ids = append(ids, id)
		}
	}
	return ids
}

// put keeps the outcome of a round. After a failure the old values stay, with their age.
func (c *cache) put(id int64, said CachedResponse, err error, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[id]
	if e == nil {
		return // gone meanwhile
	}
	e.running = false
	if err == nil {
		err = c.makeRoom(e, api.Weight(said))
	}
	if err != nil {
		why := rest.Words(err)
		e.response.LastError, e.response.LastErrorWords, e.next = why.English, why.Translatable(), at.Add(retry)
		return
	}
	e.response = said
	e.response.CachedAt = at
}

// makeRoom takes what an answer of so many bytes needs, in the place of the one before it.
func (c *cache) makeRoom(e *entry, bytes int) error {
	taken := max(0, bytes-ownRoom)
	if c.taken-e.taken+taken > sharedRoom {
		return errNoRoom
	}
	c.taken += taken - e.taken
	e.taken = taken
	return nil
}

func (c *cache) get(id int64) (CachedResponse, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[id]
	if e == nil || e.response.CachedAt.IsZero() {
		return CachedResponse{}, false
	}
	return e.response, true
}

// ConfigHash is the hash of a server's configuration as it was last seen, "" if it was not.
func (s *Service) ConfigHash(id int64) string {
	if r, ok := s.cache.get(id); ok && r.Status != nil {
		return r.Status.ConfigHash
	}
	return ""
}

// Expire has a server asked anew, because somebody has changed something on it.
func (s *Service) Expire(id int64) { s.cache.expire(id) }

// FirewallHash is the hash of a server's firewall rules as they were last seen, "" if they were not.
func (s *Service) FirewallHash(id int64) string {
	if r, ok := s.cache.get(id); ok && r.Firewall != nil && r.Firewall.Rules != nil {
		return r.Firewall.Rules.Hash()
	}
	return ""
}

// cached answers without asking the agent.
func (s *Service) cached(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.fleet.Control(id, toLook); err != nil && !isClosed(err) {
		return err
	}
	answer, ok := s.cache.get(id)
	if !ok {
		return rest.Fail(http.StatusServiceUnavailable, "no_data", "nothing has been received from this server yet")
	}
	answer.AgeSeconds = time.Since(answer.CachedAt).Seconds()
	return rest.Encode(w, http.StatusOK, answer)
}

// Run fills the cache until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(roundLimit)
	defer func() { _ = g.Wait() }() // no error comes from there
	t := time.NewTicker(roundTick)
	defer t.Stop()
	for {
		for _, id := range s.cache.due(s.known(), s.interval(), time.Now()) {
			g.Go(func() error {
				s.collect(ctx, id)
				return nil
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// known are the servers that are monitored.
func (s *Service) known() map[int64]bool {
	out := map[int64]bool{}
	for _, srv := range s.fleet.Active() {
		out[srv.ID] = true
	}
	return out
}

var errOffline = rest.Fail(http.StatusBadGateway, "agent_unreachable", "the server is offline")

// collect asks one agent. One that is not known to be online would only take a place until its timeout.
func (s *Service) collect(ctx context.Context, id int64) {
	if s.fleet.Status(id) != fleet.StatusOnline {
		s.cache.put(id, CachedResponse{}, errOffline, time.Now())
		return
	}
	var said CachedResponse
	var failed error // the first, which is the reason for those after it
	part := func(need fleet.Need, ask func(context.Context, *api.Client) error) {
		_, err := fleet.Ask(ctx, s.fleet, id, need, roundTime, func(ctx context.Context, c *api.Client) (struct{}, error) {
			return struct{}{}, ask(ctx, c.Within(partRoom))
		})
		if err != nil && !isClosed(err) && failed == nil {
			failed = err
		}
	}
	part(toLook, func(ctx context.Context, c *api.Client) error {
		state, err := c.HAProxyState(ctx)
		if err == nil {
			said.Status, said.Rules = &state.Status, &state.Rules
		}
		return err
	})
	if failed == nil { // else the agent does not answer, and would not to the rest
		part(certsToLook, func(ctx context.Context, c *api.Client) error {
			certs, err := c.Certs(ctx)
			if err == nil {
				said.Certs = &certs
			}
			return err
		})
		part(firewallToLook, func(ctx context.Context, c *api.Client) error {
			status, err := c.FirewallStatus(ctx)
			if err != nil {
				return err
			}
			said.Firewall = &CachedFirewall{Status: &status}
			rules, err := c.FirewallRules(ctx)
			if err == nil {
				said.Firewall.Rules = &rules
			}
			return err
		})
	}
	said.checkWords()
	s.cache.put(id, said, failed, time.Now().UTC())
}

// checkWords drops the words that do not fit what they stand beside: the agent may be a stranger's.
func (r *CachedResponse) checkWords() {
	check := func(text string, w **words.Sentence) { *w = words.From(text, *w).Translatable() }
	if r.Rules != nil {
		check(r.Rules.Problem, &r.Rules.ProblemWords)
	}
	if r.Firewall != nil {
		check(r.Firewall.Status.Error, &r.Firewall.Status.ErrorWords)
	}
	if r.Certs != nil {
		for i := range r.Certs.Certificates {
			c := &r.Certs.Certificates[i]
			check(c.Problem, &c.ProblemWords)
		}
	}
}

func partRoom(size int) error {
	if size > maxPart {
		return errNoRoom
	}
	return nil
}

var firewallToLook = fleet.Need{Capability: "firewall", Domain: api.DomainFirewall}

// isClosed reports whether an agent does not have something, or may not tell: that is no failure of the round.
func isClosed(err error) bool {
	var e *rest.Error
	return errors.As(err, &e) && slices.Contains([]string{api.CodeRestricted, fleet.CodeOutdated, api.CodeNotInstalled}, e.Code)
}
