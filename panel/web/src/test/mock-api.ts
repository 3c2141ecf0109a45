import type { AuditEntry, BanStatus, ChartResponse, LiveServer, ServerItem, SessionItem, SparklinesResponse, Token } from '../api/types'
import { liveOf } from '../lib/live-values'
import { fleet, metrics, nextLive, random, wander } from './fleet'
import { MockAlerts } from './mock-alerts'
import { MockBilling, MockChannels } from './mock-billing'
import { controlRoutes, MockBulk } from './mock-control'
import { mockEvents } from './mock-events'
import { MockHAProxy } from './mock-haproxy'
import { MockTraffic } from './mock-traffic'
import { fail, type MockAnswer, type MockRequest, type Route } from './mock-route'

export type { MockAnswer, MockRequest } from './mock-route'

/** All answers forced into one state, to look at each page in its four states. */
export type MockState = 'data' | 'empty' | 'error' | 'loading'

type Handler = (request: MockRequest, ...ids: string[]) => MockAnswer | object

const done = { success: true }

/** A panel that lives in memory: the API's paths with an invented fleet. Tests change its fields and handlers. */
export class MockApi {
  readonly password = 'correct horse'
  authenticated = true
  state: MockState = 'data'
  servers: ServerItem[]
  folders: string[]
  /** What the owner of every server allows. */
  allow: Record<string, string> = { metrics: 'ro', traffic: 'rw', haproxy: 'rw', certs: 'rw', firewall: 'rw', exec: 'rw', power: 'rw' }
  failures = 0
  bannedUntil: string | null = null
  settings: Record<string, string> = { refresh_interval: '5', theme: 'dark', compact_view: 'false', metrics_collect_interval: '10', haproxy_collect_interval: '60', bulk_parallel: '20', traffic_period: '30', timezone: 'Europe/Moscow', language: 'en' }
  sessions: SessionItem[]
  tokens: Token[]
  audit: AuditEntry[]
  readonly alerts: MockAlerts
  readonly billing: MockBilling
  readonly channels: MockChannels
  readonly bulk: MockBulk
  readonly haproxy: MockHAProxy
  readonly traffic: MockTraffic
  /** Every request, in order. */
  readonly log: MockRequest[] = []
  /** Handlers that a test puts before the usual ones, by "METHOD path". */
  readonly overrides = new Map<string, Handler>()
  private readonly rnd = random(7)
  private readonly features: Route[]

  constructor(readonly now: () => number = Date.now, servers = 24) {
    const at = this.now()
    const ago = (minutes: number) => new Date(at - minutes * 60_000).toISOString()
    this.servers = fleet(servers, at)
    this.folders = [...new Set(this.servers.flatMap((s) => s.folder ?? []))]
    const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
    const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
    this.sessions = [
      { id: 's1', ip: '203.0.113.77', user_agent: chrome, created_at: ago(95), last_used: ago(0), expires_at: ago(-1345), current: true },
      { id: 's2', ip: '198.51.100.20', user_agent: phone, created_at: ago(700), last_used: ago(41), expires_at: ago(-740), current: false },
    ]
    this.tokens = [{ id: 1, name: 'Grafana', scopes: ['metrics:read'], created_at: ago(20_000), last_used: ago(1) }, { id: 2, name: 'deploy', scopes: ['fleet:read', 'fleet:write'], created_at: ago(9000), last_used: null }]
    this.audit = this.auditEntries(180)
    this.alerts = new MockAlerts(this.now, () => this.servers)
    this.billing = new MockBilling(this.now)
    this.channels = new MockChannels(this.now)
    this.bulk = new MockBulk(this.now, (id) => this.server(String(id))?.name ?? '')
    this.traffic = new MockTraffic(this.now)
    this.haproxy = new MockHAProxy(this.now)
    this.features = [...this.alerts.routes, ...this.billing.routes, ...this.channels.routes, ...controlRoutes, ...this.bulk.routes, ...this.traffic.routes, ...this.haproxy.routes]
  }

