package scrape

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"
)

// TargetState is one target and how its last scrape went.
type TargetState struct {
	Job, Instance string
	Set           string // of the agent's metrics
	Server        int64
	Scraped       time.Time // begin of the last scrape; zero before the first one
	Took          time.Duration
	Err           string // of the last scrape; empty when it was good
	Interval      time.Duration
	Timeout       time.Duration
}

// outcome is what a target remembers of its last scrape.
type outcome struct {
	scraped time.Time
	took    time.Duration
	err     string
}

// Targets lists what is scraped now, by server and set.
func (s *Scraper) Targets() []TargetState {
	s.mu.RLock()
	known := maps.Clone(s.outcomes)
	s.mu.RUnlock()
	list := make([]TargetState, 0, len(known))
	for k, last := range known {
		job, interval := s.jobOf(k.set)
		every := max(interval(), minInterval)
		list = append(list, TargetState{
			Job: job, Instance: k.instance, Set: k.set, Server: k.id, Scraped: last.scraped, Took: last.took, Err: last.err,
			Interval: every, Timeout: timeoutOf(every),
		})
	}
	slices.SortFunc(list, func(a, b TargetState) int { return cmp.Or(cmp.Compare(a.Server, b.Server), cmp.Compare(a.Set, b.Set)) })
	return list
}

// Labels are what the scraper adds to each sample of the target.
func (t TargetState) Labels() map[string]string {
	return map[string]string{"job": t.Job, "instance": t.Instance, "server": strconv.FormatInt(t.Server, 10)}
}

// jobOf returns the job label of a set and how often it is scraped.
func (s *Scraper) jobOf(set string) (string, func() time.Duration) {
	if set == setServices {
		return jobServices, s.services
	}
	return jobHost, s.interval
}

// remember keeps the outcome of a scrape, unless the target is gone by now.
func (s *Scraper) remember(k key, last outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.outcomes[k]; ok {
		s.outcomes[k] = last
	}
}
