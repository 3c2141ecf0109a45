package alerts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/rules"

	"monitoring/panel/notify"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

const (
	groupWait    = 5 * time.Second  // what begins or ends within it is one message
	deliveryTick = 15 * time.Second // for the ends of silences and cooldowns, which nobody announces
)

// runDelivery tells what is due until ctx is done.
func (s *Service) runDelivery(ctx context.Context) error {
	for {
		next, err := s.Deliver(ctx, time.Now())
		if err != nil {
			s.failed(ctx, "deliver", err)
		} else {
			s.outcome("deliver", nil)
		}
		wait := deliveryTick
		if !next.IsZero() && err == nil {
			wait = min(max(time.Until(next), 0), deliveryTick)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// batch is news of one kind about one rule.
type batch struct {
	kind kind
	list []*storage.Alert
	due  time.Time // of the oldest
}

// Deliver queues the messages that are due, and returns when the next will be; zero if none is waiting. That a person
// was told is stored together with the message: a restart neither loses nor repeats one.
func (s *Service) Deliver(ctx context.Context, now time.Time) (next time.Time, err error) {
	now = now.UTC().Truncate(time.Microsecond) // as Postgres keeps it
	s.mu.Lock()
	defer s.mu.Unlock()
	batches, silent, err := s.news(ctx, now)
	if err != nil {
		return time.Time{}, err
	}
	if err := s.forget(ctx, silent); err != nil {
		return time.Time{}, err
	}
	for _, k := range slices.Sorted(maps.Keys(batches)) {
		b := batches[k]
		if b.due.After(now) {
			if next.IsZero() || b.due.Before(next) {
				next = b.due
			}
			continue
		}
		if err := s.tell(ctx, b, now); err != nil {
			return time.Time{}, err
		}
	}
	s.o.Notify.Wake()
	return next, nil
}

// news sorts what there is to tell by rule and kind; silent alerts are over and nobody was told that they had begun.
func (s *Service) news(ctx context.Context, now time.Time) (batches map[string]*batch, silent []*storage.Alert, err error) {
	batches = map[string]*batch{}
	last, err := s.lastTold(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.state), func(a, b key) int { return strings.Compare(a.rule+a.fingerprint, b.rule+b.fingerprint) }) {
		a := s.state[k]
		kind, due := s.newsOf(a, last[a.Fingerprint], now)
		switch {
		case kind == "" && a.ResolvedAt != nil:
			silent = append(silent, a)
			continue
		case kind == "":
			continue
		}
		name := a.Rule + "/" + string(kind)
		b := batches[name]
		if b == nil {
			b = &batch{kind: kind, due: due}
			batches[name] = b
		}
		b.list = append(b.list, a)
		if due.Before(b.due) {
			b.due = due
		}
	}
	return batches, silent, nil
}

// lastTold returns when a person was last told of those alerts whose present firing was not told.
func (s *Service) lastTold(ctx context.Context) (map[string]time.Time, error) {
	var fingerprints []string
	for k, a := range s.state {
		if a.FiredAt != nil && a.ResolvedAt == nil && a.ToldAt == nil {
			fingerprints = append(fingerprints, k.fingerprint)
		}
	}
	if len(fingerprints) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	last, err := s.o.Store.AlertLastTold(ctx, fingerprints)
	if err != nil {
		return nil, fmt.Errorf("read alert history: %w", err)
	}
	return last, nil
}

// newsOf says what there is to tell about an alert, if anything, and when. Last is when its fingerprint was last told.
func (s *Service) newsOf(a *storage.Alert, last, now time.Time) (kind, time.Time) {
	settings := s.Settings()
	cooldown := time.Duration(settings.AlertCooldown) * time.Second
	switch {
	case a.FiredAt == nil:
		return "", time.Time{}
	case a.ResolvedAt != nil: // an end is told if and only if the beginning was
		if a.ToldAt == nil || !settings.Enabled || isOffline(a) && !settings.OfflineRecoveryNotify {
			return "", time.Time{}
		}
		return ended, a.ResolvedAt.Add(groupWait)
	case !settings.Enabled || len(s.silences.of(a, now)) > 0 || coveredBy(settings, a) != "":
		return "", time.Time{}
	case a.ToldAt != nil: // triggers are repeated while they hold, but for offline; rules of files are not
		if cooldown == 0 || isOffline(a) || !strings.HasPrefix(a.Rule, settingsFile) || now.Sub(*a.ToldAt) < cooldown {
			return "", time.Time{}
		}
		return repeated, now
	case !last.IsZero() && now.Sub(last) < cooldown: // it came back too soon; told later if it stays
		return "", time.Time{}
	}
	return begun, a.FiredAt.Add(groupWait)
}

// tell queues one message and remembers it, in one transaction.
func (s *Service) tell(ctx context.Context, b *batch, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	n := s.notification(b.kind, b.list, now)
	err := s.o.Store.InTx(ctx, func(tx *postgres.Store) error {
		if err := s.o.Notify.SendIn(ctx, tx, n); err != nil {
			return err
		}
		var lines, over []int64
		for _, a := range b.list {
			if a.HistoryID != nil && (b.kind != ended || isOffline(a)) {
				lines = append(lines, *a.HistoryID)
			}
			if b.kind == ended {
				over = append(over, a.ID)
			} else if err := tx.AlertTold(ctx, a.ID, a.ToldAt, now); err != nil {
				return fmt.Errorf("store alert: %w", err)
			}
		}
		if err := tx.AlertRecordsTold(ctx, lines, now); err != nil {
			return fmt.Errorf("store alert history: %w", err)
		}
		if err := tx.EndAlerts(ctx, over); err != nil {
			return fmt.Errorf("end alerts: %w", err)
		}
		return nil
	})
	if errors.Is(err, storage.ErrNotFound) { // a commit of a panel that was killed came after we had read
		clear(s.state)
		return errors.Join(err, s.loadState(ctx))
	}
	if err != nil {
		return err
	}
	for _, a := range b.list {
		if b.kind == ended {
			delete(s.state, key{a.Rule, a.Fingerprint})
		} else {
			a.ToldAt = &now
		}
	}
	s.metrics.told.WithLabelValues(string(b.kind)).Add(float64(len(b.list)))
	return nil
}

// forget drops alerts that are over and were never told.
func (s *Service) forget(ctx context.Context, list []*storage.Alert) error {
	if len(list) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	ids := make([]int64, len(list))
	for i, a := range list {
		ids[i] = a.ID
	}
	if err := s.o.Store.DeleteAlerts(ctx, ids); err != nil {
		return fmt.Errorf("forget alerts: %w", err)
	}
	for _, a := range list {
		delete(s.state, key{a.Rule, a.Fingerprint})
	}
	return nil
}

// forward passes what rules.Manager repeats on to an Alertmanager. What is silenced here is not heard there.
func (s *Service) forward(_ context.Context, _ string, list ...*rules.Alert) {
	now := time.Now()
	var out []notify.Alert
	for _, a := range list {
		labels := a.Labels.Map()
		known := &storage.Alert{ServerID: serverOf(labels), Labels: labels, Annotations: a.Annotations.Map()}
		if len(s.silences.of(known, now)) > 0 {
			continue
		}
		n := notify.Alert{Labels: labels, Annotations: s.withName(known), StartsAt: a.FiredAt, EndsAt: a.ValidUntil}
		if !a.ResolvedAt.IsZero() {
			n.EndsAt = a.ResolvedAt
		}
		if s.Settings().WebhookLinks {
			n.GeneratorURL = s.link([]*storage.Alert{known})
		}
		out = append(out, n)
	}
	s.o.Notify.Forward(out)
}