  private auditEntries(n: number): AuditEntry[] {
    const actions: [string, string, string, number][] = [
      ['login', '', '', 200], ['POST /api/servers', 'DE-Frankfurt-05', 'https://198.51.100.11:9100', 200], ['PUT /api/settings/{key}', 'metrics_collect_interval', '10', 200],
      ['POST /api/servers/{id}/test', 'NL-Amsterdam-02', '', 200], ['login', '', 'wrong password', 0], ['DELETE /api/tokens/{id}', 'old grafana', '', 200], ['PUT /api/servers/{id}', 'FI-Helsinki-01', 'folder: Europe', 409],
    ]
    return Array.from({ length: n }, (_, i) => {
      const [action, target, detail, status] = actions[i % actions.length]!
      const server = target.includes('-') ? this.servers[i % Math.max(1, this.servers.length)] : undefined
      return { id: n - i, at: new Date(this.now() - i * i * 9000 - 20_000).toISOString(), actor: i % 9 === 5 ? 'token:deploy' : 'admin', ip: i % 4 === 3 ? '198.51.100.20' : '203.0.113.77', action, server_id: server?.id ?? null, target: server?.name ?? target, detail, status }
    })
  }

  /** Answers a request as the panel would. */
  answer(request: MockRequest): MockAnswer {
    this.log.push(request)
    const override = this.overrides.get(`${request.method} ${request.path}`)
    if (override) return wrap(override(request))
    if (this.state !== 'data' && !request.path.startsWith('auth/') && request.path !== 'settings') {
      if (this.state === 'loading') return 'hang'
      if (this.state === 'error' && request.method === 'GET') return fail(503, 'database', "the panel's database does not answer")
    }
    for (const [method, pattern, handler] of this.routes) {
      const match = method === request.method ? pattern.exec(request.path) : null
      if (!match) continue
      if (!this.authenticated && !/^auth\/(login|check|ban-status)$/.test(request.path)) return 'drop'
      return wrap(handler(request, ...match.slice(1).map(decodeURIComponent)))
    }
    for (const [method, pattern, handler] of this.features) {
      const match = method === request.method ? pattern.exec(request.path) : null
      if (match) return this.authenticated ? wrap(handler(request, { empty: this.state === 'empty' }, ...match.slice(1).map(decodeURIComponent))) : 'drop'
    }
    return fail(404, 'not_found', `there is no ${request.method} ${request.path}`)
  }

  private detail(id: string): object | undefined {
    const server = this.server(id)
    return server && { ...server, allow: this.allow }
  }

  private server(id: string): ServerItem | undefined {
    return this.servers.find((s) => s.id === Number(id))
  }

