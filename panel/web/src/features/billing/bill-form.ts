import type { BillItem, CreateBillRequest, UpdateBillRequest } from '../../api/types'
import { moneyText, parseMoney } from '../../lib/money'
import { fromLocalInput, toLocalInput } from '../../lib/zone'

export type Model = 'monthly' | 'resource'

/** What the drawer's fields hold, as typed. */
export interface BillForm {
  name: string
  model: Model
  /** Of a new monthly bill, from now. */
  days: string
  /** Of an existing monthly bill: local time in the zone of the settings. */
  paidUntil: string
  cost: string
  balance: string
  currency: string
  folder: string
  notes: string
}

export type FormErrors = Partial<Record<keyof BillForm | 'form', string>>

export const currencies = ['USD', 'EUR', 'RUB', 'GBP', 'CNY', 'KZT', 'TRY', 'USDT']
export const mostDays = 36_500

const start: BillForm = { name: '', model: 'monthly', days: '30', paidUntil: '', cost: '', balance: '', currency: 'USD', folder: '', notes: '' }

/** The form of a bill, or an empty one; a new bill begins with the currency of the others. */
export function formOf(bill: BillItem | null, timeZone: string, currency = start.currency): BillForm {
  if (!bill) return { ...start, currency }
  return {
    name: bill.name, model: bill.billing_type as Model, days: start.days, paidUntil: toLocalInput(Date.parse(bill.paid_until), timeZone),
    cost: moneyText(bill.monthly_cost), balance: moneyText(bill.account_balance), currency: bill.currency, folder: bill.folder ?? '', notes: bill.notes,
  }
}

/** The keys of the texts of what is wrong, by field. */
export function problems(form: BillForm, bill: BillItem | null, timeZone: string): FormErrors {
  const found: FormErrors = {}
  if (!form.name.trim() || [...form.name.trim()].length > 200) found.name = 'name'
  if (form.cost.trim() && parseMoney(form.cost) === null) found.cost = 'money'
  if (!/^[A-Za-z]{3,5}$/.test(form.currency.trim())) found.currency = 'currency'
  if ([...form.folder.trim()].length > 200) found.folder = 'folder'
  if ([...form.notes].length > 5000) found.notes = 'notes'
  if (form.model === 'resource') {
    if (form.balance.trim() && parseMoney(form.balance) === null) found.balance = 'money'
    if (!((parseMoney(form.cost) ?? 0) > 0) && !found.cost) found.cost = 'costNeeded'
  } else if (!bill) {
    if (!/^\d{1,5}$/.test(form.days.trim()) || Number(form.days) > mostDays) found.days = 'days'
  } else if (fromLocalInput(form.paidUntil, timeZone) === null) found.paidUntil = 'date'
  return found
}

const common = (form: BillForm) => ({ name: form.name.trim(), monthly_cost: parseMoney(form.cost) ?? 0, currency: form.currency.trim().toUpperCase(), notes: form.notes, folder: form.folder.trim() || null })

export function createRequest(form: BillForm): CreateBillRequest {
  const money = form.model === 'monthly' ? { paid_days: Number(form.days) } : { account_balance: parseMoney(form.balance) ?? 0 }
  return { ...common(form), billing_type: form.model, ...money }
}

/** Only what the person changed: the balance that is shown has been consumed further since. */
export function updateRequest(form: BillForm, bill: BillItem, timeZone: string): UpdateBillRequest {
  const before = formOf(bill, timeZone)
  const next = common(form)
  const change: UpdateBillRequest = {}
  if (next.name !== bill.name) change.name = next.name
  if (next.monthly_cost !== bill.monthly_cost) change.monthly_cost = next.monthly_cost
  if (next.currency !== bill.currency) change.currency = next.currency
  if (next.notes !== bill.notes) change.notes = next.notes
  if (next.folder !== bill.folder) change.folder = next.folder
  if (form.model !== bill.billing_type) change.billing_type = form.model
  if (form.model === 'resource' && form.balance !== before.balance) change.account_balance = parseMoney(form.balance) ?? 0
  if (form.model === 'monthly' && form.paidUntil !== before.paidUntil) change.paid_until = new Date(fromLocalInput(form.paidUntil, timeZone) ?? 0).toISOString()
  return change
}
