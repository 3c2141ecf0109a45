package fleet

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
)

// about is the part of an agent's version that the fleet keeps. Nodes belong to strangers: it is cut to a sane length.
type about struct {
	version, preset string
	allow           string // " domain:access domain:access ", sorted
	can             string // " capability capability "
}

func newAbout(v api.Version) about {
	cut := func(text string, most int) string { return strings.ToValidUTF8(text[:min(len(text), most)], "") }
	var allow, can []string
	for _, domain := range slices.Sorted(maps.Keys(v.Allow)) {
		allow = append(allow, domain+":"+v.Allow[domain])
	}
	can = append(can, v.Capabilities...)
	words := func(list []string) string {
		return cut(" "+strings.Join(list[:min(len(list), maxAbilities)], " ")+" ", maxAbilities)
	}
	return about{version: cut(v.Version, maxAbout), preset: cut(v.Preset, maxAbout), allow: words(allow), can: words(can)}
}

// permits reports whether the owner opened a domain for looking or, with write, for changes.
func (a about) permits(domain string, write bool) bool {
	return strings.Contains(a.allow, " "+domain+":"+api.ReadWrite+" ") || !write && strings.Contains(a.allow, " "+domain+":"+api.ReadOnly+" ")
}

// able reports whether the agent has a capability.
func (a about) able(capability string) bool { return strings.Contains(a.can, " "+capability+" ") }

// allowed is what the owner allows, by domain.
func (a about) allowed() map[string]string {
	out := map[string]string{}
	for entry := range strings.FieldsSeq(a.allow) {
		domain, access, _ := strings.Cut(entry, ":")
		out[domain] = access
	}
	return out
}

const (
	versionAge   = 10 * time.Minute // of a known version
	versionRetry = 30 * time.Second // after a try that failed
	versionCall  = 5 * time.Second
	maxAbout     = 64 // bytes
	maxAbilities = 2048
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