  private readonly routes: [string, RegExp, Handler][] = [
    ['GET', /^auth\/check$/, () => ({ authenticated: this.authenticated })],
    ['POST', /^auth\/login$/, ({ body }) => this.login(String(body.password))],
    ['GET', /^auth\/ban-status$/, () => this.banStatus()],
    ['POST', /^auth\/logout$/, () => ((this.authenticated = false), done)],
    ['PUT', /^auth\/password$/, ({ body }) => (body.current_password === this.password ? done : fail(400, 'invalid', 'this is not the current password', 'current_password'))],
    ['GET', /^auth\/sessions$/, () => this.list('sessions', this.sessions)],
    ['DELETE', /^auth\/sessions\/(.+)$/, (_, id) => ((this.sessions = this.sessions.filter((s) => s.id !== id)), done)],
    ['DELETE', /^auth\/sessions$/, () => ((this.sessions = this.sessions.filter((s) => s.current)), done)],
    ['GET', /^tokens$/, () => this.list('tokens', this.tokens)],
    ['POST', /^tokens$/, ({ body }) => this.createToken(String(body.name), body.scopes as string[])],
    ['DELETE', /^tokens\/(\d+)$/, (_, id) => ((this.tokens = this.tokens.filter((t) => t.id !== Number(id))), done)],
    ['GET', /^audit$/, ({ query }) => this.auditPage(query)],
    ['GET', /^settings$/, () => ({ settings: this.settings })],
    ['PUT', /^settings\/(.+)$/, ({ body }, key = '') => ((this.settings = { ...this.settings, [key]: String(body.value) }), { success: true, key, value: body.value })],
    ['GET', /^system\/health$/, () => this.health()],
    ['GET', /^system\/version$/, () => ({ panel: { version: '0.1.0', latest_version: '0.1.0', update_available: false }, node: { latest_version: '0.1.0' }, optimizations: { latest_version: null }, nodes: [], update_in_progress: false })],
    ['GET', /^system\/panel-ip$/, () => ({ ip: '203.0.113.1', domain: 'panel.example.com' })],
    ['GET', /^servers$/, () => this.list('servers', this.servers)],
    ['POST', /^servers$/, ({ body }) => this.createServer(String(body.name), String(body.url), (body.folder as string) ?? null)],
    ['POST', /^servers\/bulk$/, ({ body }) => ({ success: true, results: (body.servers as { name: string; url: string }[]).map((s, index) => ({ index, ...(this.createServer(s.name, s.url, null) as object) })) })],
    ['GET', /^servers\/folders$/, () => ({ folders: this.state === 'empty' ? [] : this.folders.map((name, position) => ({ name, position })) })],
    ['POST', /^servers\/folders$/, ({ body }) => (this.folders.push(String(body.name)), done)],
    ['POST', /^servers\/folders\/reorder$/, ({ body }) => ((this.folders = body.names as string[]), done)],
    ['POST', /^servers\/folders\/rename$/, ({ body }) => this.renameFolder(String(body.old_name), String(body.new_name))],
    ['DELETE', /^servers\/folders\/(.+)$/, (_, name) => this.deleteFolder(name!)],
    ['POST', /^servers\/reorder$/, ({ body }) => this.reorder(body.server_ids as number[])],
    ['POST', /^servers\/move-to-folder$/, ({ body }) => this.move(body.server_ids as number[], body.folder as string | null)],
    ['GET', /^servers\/(\d+)$/, (_, id) => this.detail(id!) ?? fail(404, 'not_found', 'there is no such server')],
    ['PUT', /^servers\/(\d+)$/, ({ body }, id) => this.change(id!, body)],
    ['DELETE', /^servers\/(\d+)$/, (_, id) => ((this.servers = this.servers.filter((s) => s.id !== Number(id))), done)],
    ['POST', /^servers\/(\d+)\/test$/, (_, id) => this.test(id!)],
    ['POST', /^servers\/(\d+)\/install$/, () => ({ success: true, install: this.install() })],
    ['GET', /^servers\/(\d+)\/join-status$/, (_, id) => ({ joined: this.server(id!)?.joined ?? false, waiting: true, expires_at: this.install().expires_at, last_error: '', stage: 'tcp' })],
    ['GET', /^fleet\/sparklines$/, () => this.sparklines()],
    ['GET', /^proxy\/(\d+)\/metrics(?:\/live)?$/, (_, id) => this.document(id!)],
    ['GET', /^system\/storage$/, () => this.storage()],
    ['GET', /^proxy\/(\d+)\/processes$/, () => this.processes()],
    ['GET', /^proxy\/(\d+)\/events$/, ({ query }) => mockEvents(this.range(query), this.state === 'empty')],
    ['GET', /^dashboards\/server$/, () => serverPage],
    ['GET', /^proxy\/(\d+)\/metrics\/chart\/([\w-]+)$/, ({ query }, id, chart) => this.chart(Number(id), chart!, query)],
  ]

  private list(name: string, all: unknown[]): object {
    const shown = this.state === 'empty' ? [] : all
    return { [name]: shown, count: shown.length }
  }

  private login(password: string): MockAnswer | object {
    if (this.bannedUntil || password !== this.password) {
      this.failures++
      if (this.failures >= 5) this.bannedUntil = new Date(this.now() + 15 * 60_000).toISOString()
      return 'drop'
    }
    this.failures = 0
    this.authenticated = true
    return done
  }

  private banStatus(): BanStatus {
    return { ip: '203.0.113.77', memory_banned: this.bannedUntil !== null, memory_info: { failures: this.failures, attempts_left: Math.max(0, 5 - this.failures), banned_until: this.bannedUntil }, db_info: null }
  }

  private createToken(name: string, scopes: string[]): MockAnswer | object {
    if (!name.trim()) return fail(400, 'invalid', 'give a name of 1 to 100 characters', 'name')
    const token: Token = { id: Math.max(0, ...this.tokens.map((t) => t.id)) + 1, name, scopes, created_at: new Date(this.now()).toISOString(), last_used: null }
    this.tokens = [...this.tokens, token]
    return { success: true, token, secret: 'mon_yX3kQ8mZ0r5T1uVbN7wL2cPfJ6sD9aHgEe4iKoRtYxM' }
  }

