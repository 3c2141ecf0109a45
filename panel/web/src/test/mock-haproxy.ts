import type { AuditEntry, CachedResponse, Cert, CertRenewal, FirewallRule, HAProxyProxy, HAProxyRule, Held, LastHourResponse } from '../api/types'
import { fail, type Route } from './mock-route'

const done = { success: true, message: 'done' }

/** HAProxy, certificates and the firewall of an invented server: the same of each. */
export class MockHAProxy {
  rules: HAProxyRule[] = [
    { name: 'vless-reality', rule_type: 'tcp', listen_port: 443, target_ip: '192.0.2.11', target_port: 8443, target_ssl: false, send_proxy: true },
    { name: 'trojan-tls', rule_type: 'https', listen_port: 8443, target_ip: '192.0.2.12', target_port: 2053, cert_domain: 'vpn.example.com', target_ssl: true, send_proxy: false },
    { name: 'relay-fin', rule_type: 'tcp', listen_port: 2096, target_ip: '198.51.100.11', target_port: 2096, target_ssl: false, send_proxy: false, by_hand: true },
  ]
  firewall: FirewallRule[] = [this.fw(1, '22/tcp', 'ALLOW', '203.0.113.4', 'SSH'), this.fw(2, '443/tcp', 'ALLOW', 'Anywhere'), this.fw(3, '25/tcp', 'DENY', 'Anywhere'), { ...this.fw(4, 'Nginx Full', 'ALLOW', 'Anywhere'), read_only: true }]
  held: Held[] = []
  holdSeconds = 45
  private heldUntil = 0
  private before = this.firewall
  content = this.file(this.rules)
  private revision = 1
  running = true
  renews = true
  logs = Array.from({ length: 300 }, (_, i) => `Nov 23 09:${String(Math.floor(i / 60) + 36).padStart(2, '0')}:${String(i % 60).padStart(2, '0')} node haproxy[812]: ${i % 40 === 39 ? 'Server backend_tcp_relay-fin/srv1 is DOWN, reason: Layer4 timeout' : `198.51.100.${i % 250}:${40000 + i} tcp_vless-reality backend_tcp_vless-reality/srv1 1/0/${i} ${i * 731} --`}`)
  installed = true

  constructor(private readonly now: () => number) {}

  readonly routes: Route[] = [
    ['GET', /^proxy\/\d+\/haproxy\/cached$/, (_, { empty }) => this.cached(empty)],
    ['GET', /^proxy\/\d+\/haproxy\/stats$/, () => ({ collected_at: new Date(this.now()).toISOString(), version: '3.2.1', uptime_seconds: 41 * 86400, connections: 1740, max_connections: 20000, old_processes: 1, frontends: this.rules.map((r, i) => this.proxy(`${r.rule_type}_${r.name}`, '', i)), backends: [], servers: this.rules.map((r, i) => this.proxy(`backend_${r.rule_type}_${r.name}`, 'srv1', i)) })],
    ['GET', /^proxy\/\d+\/haproxy\/last-hour$/, (_, { empty }) => this.lastHour(empty)],
    ['GET', /^proxy\/\d+\/haproxy\/config$/, () => ({ content: this.content, path: '/etc/haproxy/haproxy.cfg', hash: this.hash })],
    ['POST', /^proxy\/\d+\/haproxy\/rules$/, ({ body, query }) => this.change(query, [...this.rules, body as unknown as HAProxyRule])],
    ['PUT', /^proxy\/\d+\/haproxy\/rules\/([^/]+)$/, ({ body, query }, _, name) => this.change(query, this.rules.map((r) => (r.name === name ? { ...r, ...body } : r)))],
    ['DELETE', /^proxy\/\d+\/haproxy\/rules\/([^/]+)$/, ({ query }, _, name) => this.change(query, this.rules.filter((r) => r.name !== name))],
    ['GET', /^proxy\/\d+\/haproxy\/status$/, (_, { empty }) => this.cached(empty).status!],
    ['POST', /^proxy\/\d+\/haproxy\/install$/, () => ((this.installed = true), done)],
    ['POST', /^proxy\/\d+\/haproxy\/(start|stop|restart|reload)$/, (_, __, action) => ((this.running = action !== 'stop'), done)],
    ['POST', /^proxy\/\d+\/haproxy\/servers\/([^/]+)\/([^/]+)$/, () => done],
    ['POST', /^proxy\/\d+\/haproxy\/config\/apply$/, ({ body, query }) => this.write(query, String(body.config_content), body.reload_after !== false)],
    ['GET', /^proxy\/\d+\/haproxy\/logs$/, ({ query }, { empty }) => ({ logs: empty ? '' : this.logs.slice(-Number(query.get('tail'))).join('\n') })],
    ['POST', /^proxy\/\d+\/haproxy\/validate$/, () => ({ valid: true, message: 'Configuration file is valid' })],
    ['POST', /^proxy\/\d+\/haproxy\/config\/regenerate$/, ({ query }) => this.change(query, query.get('preserve_rules') === 'false' ? [] : this.rules)],
    ['GET', /^proxy\/\d+\/haproxy\/certs\/cron\/status$/, () => this.renewal()],
    ['POST', /^proxy\/\d+\/haproxy\/certs\/cron\/(enable|disable)$/, (_, __, word) => ((this.renews = word === 'enable'), this.renewal())],
    ['POST', /^proxy\/\d+\/haproxy\/certs\/(.+)$/, () => ({ ...done, renewed_domains: ['cdn.example.net'] })],
    ['DELETE', /^proxy\/\d+\/haproxy\/certs\/([^/]+)$/, () => done],
    ['POST', /^proxy\/\d+\/haproxy\/firewall\/(enable|disable)$/, () => fail(502, 'reverted', 'after the change the server could not be reached by a new connection')],
    ['POST', /^proxy\/(\d+)\/haproxy\/firewall\/rule$/, ({ body }, _, id) => this.hold(Number(id), 'add', `${String(body.action)} ${String(body.direction)} ${String(body.ports)}/${String(body.protocol)}`, [...this.firewall, this.fw(this.firewall.length + 1, `${String(body.ports)}/${String(body.protocol)}`, String(body.action).toUpperCase(), 'Anywhere')])],
    ['DELETE', /^proxy\/(\d+)\/haproxy\/firewall\/rule\/(\d+)$/, ({ query }, _, id, n) => this.hold(Number(id), 'delete', query.get('expect') ?? '', this.firewall.filter((r) => r.number !== Number(n)))],
    ['GET', /^firewall\/changes$/, () => ({ changes: this.held.map((h) => ({ ...h, seconds_left: h.outcome ? 0 : Math.max(0, this.heldUntil - this.now()) / 1000 })) })],
    ['POST', /^proxy\/\d+\/haproxy\/firewall\/changes\/([^/]+)\/(keep|revert)$/, (_, __, change, what) => this.decide(change!, what === 'keep' ? 'kept' : 'reverted')],
  ]

