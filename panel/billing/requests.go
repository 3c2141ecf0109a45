package billing

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"monitoring/storage"
)

const (
	defaultPaidDays = 30
	defaultCurrency = "USD"
	maxIDs          = 10000
)

// BillItem is a bill as clients see it at one moment.
type BillItem struct {
	ID               int64          `json:"id"`
	Name             string         `json:"name"`
	BillingType      string         `json:"billing_type"`
	PaidUntil        time.Time      `json:"paid_until"`
	DaysLeft         float64        `json:"days_left"` // one decimal, never negative
	MonthlyCost      storage.Money  `json:"monthly_cost"`
	AccountBalance   *storage.Money `json:"account_balance"` // null for a monthly bill
	BalanceUpdatedAt *time.Time     `json:"balance_updated_at"`
	Currency         string         `json:"currency"`
	Notes            string         `json:"notes"`
	Folder           *string        `json:"folder"`
	CreatedAt        time.Time      `json:"created_at"`
	UpdatedAt        time.Time      `json:"updated_at"`
}

func item(b storage.Bill, now time.Time) BillItem {
	until := paidUntil(b, now)
	v := BillItem{
		ID: b.ID, Name: b.Name, BillingType: b.BillingType, PaidUntil: stamp(until), DaysLeft: daysLeft(until.Sub(now)),
		MonthlyCost: b.MonthlyCost, Currency: b.Currency, Notes: b.Notes, Folder: b.Folder,
		CreatedAt: stamp(b.CreatedAt), UpdatedAt: stamp(b.UpdatedAt),
	}
	if b.BillingType == storage.Resource {
		left := balance(b, now)
		v.AccountBalance = &left
	}
	if b.BalanceUpdatedAt != nil {
		at := stamp(*b.BalanceUpdatedAt)
		v.BalanceUpdatedAt = &at
	}
	return v
}

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func daysLeft(left time.Duration) float64 {
	return math.Round(max(left, 0).Hours()/24*10) / 10
}

// CreateBillRequest adds a bill.
type CreateBillRequest struct {
	Name           string         `json:"name"`
	BillingType    string         `json:"billing_type"`
	PaidDays       *int           `json:"paid_days,omitempty"` // of a monthly bill, from now; 30
	MonthlyCost    *storage.Money `json:"monthly_cost,omitempty"`
	AccountBalance *storage.Money `json:"account_balance,omitempty"`
	Currency       string         `json:"currency,omitempty"` // USD
	Notes          *string        `json:"notes,omitempty"`
	Folder         *string        `json:"folder,omitempty"`
}

// Validate implements rest.Validator.
func (r CreateBillRequest) Validate() error {
	if r.PaidDays != nil && (*r.PaidDays < 0 || *r.PaidDays > storage.MaxPaidDays) {
		return storage.Invalid("paid_days", "must be a whole number from 0 to 36500")
	}
	if r.BillingType == storage.Monthly && r.AccountBalance != nil && *r.AccountBalance != 0 {
		return errNoAccount
	}
	return r.bill(time.Now()).Validate()
}

var errNoAccount = storage.Invalid("account_balance", "a monthly bill has no account; make it a resource bill or leave the balance out")

// bill returns the record that the request asks for.
func (r CreateBillRequest) bill(now time.Time) storage.Bill {
	b := storage.Bill{Name: strings.TrimSpace(r.Name), BillingType: r.BillingType, ChargedFrom: now, Currency: currency(r.Currency),
		Folder: trimmed(r.Folder), CreatedAt: now}
	if r.MonthlyCost != nil {
		b.MonthlyCost = *r.MonthlyCost
	}
	if r.Notes != nil {
		b.Notes = *r.Notes
	}
	if r.BillingType == storage.Resource {
		b.BalanceUpdatedAt = &now
		if r.AccountBalance != nil {
			b.AccountBalance = *r.AccountBalance
		}
		return b
	}
	days := defaultPaidDays
	if r.PaidDays != nil {
		days = *r.PaidDays
	}
	until := now.Add(time.Duration(days) * day)
	b.PaidUntil = &until
	return b
}

func currency(code string) string {
	if code = strings.ToUpper(strings.TrimSpace(code)); code == "" {
		return defaultCurrency
	}
	return code
}

// UpdateBillRequest changes the fields that it names. A folder of null takes the bill out of its folder.
type UpdateBillRequest struct {
	Name           *string         `json:"name,omitempty"`
	BillingType    *string         `json:"billing_type,omitempty"`
	PaidUntil      *time.Time      `json:"paid_until,omitempty"`
	MonthlyCost    *storage.Money  `json:"monthly_cost,omitempty"`
	AccountBalance *storage.Money  `json:"account_balance,omitempty"`
	Currency       *string         `json:"currency,omitempty"`
	Notes          *string         `json:"notes,omitempty"`
	Folder         json.RawMessage `json:"folder,omitempty"`
}