  private auditPage(query: URLSearchParams): object {
    const text = (query.get('query') ?? '').toLowerCase()
    const before = Number(query.get('before_id')) || Number.POSITIVE_INFINITY
    const limit = Number(query.get('limit')) || 100
    const server = Number(query.get('server_id')) || 0
    const log = text === '/haproxy' ? this.haproxy.audit(server) : this.audit
    const found = this.state === 'empty' ? [] : log.filter((e) => e.id < before && (!server || e.server_id === server) && [e.actor, e.action, e.target, e.detail].some((v) => v.toLowerCase().includes(text)))
    const entries = found.slice(0, limit)
    return { entries, count: entries.length, next_before_id: found.length > limit ? entries.at(-1)!.id : null }
  }

  private health(): object {
    const GB = 1024 ** 3
    const item = (name: string, value: number, unit: string, ok = true, detail = '') => ({ name, ok, value, unit, detail })
    return {
      ok: true,
      items: [item('scrape_lag', 0.041, 'seconds'), item('scrape_missed', 0, 'number'), item('samples_dropped', 0, 'number'), item('postgres', 0.0011, 'seconds'), item('tsdb_disk', 3.2 * GB, 'bytes'), item('tsdb_series', 184_320, 'number'), item('tsdb_log', 4.1 * GB / 1024, 'bytes'), item('tsdb_quarantine', 0, 'number'), item('alert_rules', 0, 'number'), item('alert_lag', 0.2, 'seconds'), item('messages_waiting', 0, 'number'), item('visits_waiting', 1_240, 'number'), item('visits_dropped', 0, 'number'), item('disk_free', 61 * GB, 'bytes')],
      scrape: { targets: this.servers.length, failing: 1, lag_p99_seconds: 0.041, missed_total: 0, dropped_samples_total: 0 },
      tsdb: { disk_bytes: 3.2 * GB, series: 184_320, quarantined: [] },
      disk: { free_bytes: 61 * GB, total_bytes: 80 * GB },
      clickhouse: { embedded: true, installed: true, up: true, code: '', detail: '', restarts_total: 0, waiting_rows: 1_240, dropped_rows_total: 0 },
      children: [{ name: 'postgres', up: true }],
    }
  }

  private storage(): object {
    const GB = 1024 ** 3
    const tier = (name: string, resolution_seconds: number, retention_days: number, bytes: number, days: number, forecast_bytes: number | null) => ({ name, resolution_seconds, retention_days, bytes, oldest: new Date(this.now() - days * 86_400_000).toISOString(), forecast_bytes })
    const tiers = [tier('raw', 0, 14, 2.1 * GB, 14, 2.1 * GB), tier('5m', 300, 90, 0.9 * GB, 61, 1.3 * GB), tier('1h', 3600, 730, 0.2 * GB, 61, null)]
    return { tiers: this.state === 'empty' ? [] : tiers, wal_bytes: 18 * 1024 ** 2, free_bytes: 61 * GB, total_bytes: 80 * GB, read_only: false, budget_bytes: 0, quarantined: [] }
  }

  private install() {
    return { command: 'curl -fsSL https://panel.example.com/api/join/k3J9/install.sh | sudo bash', token: 'mon1.k3J9xQ…', expires_at: new Date(this.now() + 24 * 3600_000).toISOString() }
  }

  private createServer(name: string, url: string, folder: string | null): MockAnswer | object {
    if (!name.trim()) return fail(400, 'invalid', 'give a name', 'name')
    if (this.servers.some((s) => s.url === url)) return fail(409, 'conflict', 'another server has this address', 'url')
    const id = Math.max(0, ...this.servers.map((s) => s.id)) + 1
    const server: ServerItem = { id, name, url, position: this.servers.length, is_active: true, folder, last_seen: null, last_error: null, error_code: null, restricted: false, agent_version: '', joined: false, status: 'loading', metrics: null, traffic: null }
    this.servers = [...this.servers, server]
    return { success: true, server: { id, name, url, position: server.position }, install: this.install() }
  }

  private change(id: string, body: Record<string, unknown>): MockAnswer | object {
    if (!this.server(id)) return fail(404, 'not_found', 'there is no such server')
    this.servers = this.servers.map((s) => (s.id === Number(id) ? { ...s, ...body } : s))
    return { success: true, message: 'saved' }
  }

