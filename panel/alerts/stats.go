package alerts

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/prometheus/rules"
)

// silentAfter is how late evaluation may be before the heartbeat stays away.
const silentAfter = 5 * time.Minute

// Stats say whether alerts are raised as they should be.
type Stats struct {
	Rules    int       // that are evaluated
	Failures []Failure // at the last try
	Late     time.Duration
	LateName string // of the group that is the latest
}

// Failure is a rule, a rule file or a step of alerting that failed.
type Failure struct{ Name, Reason string }

// Stats returns the present figures.
func (s *Service) Stats() Stats { return s.stats(s.manager.RuleGroups(), time.Now()) }

func (s *Service) stats(groups []*rules.Group, now time.Time) Stats {
	var out Stats
	s.stepsMu.Lock()
	for step, err := range s.steps {
		out.Failures = append(out.Failures, Failure{step, err.Error()})
	}
	loaded := s.loaded
	s.stepsMu.Unlock()
	for _, b := range s.loader.Broken() {
		out.Failures = append(out.Failures, Failure{filepath.Base(b.File), b.Reason})
	}
	for _, g := range groups {
		out.Rules += len(g.Rules())
		for _, r := range g.Rules() {
			if err := r.LastError(); err != nil {
				out.Failures = append(out.Failures, Failure{g.Name() + ": " + r.Name(), err.Error()})
			}
		}
		last := g.GetLastEvaluation()
		if last.IsZero() {
			last = loaded
		}
		if late := now.Sub(last) - g.Interval(); late > out.Late {
			out.Late, out.LateName = late, g.Name()
		}
	}
	slices.SortFunc(out.Failures, func(a, b Failure) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Alive says why nobody should trust that alerts would be raised: it keeps the heartbeat away.
func (s *Service) Alive() error {
	if st := s.Stats(); st.Late > silentAfter {
		return fmt.Errorf("the rules of %s have not been evaluated for %s", st.LateName, st.Late.Round(time.Second))
	}
	return nil
}

// outcome remembers whether the last try of a step went well.
func (s *Service) outcome(step string, err error) {
	s.stepsMu.Lock()
	defer s.stepsMu.Unlock()
	if err == nil {
		delete(s.steps, step)
	} else {
		s.steps[step] = err
	}
}