  private hold(server_id: number, op: string, rule: string, firewall: FirewallRule[]): object {
    this.before = this.firewall
    this.firewall = firewall
    this.heldUntil = this.now() + this.holdSeconds * 1000
    this.held = [{ server_id, id: `c${this.heldUntil}`, op, rule, hold_seconds: this.holdSeconds, seconds_left: this.holdSeconds, outcome: '' }]
    return { ...done, pending: this.held[0] }
  }

  /** What a person, or with 'expired' the node, decides of the change that waits. */
  decide(change: string, outcome: string): object {
    if (this.held[0]?.id !== change || this.held[0].outcome) return fail(404, 'not_found', 'this change waits no more') as object
    if (outcome !== 'kept') this.firewall = this.before
    this.held = [{ ...this.held[0], outcome }]
    return done
  }

  get hash(): string {
    return `h${this.revision}`
  }

  private renewal(): CertRenewal {
    const day = 86400_000
    const last = Math.floor(this.now() / day) * day
    return { enabled: this.renews, schedule: 'every day at 03:00', next_run: this.renews ? new Date(last + day).toISOString() : null, last_run: new Date(last).toISOString(), last_log: 'old.example.net: the domain does not lead to this server\n' }
  }

  private fw(number: number, to: string, action: string, from: string, comment = ''): FirewallRule {
    return { number, port: Number.parseInt(to) || 0, ports: to.split('/')[0]!, protocol: 'tcp', action, from_ip: from, direction: 'IN', ipv6: false, to, from, comment, read_only: false }
  }

  private proxy(proxy: string, server: string, i: number): HAProxyProxy {
    return { proxy, server, status: server ? (i === 2 ? 'DOWN' : 'UP') : 'OPEN', sessions: [1204, 522, 0][i] ?? 0, sessions_max: 2000, sessions_limit: 20000, sessions_total: 90000, sessions_per_sec: [180, 34, 0][i] ?? 0, queue: 0, bytes_in: 4.1e11, bytes_out: 9.2e11, errors: 12 * i, denied: 0, weight: 1, check_status: 'L4OK', check_millis: i === 2 ? 0 : 3 + i, last_change_seconds: 360, downtime_seconds: 0 }
  }

