package alerts

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/rules"

	"monitoring/panel/fleet"
	"monitoring/panel/notify"
	"monitoring/storage"
)

// compare brings the memory of one rule to what its evaluation says.
func (s *Service) compare(ch *changes, rule string, list []*rules.AlertingRule, at time.Time, c *check) {
	seen := map[string]bool{}
	var keep time.Duration
	for _, r := range list {
		keep = max(keep, r.KeepFiringFor())
		for _, a := range r.ActiveAlerts() {
			labels := a.Labels.Map()
			fp := notify.Fingerprint(labels)
			seen[fp] = true
			delete(s.absent, key{rule, fp})
			s.present(ch, storage.Alert{
				Rule: rule, Fingerprint: fp, Alertname: r.Name(), Severity: labels["severity"], ServerID: serverOf(labels),
				Labels: labels, Annotations: a.Annotations.Map(), ActiveAt: a.ActiveAt,
				Details: s.detailsOf(c, rule, r.Name(), labels, a.Value),
			}, a.State == rules.StateFiring, at)
		}
	}
	for k, a := range s.state {
		if k.rule == rule && !seen[k.fingerprint] {
			s.missing(ch, k, *a, keep, at)
		}
	}
}

func serverOf(labels map[string]string) *int64 {
	id, err := strconv.ParseInt(labels["server"], 10, 64)
	if err != nil {
		return nil
	}
	return &id
}

func (s *Service) detailsOf(c *check, rule, name string, labels map[string]string, value float64) storage.AlertDetails {
	if id := serverOf(labels); c != nil && id != nil {
		return c.details(s.Settings(), *id, name)
	}
	d := storage.AlertDetails{Threshold: s.known[rule].threshold}
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		d.Current = &value
	}
	return d
}

// present takes up an alert that its rule holds now.
func (s *Service) present(ch *changes, now storage.Alert, firing bool, at time.Time) {
	before := s.state[key{now.Rule, now.Fingerprint}]
	if before != nil {
		now.ID, now.FiredAt, now.ToldAt, now.HistoryID = before.ID, before.FiredAt, before.ToldAt, before.HistoryID
	}
	switch {
	case before != nil && before.ResolvedAt != nil && !firing: // its end is told first; until then it is not pending again
		return
	case firing && now.FiredAt == nil:
		now.FiredAt = &at
	case before != nil && before.ResolvedAt == nil: // nothing that must be stored; pages show the new numbers
		*before = now
		return
	}
	ch.put = append(ch.put, now)
}

// missing ends an alert that its rule holds no more, unless nobody can know.
func (s *Service) missing(ch *changes, k key, a storage.Alert, keep time.Duration, at time.Time) {
	switch {
	case a.ResolvedAt != nil: // waits to be told
	case a.FiredAt == nil || s.unwatched(&a):
		ch.deleted = append(ch.deleted, a)
	case a.ServerID != nil && s.o.Fleet.Status(*a.ServerID) != fleet.StatusOnline: // a server that does not answer resolves nothing
	case s.stillKept(k, keep, at):
	default:
		a.ResolvedAt = &at
		ch.put = append(ch.put, a)
	}
}

// unwatched reports whether an alert is about a server that is gone, disabled or, for the settings' alerts, excluded:
// its state is dropped without a word.
func (s *Service) unwatched(a *storage.Alert) bool {
	if a.ServerID == nil {
		return false
	}
	srv, err := s.o.Fleet.Server(*a.ServerID)
	if err != nil || !srv.IsActive {
		return true
	}
	settings := s.Settings()
	if !strings.HasPrefix(a.Rule, settingsFile) {
		return false
	}
	if slices.Contains(settings.ExcludedServerIDs, srv.ID) {
		return true
	}
	for _, t := range append(settings.Triggers(), settings.Offline()) {
		if t.Name == triggerOf(a.Alertname) {
			return !t.Watches(srv.ID)
		}
	}
	return true
}

// stillKept continues keep_firing_for over a restart, which rules.Manager does not.
func (s *Service) stillKept(k key, keep time.Duration, at time.Time) bool {
	if keep == 0 {
		return false
	}
	if _, ok := s.absent[k]; !ok {
		s.absent[k] = at
	}
	if at.Sub(s.absent[k]) < keep {
		return true
	}
	delete(s.absent, k)
	return false
}

// holding tells which baselines are frozen after the changes.
func (s *Service) holding(ch *changes) func(id int64, trigger string) bool {
	held := map[string]bool{}
	mark := func(a *storage.Alert, on bool) {
		if a.ServerID != nil && strings.HasPrefix(a.Rule, settingsFile) && a.ResolvedAt == nil {
			held[fmt.Sprint(*a.ServerID, a.Alertname)] = on
		}
	}
	for _, a := range s.state {
		mark(a, true)
	}
	for i := range ch.put {
		mark(&ch.put[i], true)
	}
	for i := range ch.deleted {
		mark(&ch.deleted[i], false)
	}
	for i := range ch.put {
		if a := &ch.put[i]; a.ResolvedAt != nil && a.ServerID != nil {
			held[fmt.Sprint(*a.ServerID, a.Alertname)] = false
		}
	}
	return func(id int64, trigger string) bool {
		for _, kind := range []string{"_critical", "_spike", "_drop", "_high"} {
			if held[fmt.Sprint(id, trigger+kind)] {
				return true
			}
		}
		return false
	}
}
