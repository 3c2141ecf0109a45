import type { BillItem, BillingSettings, ChannelSettings } from '../api/types'
import { fail, type MockAnswer, type Route } from './mock-route'

const day = 86_400_000

/** Bills in memory. */
export class MockBilling {
  bills: BillItem[]
  settings: BillingSettings = { enabled: true, notify_days: [1, 3, 7], check_interval_minutes: 60 }

  constructor(private readonly now: () => number) {
    const bill = (id: number, name: string, folder: string | null, days: number, cost: number, currency: string, more: Partial<BillItem> = {}): BillItem => {
      const at = (offset: number) => new Date(now() + offset * day).toISOString()
      return { id, name, billing_type: 'monthly', paid_until: at(days), days_left: Math.max(0, Math.round(days * 10) / 10), monthly_cost: cost, account_balance: null, balance_updated_at: null, currency, notes: '', folder, created_at: at(-200), updated_at: at(-20), ...more }
    }
    const account = (balance: number) => ({ billing_type: 'resource', account_balance: balance, balance_updated_at: new Date(now() - 9 * day).toISOString() })
    this.bills = [
      bill(1, 'DE-Frankfurt dedicated', 'Hetzner', 23.4, 44.9, 'EUR', { notes: 'Invoice on the 15th' }),
      bill(2, 'FI-Helsinki cloud', 'Hetzner', 61.2, 8.49, 'EUR'),
      bill(3, 'Cloud account', 'Selectel', 4.3, 3200, 'RUB', account(458.666667)),
      bill(4, 'RU-Moscow-in', 'Selectel', 18.6, 990, 'RUB', account(613.8)),
      bill(5, 'US-Dallas VPS', 'Resellers', -2.1, 12, 'USD', { notes: 'Pays in crypto only' }),
      bill(6, 'SG-Singapore VPS', 'Resellers', 0.6, 15.5, 'USD'),
      bill(7, 'JP-Tokyo VPS', 'Resellers', 143, 9.99, 'USD'),
      bill(8, 'example.com', null, 271, 0, 'USD', { notes: 'Domain, renewed once a year' }),
    ]
  }

  private change(id: string, edit: (b: BillItem) => Partial<BillItem>): MockAnswer | object {
    const old = this.bills.find((b) => b.id === Number(id))
    if (!old) return fail(404, 'not_found', 'there is no such bill')
    const next = { ...old, ...edit(old) }
    if (next.billing_type === 'resource') next.paid_until = new Date(this.now() + (next.monthly_cost > 0 ? ((next.account_balance ?? 0) / next.monthly_cost) * 30 * day : 0)).toISOString()
    else next.account_balance = null
    this.bills = this.bills.map((b) => (b.id === old.id ? next : b))
    return { success: true, server: next }
  }

  private create(body: Record<string, unknown>): MockAnswer | object {
    if (!String(body.name ?? '').trim()) return fail(400, 'invalid', 'give a name of 1 to 200 characters', 'name')
    const id = Math.max(0, ...this.bills.map((b) => b.id)) + 1
    const at = new Date(this.now()).toISOString()
    const bill = { id, days_left: 0, balance_updated_at: null, account_balance: null, monthly_cost: 0, notes: '', folder: null, created_at: at, updated_at: at, paid_until: new Date(this.now() + Number(body.paid_days ?? 30) * day).toISOString(), ...body } as BillItem
    this.bills = [...this.bills, bill]
    return this.change(String(id), () => ({}))
  }

  private folder(from: string, to: string | null, count: string): MockAnswer | object {
    const touched = this.bills.filter((b) => b.folder === from).length
    if (touched === 0) return fail(404, 'not_found', 'there is no such folder')
    this.bills = this.bills.map((b) => (b.folder === from ? { ...b, folder: to } : b))
    return { success: true, [count]: touched }
  }

  readonly routes: Route[] = [
    ['GET', /^billing\/servers$/, (_, { empty }) => ({ servers: empty ? [] : this.bills.toSorted((a, b) => a.paid_until.localeCompare(b.paid_until)), count: empty ? 0 : this.bills.length })],
    ['POST', /^billing\/servers$/, ({ body }) => this.create(body)],
    ['POST', /^billing\/servers\/move-to-folder$/, ({ body }) => {
      const ids = body.server_ids as number[]
      this.bills = this.bills.map((b) => (ids.includes(b.id) ? { ...b, folder: body.folder as string | null } : b))
      return { success: true, moved: ids.length }
    }],
    ['PUT', /^billing\/servers\/(\d+)$/, ({ body }, _, id) => this.change(id!, () => body)],
    ['DELETE', /^billing\/servers\/(\d+)$/, (_, __, id) => ((this.bills = this.bills.filter((b) => b.id !== Number(id))), { success: true })],
    ['POST', /^billing\/servers\/(\d+)\/extend$/, ({ body }, _, id) => this.change(id!, (b) => ({ paid_until: new Date(Math.max(Date.parse(b.paid_until), this.now()) + Number(body.days) * day).toISOString() }))],
    ['POST', /^billing\/servers\/(\d+)\/topup$/, ({ body }, _, id) => this.change(id!, (b) => ({ account_balance: (b.account_balance ?? 0) + Number(body.amount) }))],
    ['POST', /^billing\/folders\/rename$/, ({ body }) => this.folder(String(body.old_name), String(body.new_name), 'renamed')],
    ['DELETE', /^billing\/folders\/(.+)$/, (_, __, name) => this.folder(name!, null, 'unfoldered')],
    ['GET', /^billing\/settings$/, () => this.settings],
    ['PUT', /^billing\/settings$/, ({ body }) => ((this.settings = { ...this.settings, ...body }), { success: true, settings: this.settings })],
  ]
}

/** Notification channels in memory. */
export class MockChannels {
  settings: ChannelSettings = { language: 'en', telegram_bot_token: '***', telegram_chat_id: '-1002345678901', telegram_base_url: 'https://api.telegram.org', telegram_proxy: '', webhook_url: '', alertmanager_url: '', heartbeat_url: '***', heartbeat_seconds: 60 }

  constructor(private readonly now: () => number) {}

  readonly routes: Route[] = [
    ['GET', /^notify\/settings$/, () => this.settings],
    ['PUT', /^notify\/settings$/, ({ body }) => {
      const masked = Object.fromEntries(Object.entries(body).map(([k, v]) => [k, /token|proxy|webhook|heartbeat_url/.test(k) && v ? '***' : v]))
      return (this.settings = { ...this.settings, ...masked })
    }],
    ['GET', /^notify\/status$/, () => ({
      queues: [{ channel: 'telegram', waiting: 0, sent: 41, failed: 0, oldest: null, last_error: '' }],
      alertmanager: { waiting: 0, last_error: '' },
      heartbeat: { last_sent: new Date(this.now() - 21_000).toISOString(), last_error: '' },
    })],
  ]
}
