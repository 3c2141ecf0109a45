package fleet

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
)

// about is the part of an agent's version that the fleet keeps. Nodes belong to strangers: it is cut to a sane length.
type about struct{ version, preset string }

func newAbout(v api.Version) about {
	cut := func(text string) string { return strings.ToValidUTF8(text[:min(len(text), maxAbout)], "") }
	return about{cut(v.Version), cut(v.Preset)}
}

const (
	versionAge   = 10 * time.Minute // of a known version
	versionRetry = 30 * time.Second // after a try that failed
	versionCall  = 5 * time.Second
	maxAbout     = 64 // bytes
)

// readVersions asks agents that answer what they are and what their owner allows.
func (s *Service) readVersions(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(upkeepLimit)
	for _, n := range s.withoutVersion() {
		g.Go(func() error {
			limited, cancel := context.WithTimeout(ctx, versionCall)
			defer cancel()
			v, err := n.client.Version(limited)
			if err != nil {
				s.log.Debug("read agent version", "server", n.id, "err", err) // the next poll tells the operator
				return nil
			}
			s.setAbout(n, v)
			return nil
		})
	}
	return g.Wait()
}

func (s *Service) withoutVersion() []*node {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*node
	now := s.now()
	for _, n := range s.nodes {
		age := versionAge
		if n.about == (about{}) {
			age = versionRetry
		}
		if n.status() == StatusOnline && now.Sub(n.aboutAt) >= age {
			n.aboutAt = now
			out = append(out, n)
		}
	}
	return out
}

// setAbout keeps what an agent said of itself; who shows servers is told when it is news.
func (s *Service) setAbout(n *node, v api.Version) about {
	s.mu.Lock()
	before := n.about
	n.about, n.aboutAt = newAbout(v), s.now()
	now := n.about
	s.mu.Unlock()
	if now != before {
		s.notify()
	}
	return now
}
