package billing

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"monitoring/storage"
)

var t0 = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func money(text string) storage.Money {
	m, err := storage.ParseMoney(text)
	if err != nil {
		panic(err)
	}
	return m
}

func monthly(until time.Time) storage.Bill {
	return storage.Bill{BillingType: storage.Monthly, PaidUntil: &until}
}

func account(balance, cost string) storage.Bill {
	return storage.Bill{BillingType: storage.Resource, AccountBalance: money(balance), MonthlyCost: money(cost), ChargedFrom: t0}
}

func TestBalance(t *testing.T) {
	t.Parallel()
	f := func(held, cost string, elapsed time.Duration, want string, wantUntil time.Time) {
		t.Helper()
		b := account(held, cost)
		now := t0.Add(elapsed)
		if got := balance(b, now); got != money(want) {
			t.Errorf("%s left, want %s", got, want)
		}
		if got := paidUntil(b, now); !got.Equal(wantUntil) {
			t.Errorf("paid until %s, want %s", got, wantUntil)
		}
	}
	f("60", "30", 0, "60", t0.Add(60*day))
	f("60", "30", 12*time.Hour, "59.5", t0.Add(60*day))
	f("60", "30", 60*day, "0", t0.Add(60*day))
	f("60", "30", 90*day, "0", t0.Add(60*day)) // it ran out then
	f("60", "30", -day, "60", t0.Add(60*day))  // a clock that went back gives nothing
	f("1", "3", 1*day, "0.9", t0.Add(10*day))
	f("10", "7", 10*day, "7.666666", t0.Add(time.Duration(3702857142857)*time.Microsecond)) // 10 / (7/30) days; rounded down
	f("60", "0", 5*day, "60", t0.Add(5*day))                                                // without a cost: now
	f("0", "30", 5*day, "0", t0.Add(5*day))
	f("1000000000", "0.000001", 5*day, "999999999.999999", t0.Add(maxAhead))
}

// Days are 24 hours, through month ends, leap days and changes of clocks.
func TestExtend(t *testing.T) {
	t.Parallel()
	f := func(until, now string, days int, want string) {
		t.Helper()
		parse := func(text string) time.Time {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		b := monthly(parse(until))
		extend(&b, days, parse(now))
		if !b.PaidUntil.Equal(parse(want)) {
			t.Errorf("%s + %d days is %s, want %s", until, days, b.PaidUntil, want)
		}
	}
	f("2026-01-31T12:00:00Z", "2026-01-01T00:00:00Z", 28, "2026-02-28T12:00:00Z")
	f("2026-01-31T12:00:00Z", "2026-01-01T00:00:00Z", 30, "2026-03-02T12:00:00Z")
	f("2028-01-31T12:00:00Z", "2028-01-01T00:00:00Z", 30, "2028-03-01T12:00:00Z") // leap year
	f("2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", 1, "2027-01-01T23:59:59Z")
	f("2026-03-28T23:30:00+01:00", "2026-03-01T00:00:00Z", 1, "2026-03-30T00:30:00+02:00") // Berlin's night of 23 hours
	f("2026-01-01T00:00:00Z", "2026-02-10T08:00:00Z", 30, "2026-03-12T08:00:00Z")          // expired: from now
	f("2026-02-10T11:00:00+03:00", "2026-02-10T08:00:00Z", 1, "2026-02-11T08:00:00Z")      // the very moment, written in Moscow
}

func TestTopUp(t *testing.T) {
	t.Parallel()
	b := account("10", "30")
	topUp(&b, money("5"), t0.Add(4*day)) // 6 left, 11 with it
	if got := balance(b, t0.Add(4*day)); got != money("11") {
		t.Errorf("after 4 days and 5 more: %s", got)
	}
	if got := paidUntil(b, t0.Add(4*day)); !got.Equal(t0.Add(15 * day)) {
		t.Errorf("paid until %s", got)
	}
	topUp(&b, money("5"), t0.Add(40*day)) // had run out: debts are not paid back
	if got := balance(b, t0.Add(41*day)); got != money("4") {
		t.Errorf("after it had run out: %s", got)
	}
	exactly := account("10", "30")
	topUp(&exactly, money("1"), t0.Add(10*day))
	if got := paidUntil(exactly, t0); !got.Equal(t0.Add(11 * day)) {
		t.Errorf("at the moment it runs out: %s", got)
	}
}

func drawMoney(t *rapid.T, name string, most int64) storage.Money {
	return storage.Money(rapid.Int64Range(1, most).Draw(t, name))
}

func drawAccount(t *rapid.T) storage.Bill {
	return storage.Bill{BillingType: storage.Resource, AccountBalance: drawMoney(t, "balance", int64(1e6*storage.Unit)),
		MonthlyCost: drawMoney(t, "cost", int64(1e4*storage.Unit)), ChargedFrom: t0}
}

func drawTime(t *rapid.T, name string) time.Time {
	return t0.Add(time.Duration(rapid.Int64Range(0, (3*365*day).Microseconds()).Draw(t, name)) * time.Microsecond)
}

func TestExtendAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now, until := drawTime(t, "now"), drawTime(t, "until")
		a, b := rapid.IntRange(1, 4000).Draw(t, "a"), rapid.IntRange(1, 4000).Draw(t, "b")
		twice, once := monthly(until), monthly(until)
		extend(&twice, a, now)
		extend(&twice, b, now)
		extend(&once, a+b, now)
		if !twice.PaidUntil.Equal(*once.PaidUntil) {
			t.Fatalf("%s and %s", twice.PaidUntil, once.PaidUntil)
		}
	})
}

