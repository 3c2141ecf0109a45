import { expect, it } from 'vitest'
import type { BillItem } from '../../api/types'
import { createRequest, formOf, problems, updateRequest } from './bill-form'
import { daysLeft, dueWithin, extended, lasts } from './forecast'
import { foldersOf, groupBills, matches } from './groups'
import { parseDays } from './reminders-drawer'

const day = 86_400_000
const now = Date.UTC(2026, 10, 26, 12)
const bill = (more: Partial<BillItem> = {}): BillItem => ({ id: 1, name: 'a', billing_type: 'monthly', paid_until: '2026-12-01T09:30:00.000Z', days_left: 5, monthly_cost: 10, account_balance: null, balance_updated_at: null, currency: 'EUR', notes: '', folder: null, created_at: '', updated_at: '', ...more })

it('foretells as the panel computes', () => {
  expect(extended(now - 5 * day, 30, now)).toBe(now + 30 * day)
  expect(extended(now + 5 * day, 30, now)).toBe(now + 35 * day)
  expect(lasts(45, 30)).toBe(45 * day)
  expect([lasts(0, 30), lasts(10, 0), lasts(1e9, 0.000001)]).toEqual([0, 0, 36_500 * day])
  expect(daysLeft(bill(), now)).toBeCloseTo(4.896, 3)
  expect(dueWithin([bill(), bill({ paid_until: '2027-12-01T00:00:00Z' })], 30, now)).toHaveLength(1)
})

it('groups by folder, the first to end at the top, without a folder last', () => {
  const groups = groupBills([bill({ folder: null }), bill({ id: 2, folder: 'b10' }), bill({ id: 3, folder: 'b9' }), bill({ id: 4, folder: 'b10', paid_until: '2026-11-01T00:00:00.000Z' })])
  expect(groups.map((g) => [g.folder, g.bills.map((b) => b.id)])).toEqual([['b9', [3]], ['b10', [4, 2]], [null, [1]]])
  expect(foldersOf([bill({ folder: 'b' }), bill(), bill({ folder: 'a' }), bill({ folder: 'b' })])).toEqual(['a', 'b'])
  expect([matches(bill({ notes: 'Invoice' }), 'EUR inv'), matches(bill(), 'b')]).toEqual([true, false])
})

it('reads and writes the end in the zone of the settings', () => {
  const form = formOf(bill(), 'Europe/Moscow')
  expect(form.paidUntil).toBe('2026-12-01T12:30')
  expect(updateRequest(form, bill(), 'Europe/Moscow')).toEqual({})
  expect(updateRequest({ ...form, paidUntil: '2026-12-02T12:30' }, bill(), 'Europe/Moscow')).toEqual({ paid_until: '2026-12-02T09:30:00.000Z' })
})

it('sends the balance only when a person changed it', () => {
  const account = bill({ billing_type: 'resource', account_balance: 12.345678 })
  const form = formOf(account, 'UTC')
  expect(updateRequest({ ...form, cost: '12' }, account, 'UTC')).toEqual({ monthly_cost: 12 })
  expect(updateRequest({ ...form, balance: '20' }, account, 'UTC')).toEqual({ account_balance: 20 })
  expect(updateRequest({ ...form, model: 'monthly' }, account, 'UTC')).toEqual({ billing_type: 'monthly' })
})

it('names every field that is wrong', () => {
  const form = { ...formOf(null, 'UTC'), name: ' ', days: '1.5', cost: 'x', currency: 'E', notes: 'n'.repeat(5001), folder: 'f'.repeat(201) }
  expect(problems(form, null, 'UTC')).toEqual({ name: 'name', days: 'days', cost: 'money', currency: 'currency', notes: 'notes', folder: 'folder' })
  expect(problems({ ...form, model: 'resource', balance: '-1', cost: '0' }, null, 'UTC')).toMatchObject({ balance: 'money', cost: 'costNeeded' })
  expect(problems({ ...formOf(bill(), 'UTC'), paidUntil: '' }, bill(), 'UTC')).toEqual({ paidUntil: 'date' })
  expect(createRequest({ ...formOf(null, 'UTC', 'RUB'), name: ' b ', cost: '' })).toEqual({ name: 'b', billing_type: 'monthly', paid_days: 30, monthly_cost: 0, currency: 'RUB', notes: '', folder: null })
})

it('reads lists of days', () => {
  expect(parseDays('7, 3,1')).toEqual([1, 3, 7])
  expect(parseDays('0 14;3')).toEqual([0, 3, 14])
  for (const text of ['', '366', 'a', '1.5', Array.from({ length: 21 }, (_, i) => i).join(' ')]) expect(parseDays(text)).toBeNull()
})
