package billing

import (
	"math/big"
	"time"

	"monitoring/storage"
)

const (
	day = 24 * time.Hour // a day is 24 hours, whatever clocks do in between: a paid day has one length everywhere

	// month is what monthly_cost pays for.
	month = 30 * day

	// maxAhead bounds the expiry of an account that costs next to nothing.
	maxAhead = 100 * 365 * day
)

// remaining returns what is left of an account at a time, in millionths times the microseconds of a month, so that it is
// exact; negative if more was consumed than there was.
//
// The account is not written down again as it is consumed: it is always computed from the same balance and the same
// moment, so that nothing is rounded twice.
func remaining(b storage.Bill, at time.Time) *big.Int {
	left := new(big.Int).Mul(big.NewInt(int64(b.AccountBalance)), big.NewInt(month.Microseconds()))
	elapsed := max(at.Sub(b.ChargedFrom).Microseconds(), 0)
	spent := new(big.Int).Mul(big.NewInt(int64(b.MonthlyCost)), big.NewInt(elapsed))
	return left.Sub(left, spent)
}

// balance returns what is left of an account, rounded down to the millionth.
func balance(b storage.Bill, at time.Time) storage.Money {
	left := remaining(b, at)
	if left.Sign() <= 0 {
		return 0
	}
	return storage.Money(left.Div(left, big.NewInt(month.Microseconds())).Int64())
}

// paidUntil returns when a bill runs out, or ran out. An account without cost or balance has run out now.
func paidUntil(b storage.Bill, now time.Time) time.Time {
	if b.BillingType == storage.Monthly {
		return *b.PaidUntil
	}
	if b.MonthlyCost <= 0 || b.AccountBalance <= 0 {
		return now
	}
	lasts := new(big.Int).Mul(big.NewInt(int64(b.AccountBalance)), big.NewInt(month.Microseconds()))
	lasts.Div(lasts, big.NewInt(int64(b.MonthlyCost)))
	if limit := big.NewInt(maxAhead.Microseconds()); lasts.Cmp(limit) > 0 {
		lasts = limit
	}
	return b.ChargedFrom.Add(time.Duration(lasts.Int64()) * time.Microsecond)
}

// extend prolongs a monthly bill by whole days, from its end or, if that is past, from now.
func extend(b *storage.Bill, days int, now time.Time) {
	base := *b.PaidUntil
	if base.Before(now) {
		base = now
	}
	end := base.Add(time.Duration(days) * day)
	b.PaidUntil = &end
}

// topUp adds to an account. One that had run out starts anew; of any other what was consumed counts from the same moment
// as before, which charges it without rounding.
func topUp(b *storage.Bill, amount storage.Money, now time.Time) {
	if remaining(*b, now).Sign() <= 0 {
		b.AccountBalance, b.ChargedFrom = 0, now
	}
	b.AccountBalance += amount
	b.BalanceUpdatedAt = &now
}

// settle charges what was consumed, before the cost changes.
func settle(b *storage.Bill, now time.Time) {
	b.AccountBalance, b.ChargedFrom = balance(*b, now), now
}

// tightest returns the smallest threshold that has been crossed, and all that have.
func tightest(thresholds []int, left time.Duration) (smallest int, crossed []int) {
	for _, t := range thresholds {
		if left <= time.Duration(t)*day {
			if len(crossed) == 0 || t < smallest {
				smallest = t
			}
			crossed = append(crossed, t)
		}
	}
	return smallest, crossed
}