func TestTopUpThenElapseIsElapseThenTopUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		early, late := drawAccount(t), storage.Bill{}
		late = early
		amount := drawMoney(t, "amount", int64(1e6*storage.Unit))
		lasts := paidUntil(early, t0).Sub(t0)
		now := t0.Add(time.Duration(rapid.Int64Range(0, max(lasts.Microseconds()-1, 0)).Draw(t, "elapsed")) * time.Microsecond)
		topUp(&early, amount, t0)
		topUp(&late, amount, now) // before it runs out: what ran out before a payment is gone
		if remaining(early, now).Cmp(remaining(late, now)) != 0 || !paidUntil(early, now).Equal(paidUntil(late, now)) {
			t.Fatalf("%s until %s, and %s until %s", balance(early, now), paidUntil(early, now), balance(late, now), paidUntil(late, now))
		}
	})
}

func TestPaidUntilGrowsWithTheBalance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		less := drawAccount(t)
		more := less
		now := drawTime(t, "now")
		topUp(&more, drawMoney(t, "amount", int64(1e6*storage.Unit)), now)
		if paidUntil(more, now).Before(paidUntil(less, now)) || balance(more, now) < balance(less, now) {
			t.Fatalf("%s until %s became %s until %s", balance(less, now), paidUntil(less, now), balance(more, now), paidUntil(more, now))
		}
		if !paidUntil(less, now).After(t0) {
			t.Fatal("an account with money has run out before it began")
		}
	})
}

// A thousand payments give what one payment of their sum gives, to the last digit.
func TestNoDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := drawAccount(t)
		b.AccountBalance = storage.MaxMoney / 2 // never runs out here
		cost, sum, now := b.MonthlyCost, b.AccountBalance, t0
		for range 1000 {
			now = now.Add(time.Duration(rapid.Int64Range(1, day.Microseconds()).Draw(t, "pause")) * time.Microsecond)
			amount := drawMoney(t, "amount", int64(storage.Unit))
			topUp(&b, amount, now)
			sum += amount
		}
		spent := new(big.Rat).SetFrac(
			new(big.Int).Mul(big.NewInt(int64(cost)), big.NewInt(now.Sub(t0).Microseconds())), big.NewInt(month.Microseconds()))
		want := new(big.Rat).Sub(new(big.Rat).SetInt64(int64(sum)), spent)
		got := new(big.Rat).SetFrac(remaining(b, now), big.NewInt(month.Microseconds()))
		if got.Cmp(want) != 0 {
			t.Fatalf("%s left, want %s", got.FloatString(12), want.FloatString(12))
		}
	})
}

// A change of the cost rounds once, down, by less than a millionth.
func TestSettle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := drawAccount(t)
		b.AccountBalance = storage.MaxMoney / 2
		now := drawTime(t, "now")
		before := new(big.Rat).SetFrac(remaining(b, now), big.NewInt(month.Microseconds()))
		settle(&b, now)
		lost := new(big.Rat).Sub(before, new(big.Rat).SetInt64(int64(b.AccountBalance)))
		if lost.Sign() < 0 || lost.Cmp(big.NewRat(1, 1)) >= 0 {
			t.Fatalf("lost %s millionths", lost.FloatString(6))
		}
	})
}

func TestTightest(t *testing.T) {
	t.Parallel()
	f := func(left time.Duration, wantSmallest int, wantCrossed ...int) {
		t.Helper()
		smallest, crossed := tightest([]int{1, 3, 7}, left)
		if smallest != wantSmallest || !slices.Equal(crossed, wantCrossed) {
			t.Errorf("%s left: %d of %v", left, smallest, crossed)
		}
	}
	f(7*day+1, 0)
	f(7*day, 7, 7)
	f(3*day+1, 7, 7)
	f(3*day, 3, 3, 7)
	f(day, 1, 1, 3, 7)
	f(-5*day, 1, 1, 3, 7)
	if smallest, crossed := tightest([]int{0, 7}, time.Second); smallest != 7 || len(crossed) != 1 {
		t.Errorf("not expired yet: %d of %v", smallest, crossed)
	}
}
