package fleet

import (
	"slices"
	"time"

	"monitoring/agent/api"
	"monitoring/storage"
)

// Subscribe returns a channel that gets a value after the list of servers changed; several changes may share one.
func (s *Service) Subscribe() (ch <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs, c)
	}
}

func (s *Service) notify() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for c := range s.subs {
		select {
		case c <- struct{}{}:
		default: // the last one was not read yet
		}
	}
}

// OnRemoved adds a hook that runs after a server was deleted. Add hooks before Run.
func (s *Service) OnRemoved(f func(storage.Server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = append(s.removed, f)
}

func (s *Service) tellRemoved(srv storage.Server) {
	s.mu.RLock()
	hooks := slices.Clone(s.removed)
	s.mu.RUnlock()
	for _, f := range hooks {
		f(srv)
	}
}

// SetLast connects the scraper's last documents.
func (s *Service) SetLast(f func(id int64) (api.Metrics, time.Time, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = f
}

// SetTraffic connects the last sums of traffic.
func (s *Service) SetTraffic(f func(id int64) (Traffic, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic = f
}
