import { random } from './fleet'
import { fail, type Route } from './mock-route'

const GB = 1024 ** 3
const stepMs = { hourly: 3600_000, daily: 86_400_000, monthly: 0 }

/** Traffic of every server: a few interfaces, ports that can be added and removed, a history with a gap. */
export class MockTraffic {
  tracked = [443, 8443]

  constructor(private readonly now: () => number) {}

  readonly routes: Route[] = [
    ['GET', /^proxy\/(\d+)\/traffic\/cached$/, (_, { empty }) => this.cached(empty)],
    ['GET', /^proxy\/(\d+)\/traffic\/(hourly|daily|monthly)$/, ({ query }, { empty }, id, unit) => this.history(Number(id), unit as keyof typeof stepMs, query, empty)],
    ['GET', /^proxy\/(\d+)\/traffic\/ports\/tracked$/, (_, { empty }) => ({ tracked_ports: empty ? [] : this.tracked })],
    ['POST', /^proxy\/(\d+)\/traffic\/ports\/(add|remove)$/, ({ body }, _, __, action) => this.change(Number(body.port), action === 'add')],
  ]

  private cached(empty: boolean) {
    const by_interface = [['eth0', 9300, 4100, true], ['wg0', 820, 640, false]].map(([name, rx, tx, counted]) => ({ interface: name, rx_bytes: Number(rx) * GB, tx_bytes: Number(tx) * GB, counted }))
    const by_port = [[443, 6700, 3100], [2053, 12, 8]].map(([port, rx, tx]) => ({ port, rx_bytes: rx! * GB, tx_bytes: tx! * GB }))
    const total = { rx_bytes: empty ? 0 : 9300 * GB, tx_bytes: empty ? 0 : 4100 * GB, days: 30 }
    const tracked_ports = empty ? [] : this.tracked
    return { summary: { days: 30, total, by_interface: empty ? [] : by_interface, by_port: empty ? [] : by_port, tracked_ports }, tracked_ports, cached_at: new Date(this.now() - 42_000).toISOString() }
  }

  private history(id: number, unit: keyof typeof stepMs, query: URLSearchParams, empty: boolean) {
    const name = { hourly: 'hours', daily: 'days', monthly: 'months' }[unit]
    const n = Number(query.get(name))
    const rnd = random(id * 7 + n)
    const data = Array.from({ length: n }, (_, i) => {
      const gap = empty || (i > n * 0.4 && i < n * 0.5)
      const rx = Math.round((200 + 160 * rnd()) * GB)
      return { ...this.label(unit, n - 1 - i), rx_bytes: gap ? null : rx, tx_bytes: gap ? null : Math.round(rx * (0.3 + 0.2 * rnd())) }
    })
    return { [name]: n, interface: query.get('interface'), port: Number(query.get('port')) || null, timezone: 'UTC', total_rx: 0, total_tx: 0, data }
  }

  private label(unit: keyof typeof stepMs, back: number): object {
    const at = new Date(this.now())
    if (unit === 'monthly') return { month: new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - back, 1)).toISOString().slice(0, 7) }
    const label = new Date(at.getTime() - back * stepMs[unit]).toISOString()
    return unit === 'daily' ? { date: label.slice(0, 10) } : { hour: `${label.slice(0, 10)} ${label.slice(11, 13)}:00` }
  }

  private change(port: number, add: boolean) {
    if (!(port >= 1 && port <= 65_535)) return fail(400, 'invalid', 'port must be a whole number from 1 to 65535', 'port')
    this.tracked = add ? [...this.tracked, port].sort((a, b) => a - b) : this.tracked.filter((p) => p !== port)
    return { success: true, message: 'done' }
  }
}