  private test(id: string): object {
    const server = this.server(id)
    if (server?.last_error) return { success: false, status: 'timeout', message: server.last_error, stage: 'tcp', code: server.error_code }
    return { success: true, status: 'online', server_name: server?.name, version: '0.1.0' }
  }

  private renameFolder(old: string, name: string): object {
    this.folders = this.folders.map((f) => (f === old ? name : f))
    this.servers = this.servers.map((s) => (s.folder === old ? { ...s, folder: name } : s))
    return { success: true, renamed: 1 }
  }

  private deleteFolder(name: string): object {
    this.folders = this.folders.filter((f) => f !== name)
    this.servers = this.servers.map((s) => (s.folder === name ? { ...s, folder: null } : s))
    return { success: true, unfoldered: 1 }
  }

  private reorder(ids: number[]): object {
    this.servers = this.servers.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)).map((s, position) => ({ ...s, position }))
    return done
  }

  private move(ids: number[], folder: string | null): object {
    this.servers = this.servers.map((s) => (ids.includes(s.id) ? { ...s, folder } : s))
    return { success: true, moved: ids.length }
  }

  private sparklines(): SparklinesResponse {
    const points = 60
    const line = (middle: number, top = Number.POSITIVE_INFINITY) => wander(this.rnd, points, middle).map((v) => Math.min(top, v))
    const servers: SparklinesResponse['servers'] = {}
    const total = { cpu: Array<number>(points).fill(0), ram: Array<number>(points).fill(0), rx: Array<number>(points).fill(0), tx: Array<number>(points).fill(0) }
    for (const s of this.servers) {
      const m = s.metrics
      const tx = m?.network.total.tx_bytes_per_sec ?? 20e6
      const values = { cpu: line(m?.cpu.usage_percent ?? 20, 100), ram: line(m?.memory.ram.percent ?? 40, 100), rx: line(tx / 2), tx: line(tx) }
      const cut = s.status === 'online' ? points : 17
      servers[s.id] = { cpu: values.cpu.map((v, i) => (i < cut ? v : null)), ram: values.ram.map((v, i) => (i < cut ? v : null)), rx: values.rx.map((v, i) => (i < cut ? v : null)), tx: values.tx.map((v, i) => (i < cut ? v : null)) }
      for (let i = 0; i < points; i++) for (const k of ['cpu', 'ram', 'rx', 'tx'] as const) total[k][i]! += (values[k][i] ?? 0) / (k === 'cpu' || k === 'ram' ? this.servers.length : 1)
    }
    return { from: this.now() - (points - 1) * 60_000, step_seconds: 60, count: points, servers: this.state === 'empty' ? {} : servers, total }
  }

  private document(id: string): MockAnswer | object {
    const server = this.server(id)
    if (!server) return fail(404, 'not_found', 'there is no such server')
    if (!server.metrics) return fail(503, 'no_data', 'the server has not answered yet')
    return { ...metrics(random(server.id), server.id, server.name, this.now()), ...server.metrics, network: { ...server.metrics.network, interfaces: [{ name: 'eth0', addresses: [{ type: 'ipv4', address: '192.0.2.10', netmask: '255.255.255.0' }], mac: '52:54:00:12:34:56', mtu: 1500, speed_mbps: 10_000, is_up: true, is_virtual: false, ...server.metrics.network.total, rx_errors: 0, tx_errors: 0, rx_drops: 0, tx_drops: 0 }] } }
  }

  private processes(): object {
    const names = ['xray', 'haproxy', 'dockerd', 'agent', 'containerd', 'systemd', 'sshd', 'cron', 'journald']
    const processes = Array.from({ length: this.state === 'empty' ? 0 : 222 }, (_, i) => ({ pid: 300 + i * 7, name: names[i % names.length]!, user: i % 3 ? 'root' : 'nobody', cpu_percent: 40 / (i + 1), memory_percent: 12 / (i + 2), memory_bytes: 4e9 / (i + 2), status: i % 20 ? 'sleeping' : 'running', threads: 1 + (i % 12), command: `/usr/bin/${names[i % names.length]} --config /etc/${names[i % names.length]}.conf`, started: 1000 + i }))
    return { collected_at: new Date(this.now()).toISOString(), count: processes.length, processes }
  }

  private range(query: URLSearchParams): { from: number; to: number } {
    const seconds = { '1h': 3600, '24h': 86_400, '7d': 604_800, '30d': 2_592_000, '365d': 31_536_000 }[query.get('period') ?? '1h'] ?? 3600
    const to = query.get('to_time') ? Date.parse(query.get('to_time')!) : this.now()
    return { from: query.get('from_time') ? Date.parse(query.get('from_time')!) : to - seconds * 1000, to }
  }

  private chart(id: number, chart: string, query: URLSearchParams): ChartResponse {
    const { from, to } = this.range(query)
    const n = Math.min(Number(query.get('points')) || 360, 360)
    const step = Math.max(10, Math.ceil((to - from) / 1000 / n))
    const count = Math.floor((to - from) / 1000 / step)
    const timestamps = Array.from({ length: count }, (_, i) => to - (count - 1 - i) * step * 1000)
    const definition = serverPage.charts.find((c) => c.id === chart)
    const rnd = random(id * 31 + chart.length)
    const top = definition?.max_fixed ?? Number.POSITIVE_INFINITY
    const middle = { percent: 34, bits_per_second: 430e6, bytes_per_second: 18e6, bytes: 4e9, number: 3, celsius: 52 }[definition?.unit ?? 'percent'] ?? 1
    const lines = definition?.kind === 'heat' ? Array.from({ length: 8 }, (_, i) => ({ name: 'core', legend: String(i) })) : (definition?.series ?? []).map((s) => ({ name: s.name, legend: '' }))
    const gap = (i: number) => i > count * 0.65 && i < count * 0.72
    const series = (this.state === 'empty' ? [] : lines).map((line, at) => {
      const values = wander(rnd, count, middle * (at ? 0.6 : 1)).map((v, i) => (gap(i) ? null : Math.min(top, v)))
      return { ...line, mean: values, min: values.map((v) => v && v * 0.85), max: values.map((v) => v && Math.min(top, v * 1.2)) }
    })
    return { chart, from, to, step_seconds: step, interval_seconds: 10, timestamps: this.state === 'empty' ? [] : timestamps, series, earliest: this.state === 'empty' ? null : to - 40 * 86_400_000 }
  }

  /** What the event stream tells next. */
  liveValues(): LiveServer[] {
    return this.servers.map((s) => nextLive(this.rnd, liveOf(s), this.now()))
  }
}

