package postgres_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

func addBill(t *testing.T, s *postgres.Store, name string, folder *string) storage.Bill {
	t.Helper()
	b, err := s.CreateBill(t.Context(), storage.Bill{Name: name, BillingType: storage.Resource, MonthlyCost: 4_990_000, AccountBalance: 1,
		ChargedFrom: at, BalanceUpdatedAt: new(at), Currency: "EUR", Notes: "paid by card", Folder: folder, CreatedAt: at})
	must(t, err)
	return b
}

func TestBill(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	b := addBill(t, s, "vps", new("Europe"))
	want := storage.Bill{ID: b.ID, Name: "vps", BillingType: storage.Resource, MonthlyCost: 4_990_000, AccountBalance: 1, ChargedFrom: at,
		BalanceUpdatedAt: new(at), Currency: "EUR", Notes: "paid by card", Folder: new("Europe"), Reminded: []int{}, CreatedAt: at, UpdatedAt: at}
	same(t, b, want)
	must(t, s.RemindBill(t.Context(), b, []int{3, 7}))
	got, err := s.Bill(t.Context(), b.ID)
	must(t, err)
	want.Reminded = []int{3, 7}
	same(t, got, want)

	later := at.Add(time.Hour)
	want = storage.Bill{ID: b.ID, Name: "vps-2", BillingType: storage.Monthly, PaidUntil: new(later), MonthlyCost: storage.MaxMoney, ChargedFrom: later,
		Currency: "RUB", Reminded: []int{}, CreatedAt: at, UpdatedAt: later}
	got, err = s.ChangeBill(t.Context(), b.ID, later, func(b *storage.Bill) error {
		*b = want
		b.Reminded = []int{99} // a change forgets reminders
		return nil
	})
	must(t, err)
	same(t, got, want)
	wantErr(t, s.RemindBill(t.Context(), b, []int{1}), storage.ErrNotFound) // it was changed since

	broken := errors.New("broken")
	_, err = s.ChangeBill(t.Context(), b.ID, later, func(*storage.Bill) error { return broken })
	wantErr(t, err, broken)
	list, err := s.Bills(t.Context())
	must(t, err)
	same(t, list, []storage.Bill{want})
	must(t, s.DeleteBill(t.Context(), b.ID))
	wantErr(t, s.DeleteBill(t.Context(), b.ID), storage.ErrNotFound)
	_, err = s.ChangeBill(t.Context(), b.ID, later, func(*storage.Bill) error { return nil })
	wantErr(t, err, storage.ErrNotFound)
}

// No change is lost when two come at once.
func TestChangeBillAtOnce(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	b := addBill(t, s, "vps", nil)
	var changes sync.WaitGroup
	for range 8 {
		changes.Go(func() {
			for range 10 {
				_, err := s.ChangeBill(t.Context(), b.ID, at, func(b *storage.Bill) error { b.AccountBalance += storage.Unit; return nil })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	changes.Wait()
	got, err := s.Bill(t.Context(), b.ID)
	must(t, err)
	same(t, got.AccountBalance, 80*storage.Unit+1)
}

func TestBillFolders(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	a, b := addBill(t, s, "a", nil), addBill(t, s, "b", new("old"))
	folders := func(want ...*string) {
		t.Helper()
		list, err := s.Bills(t.Context())
		must(t, err)
		same(t, []*string{list[0].Folder, list[1].Folder}, want)
	}
	n, err := s.MoveBills(t.Context(), []int64{a.ID, 999}, new("new"))
	must(t, err)
	same(t, n, 1)
	folders(new("new"), new("old"))
	n, err = s.RenameBillFolder(t.Context(), "old", "new") // merges
	must(t, err)
	same(t, n, 1)
	n, err = s.DeleteBillFolder(t.Context(), "new")
	must(t, err)
	same(t, n, 2)
	folders(nil, nil)
	_, err = s.RenameBillFolder(t.Context(), "new", "x")
	wantErr(t, err, storage.ErrNotFound)
	_, err = s.DeleteBillFolder(t.Context(), "new")
	wantErr(t, err, storage.ErrNotFound)
	n, err = s.MoveBills(t.Context(), []int64{b.ID}, nil)
	must(t, err)
	same(t, n, 1)
}

func TestBillingSettings(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	got, err := s.BillingSettings(t.Context())
	must(t, err)
	same(t, got, storage.DefaultBillingSettings())
	for _, want := range []storage.BillingSettings{{Enabled: true, NotifyDays: []int{0}, CheckIntervalMinutes: 1}, {NotifyDays: []int{5, 2}, CheckIntervalMinutes: 90}} {
		must(t, s.SetBillingSettings(t.Context(), want))
		got, err = s.BillingSettings(t.Context())
		must(t, err)
		same(t, got, want)
	}
}