// Validate implements rest.Validator.
func (r UpdateBillRequest) Validate() error {
	if r.Name == nil && r.BillingType == nil && r.PaidUntil == nil && r.MonthlyCost == nil && r.AccountBalance == nil &&
		r.Currency == nil && r.Notes == nil && r.Folder == nil {
		return storage.Invalid("name", "name at least one field to change")
	}
	return nil
}

func (r UpdateBillRequest) apply(b *storage.Bill, now time.Time) error {
	if r.Name != nil {
		b.Name = strings.TrimSpace(*r.Name)
	}
	if r.Currency != nil {
		b.Currency = currency(*r.Currency)
	}
	if r.Notes != nil {
		b.Notes = *r.Notes
	}
	if r.Folder != nil {
		var folder *string
		if err := json.Unmarshal(r.Folder, &folder); err != nil {
			return storage.Invalid("folder", "must be a string, or null for no folder")
		}
		b.Folder = trimmed(folder)
	}
	if r.BillingType != nil && *r.BillingType != b.BillingType {
		r.convert(b, now)
	}
	return r.applyMoney(b, now)
}

// convert makes a monthly bill a resource bill or the other way round; either keeps its expiry as far as it can.
func (r UpdateBillRequest) convert(b *storage.Bill, now time.Time) {
	if *r.BillingType == storage.Monthly {
		until := paidUntil(*b, now)
		b.PaidUntil, b.AccountBalance, b.BalanceUpdatedAt = &until, 0, nil
	} else {
		b.PaidUntil, b.BalanceUpdatedAt = nil, &now
	}
	b.BillingType, b.ChargedFrom = *r.BillingType, now
}

func (r UpdateBillRequest) applyMoney(b *storage.Bill, now time.Time) error {
	if r.PaidUntil != nil {
		if b.BillingType == storage.Resource {
			return storage.Invalid("paid_until", "the expiry of a resource bill follows from its account: change the balance or the cost")
		}
		until := r.PaidUntil.UTC().Truncate(time.Microsecond)
		b.PaidUntil = &until
	}
	if r.MonthlyCost != nil && *r.MonthlyCost != b.MonthlyCost {
		settle(b, now)
		b.MonthlyCost = *r.MonthlyCost
	}
	if r.AccountBalance != nil {
		if b.BillingType == storage.Monthly && *r.AccountBalance != 0 {
			return errNoAccount
		}
		if b.BillingType == storage.Resource {
			b.AccountBalance, b.ChargedFrom, b.BalanceUpdatedAt = *r.AccountBalance, now, &now
		}
	}
	return nil
}

// ExtendBillRequest prolongs a monthly bill.
type ExtendBillRequest struct {
	Days int `json:"days"`
}

// Validate implements rest.Validator.
func (r ExtendBillRequest) Validate() error {
	if r.Days < 1 || r.Days > storage.MaxPaidDays {
		return storage.Invalid("days", "must be a whole number from 1 to 36500")
	}
	return nil
}

// TopUpBillRequest adds to an account.
type TopUpBillRequest struct {
	Amount storage.Money `json:"amount"`
}

// Validate implements rest.Validator.
func (r TopUpBillRequest) Validate() error {
	if r.Amount <= 0 {
		return storage.Invalid("amount", "must be more than 0")
	}
	return nil
}

// MoveBillsRequest puts bills into a folder; null takes them out of theirs. The ids have the name that clients of the
// predecessor send.
type MoveBillsRequest struct {
	ServerIDs []int64 `json:"server_ids"`
	Folder    *string `json:"folder"`
}

// Validate implements rest.Validator.
func (r MoveBillsRequest) Validate() error {
	if len(r.ServerIDs) == 0 || len(r.ServerIDs) > maxIDs {
		return storage.Invalid("server_ids", "give 1 to 10000 ids")
	}
	if folder := trimmed(r.Folder); folder != nil {
		return storage.ValidateFolder("folder", *folder)
	}
	return nil
}

// RenameBillFolderRequest renames a folder of bills.
type RenameBillFolderRequest struct {
	OldName string `json:"old_name"`
	NewName string `json:"new_name"`
}

// Validate implements rest.Validator.
func (r RenameBillFolderRequest) Validate() error {
	return storage.ValidateFolder("new_name", r.NewName)
}

// UpdateBillingSettingsRequest changes the fields that it names.
type UpdateBillingSettingsRequest struct {
	Enabled              *bool  `json:"enabled,omitempty"`
	NotifyDays           *[]int `json:"notify_days,omitempty"`
	CheckIntervalMinutes *int   `json:"check_interval_minutes,omitempty"`
}
