package scrape

import (
	"context"
	"maps"

	"golang.org/x/sync/errgroup"

	"monitoring/storage"
)

// key tells targets apart. A server that moves to another address is another target: its instance label changes.
type key struct {
	id       int64
	set      string
	instance string
}

// loop is the goroutine of one target.
type loop struct {
	ctx    context.Context
	cancel context.CancelFunc
	done   <-chan struct{}
}

// reconcile starts and ends goroutines so that exactly the active servers are scraped.
func (s *Scraper) reconcile(ctx context.Context, g *errgroup.Group, loops map[key]loop) {
	wanted := map[key]storage.Server{}
	for _, srv := range s.servers.Active() {
		for _, set := range []string{setHost, setServices} {
			wanted[key{srv.ID, set, srv.Instance()}] = srv
		}
	}
	s.track(wanted)
	for k, l := range loops {
		if _, ok := wanted[k]; ok {
			continue
		}
		l.cancel()
		select {
		case <-l.done:
			delete(loops, k)
		default: // it stays until it has ended, so that a successor can wait for it
		}
	}
	for k, srv := range wanted {
		before, ok := loops[k]
		if ok && before.ctx.Err() == nil {
			continue
		}
		loops[k] = s.start(ctx, g, s.newTarget(srv, k.set), before.done)
	}
}

// start runs a target after its predecessor, which may be nil, has written its staleness markers.
func (s *Scraper) start(ctx context.Context, g *errgroup.Group, t *target, before <-chan struct{}) loop {
	own, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	g.Go(func() error {
		defer close(done)
		defer cancel()
		if before != nil {
			<-before
		}
		t.run(own)
		if ctx.Err() == nil { // removed or disabled; at the end of the panel the series go on after the restart
			t.vanish()
		}
		return nil
	})
	return loop{own, cancel, done}
}

// track keeps the figures of exactly the wanted servers and targets.
func (s *Scraper) track(wanted map[key]storage.Server) {
	ids := map[int64]bool{}
	for k := range wanted {
		ids[k.id] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.latest {
		if !ids[id] {
			delete(s.latest, id)
		}
	}
	for id := range ids {
		if _, ok := s.latest[id]; !ok {
			s.latest[id] = latest{}
		}
	}
	maps.DeleteFunc(s.outcomes, func(k key, _ outcome) bool { _, ok := wanted[k]; return !ok })
	for k := range wanted {
		if _, ok := s.outcomes[k]; !ok {
			s.outcomes[k] = outcome{}
		}
	}
	s.counters.targets.Set(float64(len(s.latest)))
}

// update changes the figures of a server, unless it is gone by now.
func (s *Scraper) update(id int64, change func(*latest)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.latest[id]; ok {
		change(&l)
		s.latest[id] = l
	}
}
