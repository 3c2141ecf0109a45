package alerts

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
)

const maxSilences = 1000

// silences are those that may still be running, compiled.
type silences struct {
	mu   sync.RWMutex
	list []silence
}

type silence struct {
	storage.Silence
	patterns []*regexp.Regexp // by matcher; nil for a plain one
}

func loadSilences(ctx context.Context, store *postgres.Store) (*silences, error) {
	stored, err := store.AlertSilences(ctx, time.Now())
	if err != nil {
		return nil, fmt.Errorf("read silences: %w", err)
	}
	out := &silences{}
	for _, v := range stored {
		c, err := compile(v)
		if err != nil {
			return nil, fmt.Errorf("read silence %d: %w", v.ID, err)
		}
		out.list = append(out.list, c)
	}
	return out, nil
}

func compile(v storage.Silence) (silence, error) {
	out := silence{Silence: v}
	for _, m := range v.Matchers {
		var p *regexp.Regexp
		if m.IsRegex {
			var err error
			if p, err = regexp.Compile(`\A(?:` + m.Value + `)\z`); err != nil {
				return out, storage.Invalid("matchers", "%q is no regular expression: %v", m.Value, err)
			}
		}
		out.patterns = append(out.patterns, p)
	}
	return out, nil
}

// matches reports whether the silence covers an alert. A label that is not there counts as empty.
func (v silence) matches(a *storage.Alert) bool {
	if len(v.ServerIDs) > 0 && (a.ServerID == nil || !slices.Contains(v.ServerIDs, *a.ServerID)) {
		return false
	}
	for i, m := range v.Matchers {
		equal := a.Labels[m.Name] == m.Value
		if p := v.patterns[i]; p != nil {
			equal = p.MatchString(a.Labels[m.Name])
		}
		if equal != m.IsEqual {
			return false
		}
	}
	return true
}

// of returns the ids of the silences that cover an alert now.
func (l *silences) of(a *storage.Alert, now time.Time) []int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	ids := []int64{}
	for _, v := range l.list {
		if v.EndsAt.After(now) && v.matches(a) {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// running lists the silences that are not over, the next to end first.
func (l *silences) running(now time.Time) []storage.Silence {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := []storage.Silence{}
	for _, v := range l.list {
		if v.EndsAt.After(now) {
			out = append(out, v.Silence)
		}
	}
	return out
}

// CreateSilence checks and stores a silence; it is in force when it returns.
func (s *Service) CreateSilence(ctx context.Context, v storage.Silence) (storage.Silence, error) {
	now := time.Now()
	v.CreatedAt = now
	if v.ServerIDs == nil {
		v.ServerIDs = []int64{}
	}
	if v.Matchers == nil {
		v.Matchers = []storage.Matcher{}
	}
	if err := v.Validate(now); err != nil {
		return v, err
	}
	if _, err := compile(v); err != nil {
		return v, err
	}
	for _, id := range v.ServerIDs {
		if _, err := s.o.Fleet.Server(id); err != nil {
			return v, storage.Invalid("server_ids", "there is no server %d", id)
		}
	}
	l := s.silences
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(old silence) bool { return !old.EndsAt.After(now) })
	if len(l.list) >= maxSilences {
		return v, storage.Invalid("ends_at", "there are %d silences already: end some", maxSilences)
	}
	stored, err := s.o.Store.CreateAlertSilence(ctx, v)
	if err != nil {
		return v, fmt.Errorf("store silence: %w", err)
	}
	compiled, err := compile(stored)
	if err != nil {
		return v, err
	}
	l.list = append(l.list, compiled)
	slices.SortStableFunc(l.list, func(a, b silence) int { return a.EndsAt.Compare(b.EndsAt) })
	return stored, nil
}

// DeleteSilence ends a silence; what it kept quiet and still fires is told.
func (s *Service) DeleteSilence(ctx context.Context, id int64) error {
	l := s.silences
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := s.o.Store.DeleteAlertSilence(ctx, id); err != nil {
		return fmt.Errorf("delete silence: %w", err)
	}
	l.list = slices.DeleteFunc(l.list, func(v silence) bool { return v.ID == id })
	s.nudge()
	return nil
}
