package storage

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of a bill.
const (
	MaxBillName  = 200
	MaxBillNotes = 5000
	MaxPaidDays  = 36500
)

// Billing types.
const (
	Monthly  = "monthly"  // paid until a date
	Resource = "resource" // an account that is consumed by the day
)

// Bill is a service that somebody has to pay for; it is independent of the monitored servers.
type Bill struct {
	ID               int64
	Name             string
	BillingType      string
	PaidUntil        *time.Time // of a monthly bill; that of a resource bill follows from its balance
	MonthlyCost      Money
	AccountBalance   Money     // at ChargedFrom
	ChargedFrom      time.Time // since when MonthlyCost / 30 per day is consumed
	BalanceUpdatedAt *time.Time
	Currency         string
	Notes            string
	Folder           *string
	Reminded         []int // the thresholds, in days, that reminders went out for
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

var currency = regexp.MustCompile(`\A[A-Z]{3,5}\z`)

// Validate reports the first field that cannot be stored.
func (b Bill) Validate() error {
	switch {
	case strings.TrimSpace(b.Name) == "" || len([]rune(b.Name)) > MaxBillName:
		return Invalid("name", "give a name of 1 to 200 characters")
	case b.BillingType != Monthly && b.BillingType != Resource:
		return Invalid("billing_type", "must be monthly or resource")
	case b.MonthlyCost < 0:
		return Invalid("monthly_cost", "must not be negative")
	case b.AccountBalance < 0:
		return Invalid("account_balance", "must not be negative")
	case !currency.MatchString(b.Currency):
		return Invalid("currency", "give a currency code of 3 to 5 capital letters such as USD")
	case len([]rune(b.Notes)) > MaxBillNotes:
		return Invalid("notes", "give at most 5000 characters")
	case b.PaidUntil != nil && (b.PaidUntil.Year() < 2000 || b.PaidUntil.Year() > 2200):
		return Invalid("paid_until", "give a time between the years 2000 and 2200")
	case b.Folder != nil:
		return ValidateFolder("folder", *b.Folder)
	}
	return nil
}

// BillingSettings say whether and when to remind.
type BillingSettings struct {
	Enabled              bool  `json:"enabled"`
	NotifyDays           []int `json:"notify_days"` // remind when so many days are left; 0 is the expiry itself
	CheckIntervalMinutes int   `json:"check_interval_minutes"`
}

// DefaultBillingSettings are in force until the operator stores others.
func DefaultBillingSettings() BillingSettings {
	return BillingSettings{NotifyDays: []int{1, 3, 7}, CheckIntervalMinutes: 60}
}

// Validate reports the first field that cannot be stored.
func (s BillingSettings) Validate() error {
	if len(s.NotifyDays) == 0 || len(s.NotifyDays) > 20 || slices.Min(s.NotifyDays) < 0 || slices.Max(s.NotifyDays) > 365 {
		return Invalid("notify_days", "give 1 to 20 numbers of days from 0 to 365")
	}
	if s.CheckIntervalMinutes < 1 || s.CheckIntervalMinutes > 1440 {
		return Invalid("check_interval_minutes", "must be a whole number from 1 to 1440")
	}
	return nil
}
