package postgres

import (
	"context"
	"errors"
	"time"

	"monitoring/storage"
)

const billColumns = `id, name, billing_type, paid_until, monthly_cost, account_balance, charged_from, balance_updated_at, currency,
	notes, folder, reminded, created_at, updated_at`

// Bills returns all bills in the order they were made.
func (s *Store) Bills(ctx context.Context) ([]storage.Bill, error) {
	return many[storage.Bill](ctx, s, `SELECT `+billColumns+` FROM bills ORDER BY id`)
}

// Bill returns one bill, or storage.ErrNotFound.
func (s *Store) Bill(ctx context.Context, id int64) (storage.Bill, error) {
	return one[storage.Bill](ctx, s, `SELECT `+billColumns+` FROM bills WHERE id = $1`, id)
}

// CreateBill adds a bill.
func (s *Store) CreateBill(ctx context.Context, b storage.Bill) (storage.Bill, error) {
	now := orNow(b.CreatedAt)
	return one[storage.Bill](ctx, s, `
		INSERT INTO bills (name, billing_type, paid_until, monthly_cost, account_balance, charged_from, balance_updated_at, currency,
			notes, folder, reminded, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '{}', $11, $11) RETURNING `+billColumns,
		b.Name, b.BillingType, b.PaidUntil, b.MonthlyCost, b.AccountBalance, orNow(b.ChargedFrom), b.BalanceUpdatedAt, b.Currency,
		b.Notes, b.Folder, now)
}

// ChangeBill lets change edit a bill, forgets the reminders that went out for it, and stores it. Two changes at once come
// one after the other.
func (s *Store) ChangeBill(ctx context.Context, id int64, now time.Time, change func(*storage.Bill) error) (changed storage.Bill, err error) {
	err = s.InTx(ctx, func(tx *Store) error {
		b, err := one[storage.Bill](ctx, tx, `SELECT `+billColumns+` FROM bills WHERE id = $1 FOR UPDATE`, id)
		if err != nil {
			return err
		}
		if err := change(&b); err != nil {
			return err
		}
		changed, err = one[storage.Bill](ctx, tx, `
			UPDATE bills SET name = $2, billing_type = $3, paid_until = $4, monthly_cost = $5, account_balance = $6, charged_from = $7,
				balance_updated_at = $8, currency = $9, notes = $10, folder = $11, reminded = '{}', updated_at = $12
			WHERE id = $1 RETURNING `+billColumns,
			id, b.Name, b.BillingType, b.PaidUntil, b.MonthlyCost, b.AccountBalance, b.ChargedFrom, b.BalanceUpdatedAt, b.Currency,
			b.Notes, b.Folder, now)
		return err
	})
	return changed, err
}

// RemindBill records that reminders went out, unless the bill was changed since: then it is storage.ErrNotFound.
func (s *Store) RemindBill(ctx context.Context, b storage.Bill, reminded []int) error {
	return s.touch(ctx, `UPDATE bills SET reminded = $3 WHERE id = $1 AND updated_at = $2`, b.ID, b.UpdatedAt, reminded)
}

// DeleteBill removes a bill.
func (s *Store) DeleteBill(ctx context.Context, id int64) error {
	return s.touch(ctx, `DELETE FROM bills WHERE id = $1`, id)
}

// MoveBills puts bills into a folder, or out of any, and returns how many those are.
func (s *Store) MoveBills(ctx context.Context, ids []int64, folder *string) (int, error) {
	return s.count(ctx, `UPDATE bills SET folder = $2 WHERE id = ANY($1)`, ids, folder)
}

// RenameBillFolder renames a folder of bills and returns how many it holds. A name that exists merges the two.
func (s *Store) RenameBillFolder(ctx context.Context, old, new string) (int, error) {
	return s.folderOfBills(ctx, `UPDATE bills SET folder = $2 WHERE folder = $1`, old, new)
}

// DeleteBillFolder takes all bills out of a folder and returns how many it held.
func (s *Store) DeleteBillFolder(ctx context.Context, name string) (int, error) {
	return s.folderOfBills(ctx, `UPDATE bills SET folder = NULL WHERE folder = $1`, name)
}

// folderOfBills changes a folder; one without bills does not exist.
func (s *Store) folderOfBills(ctx context.Context, sql string, args ...any) (int, error) {
	n, err := s.count(ctx, sql, args...)
	if err == nil && n == 0 {
		err = storage.ErrNotFound
	}
	return n, err
}

// BillingSettings returns the settings of reminders: the defaults if the operator has stored nothing.
func (s *Store) BillingSettings(ctx context.Context) (storage.BillingSettings, error) {
	v, err := one[storage.BillingSettings](ctx, s, `SELECT enabled, notify_days, check_interval_minutes FROM billing_settings`)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.DefaultBillingSettings(), nil
	}
	return v, err
}

// SetBillingSettings stores the settings of reminders; the caller has checked them.
func (s *Store) SetBillingSettings(ctx context.Context, v storage.BillingSettings) error {
	return s.exec(ctx, `
		INSERT INTO billing_settings (enabled, notify_days, check_interval_minutes) VALUES ($1, $2, $3)
		ON CONFLICT (only_row) DO UPDATE SET enabled = excluded.enabled, notify_days = excluded.notify_days,
			check_interval_minutes = excluded.check_interval_minutes`, v.Enabled, v.NotifyDays, v.CheckIntervalMinutes)
}