  /** What was done to HAProxy of a server. */
  audit(server_id: number): AuditEntry[] {
    const done: [number, string, string, string, number][] = [
      [1, 'POST /firewall/rule', 'firewall', 'add allow in 2053/tcp', 200], [99, 'POST /reload', '', '', 200], [103, 'POST /config/apply', 'configuration', '1204 bytes', 422], [104, 'POST /config/apply?dry_run=true', 'configuration', '1204 bytes, only checked', 200],
      [300, 'PUT /rules/{name}', 'relay-fin', '', 200], [301, 'PUT /rules/{name}?dry_run=true', 'relay-fin', 'only checked', 200], [37_000, 'POST /certs/{domain}/renew', 'vpn.example.com', '', 200],
    ]
    return done.map(([minutes, action, target, detail, status], i) => ({ id: 1000 - i, at: new Date(this.now() - minutes * 60_000).toISOString(), actor: 'admin', ip: '203.0.113.77', action: action.replace(' ', ' /api/proxy/{id}/haproxy'), server_id, target, detail, status }))
  }

  /** An hour with a hole of seven minutes; the rule whose target is down has no traffic. */
  private lastHour(empty: boolean): LastHourResponse {
    const minute = 60_000
    const line = (mean: number, phase: number) => Array.from({ length: 60 }, (_, i) => (empty || (i > 20 && i < 28) ? null : mean * (1 + 0.25 * Math.sin(i / 5 + phase) + 0.08 * Math.sin(i * 2.7 + phase))))
    const rates = [60e6, 41.4e6, 0]
    return {
      from: Math.floor(this.now() / minute) * minute - 59 * minute, step_seconds: 60, connections: line(1740, 0), sessions: line(214, 1), bytes_in: line(53.9e6, 2), bytes_out: line(101.5e6, 3),
      frontends: Object.fromEntries(this.rules.map((r, i) => [`${r.rule_type}_${r.name}`, line(rates[i] ?? 1e6, i)])),
    }
  }

  private file(rules: HAProxyRule[]): string {
    const of = (r: HAProxyRule) => `frontend ${r.rule_type}_${r.name}\n    bind *:${r.listen_port}\n    default_backend backend_${r.rule_type}_${r.name}\n\nbackend backend_${r.rule_type}_${r.name}\n    server srv1 ${r.target_ip}:${r.target_port} check inter 5s\n`
    return `defaults\n    mode tcp\n    timeout connect 5s\n\n# === RULES START ===\n${rules.map(of).join('\n')}# === RULES END ===\n`
  }

  private change(query: URLSearchParams, rules: HAProxyRule[]): object {
    const answer = this.write(query, this.file(rules), true)
    if (query.get('dry_run') !== 'true') this.rules = rules
    return answer
  }

  /** What another administrator does on the node. */
  changeByHand(content: string): void {
    this.content = content
    this.revision++
  }

  private write(query: URLSearchParams, content: string, reload: boolean): object {
    if (query.get('if_config') !== this.hash) return fail(409, 'changed_meanwhile', 'the file has changed') as object
    const dry = query.get('dry_run') === 'true'
    if (!dry) this.changeByHand(content)
    return { ...done, config_valid: true, reloaded: reload && !dry, runtime: false, config_hash: this.hash, content: dry ? content : undefined }
  }

  private cached(empty: boolean): CachedResponse {
    const at = this.now()
    const cert = (domain: string, days: number, used: string[]): Cert => ({ domain, names: [domain], issuer: "Let's Encrypt", source: 'agent', expiry_date: new Date(at + days * 86400_000).toISOString(), days_left: days, expired: days < 0, combined_exists: true, cert_path: '', used_by: used, renewable: true, files: { pem: '', key: '', cert: '', fullchain: '', chain: '' } })
    const certs = empty ? [] : [cert('old.example.net', -3, []), cert('cdn.example.net', 9, []), cert('panel.example.com', 41, []), cert('vpn.example.com', 68, ['trojan-tls'])]
    const rules = empty ? [] : this.rules
    const firewall = empty ? [] : this.firewall
    return {
      status: { installed: this.installed, running: this.installed && this.running, enabled: true, config_exists: true, config_valid: true, config_message: '', config_path: '/etc/haproxy/haproxy.cfg', config_hash: this.hash, old_processes: 1, status_output: '', service_logs: '' },
      rules: { count: rules.length, rules, foreign: 1, config_hash: this.hash },
      certs: { certificates: certs, count: certs.length },
      firewall: { status: { installed: true, active: true, default_incoming: 'deny', default_outgoing: 'allow', logging: 'on (low)' }, rules: { active: true, count: firewall.length, rules: firewall } },
      cached_at: new Date(at - 12_000).toISOString(), age_seconds: 12, last_error: '', last_error_words: null,
    }
  }
}
