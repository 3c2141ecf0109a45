// Package billing remembers what has to be paid for and until when, and reminds in time. It pays for nothing and knows no
// monitored server.
//
// Start at formula.go: the two models. reminders.go is the loop, http.go the API.
package billing

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/panel/notify"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

// Options of New.
type Options struct {
	Store      *postgres.Store
	Notify     *notify.Service
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Service keeps the bills.
type Service struct {
	o         Options
	now       func() time.Time
	settings  atomic.Pointer[storage.BillingSettings]
	wake      chan struct{} // the settings changed
	reminders prometheus.Counter
	errors    prometheus.Counter
}

// New loads the settings.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{
		o: o, now: postgresNow, wake: make(chan struct{}, 1),
		reminders: prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_billing_reminders_total", Help: "Reminders that were handed to delivery."}),
		errors:    prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_billing_errors_total", Help: "Rounds of reminders that failed; they are repeated."}),
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(s.reminders, s.errors)
	}
	v, err := o.Store.BillingSettings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read billing settings: %w", err)
	}
	s.settings.Store(&v)
	return s, nil
}

// postgresNow is the time at the precision that Postgres keeps, so that what is computed before and after storing agrees.
func postgresNow() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Settings returns the settings of reminders.
func (s *Service) Settings() storage.BillingSettings { return *s.settings.Load() }

// Items returns every bill, the one that expires first at the top.
func (s *Service) Items(ctx context.Context) ([]BillItem, error) {
	bills, err := s.o.Store.Bills(ctx)
	if err != nil {
		return nil, fmt.Errorf("list bills: %w", err)
	}
	now := s.now()
	items := make([]BillItem, len(bills))
	for i, b := range bills {
		items[i] = item(b, now)
	}
	slices.SortStableFunc(items, func(a, b BillItem) int { return a.PaidUntil.Compare(b.PaidUntil) })
	return items, nil
}

// Create adds a bill.
func (s *Service) Create(ctx context.Context, req CreateBillRequest) (BillItem, error) {
	now := s.now()
	b, err := s.o.Store.CreateBill(ctx, req.bill(now))
	if err != nil {
		return BillItem{}, fmt.Errorf("create bill: %w", err)
	}
	return item(b, now), nil
}

// change edits one bill under a lock and checks the outcome.
func (s *Service) change(ctx context.Context, id int64, edit func(b *storage.Bill, now time.Time) error) (BillItem, error) {
	now := s.now()
	b, err := s.o.Store.ChangeBill(ctx, id, now, func(b *storage.Bill) error {
		if err := edit(b, now); err != nil {
			return err
		}
		return b.Validate()
	})
	if err != nil {
		return BillItem{}, fmt.Errorf("change bill: %w", err)
	}
	return item(b, now), nil
}

// Update changes the fields that the request names.
func (s *Service) Update(ctx context.Context, id int64, req UpdateBillRequest) (BillItem, error) {
	return s.change(ctx, id, req.apply)
}

// Extend prolongs a monthly bill.
func (s *Service) Extend(ctx context.Context, id int64, days int) (BillItem, error) {
	return s.change(ctx, id, func(b *storage.Bill, now time.Time) error {
		if b.BillingType != storage.Monthly {
			return storage.Invalid("days", "an account that is consumed by the day is topped up, not extended")
		}
		extend(b, days, now)
		return nil
	})
}

// TopUp adds to the account of a resource bill.
func (s *Service) TopUp(ctx context.Context, id int64, amount storage.Money) (BillItem, error) {
	return s.change(ctx, id, func(b *storage.Bill, now time.Time) error {
		if b.BillingType != storage.Resource {
			return storage.Invalid("amount", "a monthly bill has no account: extend it")
		}
		topUp(b, amount, now)
		if b.AccountBalance > storage.MaxMoney {
			return storage.Invalid("amount", "the account would hold more than 1000000000")
		}
		return nil
	})
}

// SetSettings stores the settings of reminders; they are in force when it returns.
func (s *Service) SetSettings(ctx context.Context, v storage.BillingSettings) error {
	if err := v.Validate(); err != nil {
		return err
	}
	if err := s.o.Store.SetBillingSettings(ctx, v); err != nil {
		return fmt.Errorf("store billing settings: %w", err)
	}
	s.settings.Store(&v)
	select {
	case s.wake <- struct{}{}:
	default: // the last one was not read yet
	}
	return nil
}

// trimmed returns nil for a folder of white space: the form was left empty.
func trimmed(folder *string) *string {
	if folder == nil || strings.TrimSpace(*folder) == "" {
		return nil
	}
	name := strings.TrimSpace(*folder)
	return &name
}
