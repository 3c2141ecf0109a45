package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// Guard lets a request through to a route if its caller holds the route's role; everybody else is dropped.
func (s *Service) Guard(role rest.Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitorOf(r.Context())
		if v == nil || !v.may(role) {
			s.drop(w, r, "role")
			return
		}
		if !v.bearer && s.origins.Check(r) != nil {
			s.drop(w, r, "origin")
			return
		}
		if v.known() || v.viaUID {
			rest.Keep(r)
		} else {
			rest.HideErrors(r.Context())
		}
		if !v.known() {
			next.ServeHTTP(w, r)
			return
		}
		if changes(r.Method, role) {
			s.change(w, r, v, next)
			return
		}
		ctx, end := s.running.begin(r.Context(), v.key())
		defer end()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// changes reports whether a request may change something. POST under a reading role is a long query.
func changes(method string, role rest.Role) bool {
	return role != rest.Public && !strings.HasSuffix(string(role), ":read") &&
		method != http.MethodGet && method != http.MethodHead
}

// changeTimeout bounds a change whose client has gone.
const changeTimeout = 5 * time.Minute

// change runs an unsafe request once per Idempotency-Key and writes it to the audit log. With a key the work goes on
// when the client's connection dies, and the repeat gets its answer.
func (s *Service) change(w http.ResponseWriter, r *http.Request, v *visitor, next http.Handler) {
	run := func(w http.ResponseWriter, r *http.Request) {
		ctx, end := s.running.begin(r.Context(), v.key())
		defer end()
		r = r.WithContext(ctx)
		defer s.auditRequest(r, v)
		next.ServeHTTP(w, r)
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		run(w, r)
		return
	}
	if len(key) > 128 {
		rest.WriteError(w, r, s.Log, rest.Fail(http.StatusBadRequest, "idempotency_key", "Idempotency-Key is longer than 128 characters"))
		return
	}
	s.repeats.serve(w, r, v.key()+" "+r.Method+" "+r.URL.RequestURI()+" "+key, func(w http.ResponseWriter) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), changeTimeout)
		defer cancel()
		run(w, r.WithContext(ctx))
	})
}

// running knows the requests of each session and token, so that revoking one ends its event streams.
type running struct {
	mu    sync.Mutex
	byKey map[string]map[*context.CancelFunc]struct{}
}

func newRunning() *running { return &running{byKey: map[string]map[*context.CancelFunc]struct{}{}} }

func (n *running) begin(ctx context.Context, key string) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byKey[key] == nil {
		n.byKey[key] = map[*context.CancelFunc]struct{}{}
	}
	n.byKey[key][&cancel] = struct{}{}
	return ctx, func() {
		cancel()
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.byKey[key], &cancel)
		if len(n.byKey[key]) == 0 {
			delete(n.byKey, key)
		}
	}
}

// end cancels the requests behind key.
func (n *running) end(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for cancel := range n.byKey[key] {
		(*cancel)()
	}
}

func (n *running) keys() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var keys []string
	for key := range n.byKey {
		keys = append(keys, key)
	}
	return keys
}

// endRevoked ends the requests of sessions and tokens that went away behind our back, as `panel admin sessions revoke` does.
func (s *Service) endRevoked(ctx context.Context) error {
	keys := s.running.keys()
	if len(keys) == 0 {
		return nil
	}
	valid := map[string]bool{}
	sessions, err := s.Store.Sessions(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, session := range sessions {
		valid[sessionKey(session.ID)] = now.Before(session.ExpiresAt)
	}
	tokens, err := s.Store.Tokens(ctx)
	if err != nil {
		return err
	}
	for _, token := range tokens {
		valid[tokenKey(token.ID)] = true
	}
	for _, key := range keys {
		if !valid[key] {
			s.running.end(key)
		}
	}
	return nil
}

// deleteExpired removes sessions that are over. Expired bans go in syncBans.
func (s *Service) deleteExpired(ctx context.Context, now time.Time) error {
	if err := s.Store.DeleteExpiredSessions(ctx, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return nil
}
