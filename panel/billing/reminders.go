package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"monitoring/panel/notify"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

const roundTimeout = time.Minute

// Run reminds, at the interval of the settings, until ctx is done. New settings start a round at once.
func (s *Service) Run(ctx context.Context) error {
	for {
		if err := s.RunOnce(ctx); err != nil && ctx.Err() == nil {
			s.errors.Inc()
			s.o.Log.Error("remind of bills", "err", err)
		}
		timer := time.NewTimer(time.Duration(s.Settings().CheckIntervalMinutes) * time.Minute)
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

// RunOnce queues the reminders that are due. Nothing counts as reminded while there is no way to send it.
func (s *Service) RunOnce(ctx context.Context) error {
	if !s.Settings().Enabled || !s.o.Notify.Ready() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	bills, err := s.o.Store.Bills(ctx)
	if err != nil {
		return fmt.Errorf("list bills: %w", err)
	}
	now := s.now()
	for _, b := range bills {
		if err := s.remind(ctx, b, now); err != nil {
			return err
		}
	}
	s.o.Notify.Wake()
	return nil
}

// remind queues at most one reminder of a bill: that of the tightest threshold it has crossed. The reminder and the
// memory of it are stored together, so that a restart neither loses nor repeats it.
func (s *Service) remind(ctx context.Context, b storage.Bill, now time.Time) error {
	threshold, crossed := tightest(s.Settings().NotifyDays, paidUntil(b, now).Sub(now))
	if len(crossed) == 0 || slices.Contains(b.Reminded, threshold) {
		return nil
	}
	n := reminder(b, threshold, now, s.o.Notify.Settings().Language)
	err := s.o.Store.InTx(ctx, func(tx *postgres.Store) error {
		if err := tx.RemindBill(ctx, b, crossed); err != nil {
			return err
		}
		return s.o.Notify.SendIn(ctx, tx, n)
	})
	if errors.Is(err, storage.ErrNotFound) {
		return nil // changed or deleted meanwhile; the next round sees it
	}
	if err != nil {
		return fmt.Errorf("remind of bill %d: %w", b.ID, err)
	}
	s.reminders.Inc()
	return nil
}

func reminder(b storage.Bill, threshold int, now time.Time, language string) notify.Notification {
	until := paidUntil(b, now)
	left := until.Sub(now)
	severity := notify.Notice
	switch {
	case left <= day:
		severity = notify.Critical
	case left <= 3*day:
		severity = notify.Warning
	}
	text := notify.Text{Severity: severity, Title: words(language).title + ": " + b.Name, Lines: lines(b, now, language)}
	key := fmt.Sprintf("bill/%d/%d/%d", b.ID, b.UpdatedAt.UnixMicro(), threshold)
	labels := map[string]string{"alertname": "PaymentDue", "severity": string(severity), "bill": strconv.FormatInt(b.ID, 10), "name": b.Name}
	alert := notify.Alert{Status: notify.Firing, Labels: labels, StartsAt: now, Annotations: map[string]string{
		"summary": text.Title, "paid_until": until.UTC().Format(time.RFC3339), "days_left": fmt.Sprintf("%.1f", daysLeft(left))}}
	return notify.Notification{Key: key, Text: text, Group: notify.NewGroup(key, map[string]string{"alertname": "PaymentDue"}, []notify.Alert{alert})}
}

type phrases struct{ title, kind, monthly, resource, left, expired, balance, cost, until string }

func words(language string) phrases {
	if language == "ru" {
		return phrases{"Оплата", "Тип", "помесячно", "по балансу", "Осталось дней", "ИСТЕКЛО", "Баланс", "В месяц", "Оплачено до"}
	}
	return phrases{"Payment", "Type", "monthly", "resource", "Days left", "EXPIRED", "Balance", "Per month", "Paid until"}
}

func lines(b storage.Bill, now time.Time, language string) []string {
	w := words(language)
	until := paidUntil(b, now)
	kind := w.monthly
	if b.BillingType == storage.Resource {
		kind = w.resource
	}
	left := w.expired
	if until.After(now) {
		left = fmt.Sprintf("%s: %.1f", w.left, daysLeft(until.Sub(now)))
	}
	out := []string{w.kind + ": " + kind, left}
	if b.BillingType == storage.Resource {
		out = append(out, fmt.Sprintf("%s: %s %s", w.balance, balance(b, now), b.Currency))
	}
	if b.MonthlyCost > 0 {
		out = append(out, fmt.Sprintf("%s: %s %s", w.cost, b.MonthlyCost, b.Currency))
	}
	return append(out, fmt.Sprintf("%s: %s UTC", w.until, until.UTC().Format("2006-01-02 15:04")))
}
