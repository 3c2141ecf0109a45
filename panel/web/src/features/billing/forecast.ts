import type { BillItem } from '../../api/types'

// The panel computes exactly (panel/billing/formula.go); this says beforehand what it will answer.

const day = 86_400_000
const daysOfMonth = 30
const most = 36_500 * day

/** Until when a monthly bill is paid after so many more days: from its end, or from now if that is past. */
export const extended = (paidUntil: number, days: number, now: number): number => Math.max(paidUntil, now) + days * day

/** How long an account lasts, in milliseconds. */
export function lasts(balance: number, monthlyCost: number): number {
  if (balance <= 0 || monthlyCost <= 0) return 0
  return Math.min(most, (balance / monthlyCost) * daysOfMonth * day)
}

export const until = (bill: BillItem): number => Date.parse(bill.paid_until)

/** Days that are left, with fractions; negative when it has run out. */
export const daysLeft = (bill: BillItem, now: number): number => (until(bill) - now) / day

/** What has to be paid within so many days: the bills, and the month of each. */
export const dueWithin = (bills: BillItem[], days: number, now: number): BillItem[] => bills.filter((b) => daysLeft(b, now) <= days)