function wrap(answer: MockAnswer | object): MockAnswer {
  if (answer === 'drop' || answer === 'hang') return answer
  return 'status' in answer && 'body' in answer ? (answer as MockAnswer) : { status: 200, body: answer }
}

const text = (en: string, ru: string) => ({ en, ru })
const line = (id: string, title: { en: string; ru: string }, unit: string, series: [string, string, string][], more: object = {}) => ({ id, title, unit, kind: 'line', mirror: false, collapsed: false, limits: null as { warn: number; crit: number } | null, max_fixed: null as number | null, series: series.map(([name, en, ru]) => ({ name, title: text(en, ru) })), ...more })
const percentLimits = { limits: { warn: 80, crit: 90 }, max_fixed: 100 }

export const serverPage = {
  page: 'server',
  charts: [
    line('cpu', text('CPU', 'CPU'), 'percent', [['used', 'used', 'занято']], percentLimits),
    line('memory', text('Memory', 'Память'), 'percent', [['used', 'used', 'занято'], ['swap', 'swap', 'подкачка']], percentLimits),
    line('cores', text('Cores', 'Ядра'), 'percent', [['core', 'load per core', 'нагрузка на ядро']], { kind: 'heat', max_fixed: 100, limits: { warn: 85, crit: 95 } }),
    line('network', text('Network', 'Сеть'), 'bits_per_second', [['download', 'download', 'загрузка'], ['upload', 'upload', 'отправка']], { mirror: true }),
    line('load', text('Load average', 'Средняя нагрузка'), 'number', [['load1', '1 min', '1 мин'], ['load5', '5 min', '5 мин']]),
    line('disk', text('Disk', 'Диск'), 'bytes_per_second', [['read', 'read', 'чтение'], ['write', 'write', 'запись']], { mirror: true }),
    line('tcp_states', text('TCP states', 'Состояния TCP'), 'number', [['established', 'established', 'established'], ['time_wait', 'time_wait', 'time_wait'], ['close_wait', 'close_wait', 'close_wait']], { kind: 'multiples' }),
  ],
}
