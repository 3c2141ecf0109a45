import type { ActiveAlert, AlertSettingsBody, HistoryItem, RuleGroup, ServerItem, Silence } from '../api/types'
import { fail, type MockAnswer, type Route } from './mock-route'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const unset: number[] = []
const host = (name: string, spike: number) => ({ [`${name}_enabled`]: true, [`${name}_critical_threshold`]: 90, [`${name}_spike_percent`]: spike, [`${name}_sustained_seconds`]: 300, [`${name}_min_value`]: 10, [`${name}_excluded_server_ids`]: unset })
const tcp = (name: string, enabled: boolean, spike: number) => ({ [`tcp_${name}_enabled`]: enabled, [`tcp_${name}_spike_percent`]: spike, [`tcp_${name}_sustained_seconds`]: 300, [`tcp_${name}_excluded_server_ids`]: unset })

const settings = {
  enabled: true, check_interval: 60, alert_cooldown: 1800, excluded_server_ids: unset, telegram_links: true, webhook_links: false, telegram_bot_token: '***', telegram_chat_id: '-1002345678901', language: 'ru',
  offline_enabled: true, offline_fail_threshold: 3, offline_recovery_notify: true, offline_excluded_server_ids: unset, ...host('cpu', 40), ...host('ram', 30),
  network_enabled: true, network_spike_percent: 200, network_drop_percent: 80, network_sustained_seconds: 300, network_min_bytes: 1_048_576, network_excluded_server_ids: unset, tcp_min_connections: 100,
  ...tcp('established', true, 200), tcp_established_drop_percent: 80, ...tcp('listen', false, 150), ...tcp('timewait', false, 300), ...tcp('closewait', true, 200), ...tcp('synsent', false, 200), ...tcp('synrecv', false, 200), ...tcp('finwait', false, 200),
  load_avg_enabled: true, load_avg_threshold_offset: 1, load_avg_sustained_checks: 3, load_avg_excluded_server_ids: unset, conntrack_enabled: true, conntrack_threshold: 80, conntrack_excluded_server_ids: unset,
} as AlertSettingsBody

interface Invented {
  type: string
  severity: string
  texts: [summary: string, description: string, summaryRu: string, descriptionRu: string]
  ago: number
  chart: string | null
  threshold?: number
  more?: Partial<ActiveAlert>
}

/** Alerts in memory. */
export class MockAlerts {
  settings = structuredClone(settings)
  active: ActiveAlert[]
  silences: Silence[]
  history: HistoryItem[]
  refusal = ''
  broken = [{ file: '/var/lib/panel/rules/mine.yml', line: 14, reason: 'unknown position: parse error: unexpected end of input in aggregation' }]

  constructor(private readonly now: () => number, private readonly servers: () => ServerItem[]) {
    this.active = this.invent()
    this.silences = [{ id: 1, server_ids: servers().slice(7, 9).map((s) => s.id), matchers: [], reason: 'Kernel update', created_at: this.ago(20), ends_at: this.ago(-100) }]
    this.history = Array.from({ length: 184 }, (_, i) => this.line(i))
  }

  private ago(minutes: number): string {
    return new Date(this.now() - minutes * minute).toISOString()
  }

  private invent(): ActiveAlert[] {
    const all = this.servers()
    const offline = all.filter((s) => s.status === 'offline').slice(0, 3)
    const online = all.filter((s) => s.status === 'online')
    const list: [ServerItem | undefined, Invented][] = [
      ...offline.map((s, i): [ServerItem, Invented] => [s, { type: 'offline', severity: 'critical', texts: ['Server is down', 'No answer in 3 checks in a row.', 'Сервер не в сети', 'Нет ответа, проверок подряд: 3.'], ago: 9 + i * 32, chart: 'cpu' }]),
      [online[2], { type: 'cpu_critical', severity: 'critical', texts: ['CPU is critical', 'CPU is at 93 %; the limit is 90 %.', 'CPU: критический уровень', 'CPU: 93 % при пороге 90 %.'], ago: 12, chart: 'cpu', threshold: 90, more: { details: { current: 93, threshold: 90, ema: 31.2 } } }],
      [online[4], { type: 'ram_critical', severity: 'critical', texts: ['Memory is critical', 'Memory is at 94 %; the limit is 90 %.', 'Память: критический уровень', 'Память: 94 % при пороге 90 %.'], ago: 34, chart: 'memory', threshold: 90 }],
      [online[5], { type: 'network_drop', severity: 'warning', texts: ['Network has dropped', 'Network is 93 % below its usual level.', 'Сеть: падение', 'Сеть: на 93 % ниже обычного.'], ago: 6, chart: 'network', threshold: 124e6, more: { details: { current: 5.1e6, ema: 77.5e6, threshold: 15.5e6, deviation_pct: -93 } } }],
      [online[6], { type: 'tcp_closewait_spike', severity: 'warning', texts: ['TCP close_wait has jumped', 'TCP close_wait is 208 % above its usual level.', 'TCP close_wait: скачок', 'TCP close_wait: на 208 % выше обычного.'], ago: 14, chart: 'tcp_states', threshold: 225, more: { details: { current: 231, ema: 75, threshold: 225, deviation_pct: 208 } } }],
      [online[7], { type: 'DiskFullSoon', severity: 'warning', texts: ['A disk is full within a day', '/ is at 81 % and full in 19 hours.', 'Диск заполнится за сутки', '/ занят на 81 % и заполнится через 19 часов.'], ago: 51, chart: 'filesystems', more: { file: 'shipped/disk.yml' } }],
      [online[1], { type: 'load_avg_high', severity: 'warning', texts: ['Load is high', 'The load average is 9.2.', 'Высокая нагрузка', 'Средняя нагрузка — 9.2.'], ago: 2, chart: 'load', threshold: 9, more: { state: 'pending', fired_at: null, told_at: null } }],
      [offline[0], { type: 'AgentDown', severity: 'critical', texts: ['The agent does not answer', 'No answer for 2 minutes.', 'Агент не отвечает', 'Нет ответа 2 минуты.'], ago: 11, chart: 'cpu', more: { covered_by: 'offline', file: 'shipped/host.yml' } }],
    ]
    return list.flatMap(([server, v], i) => (server ? [this.alert(server, v, i)] : []))
  }

  private alert(server: ServerItem, { type, severity, texts: [summary, description, summary_ru, description_ru], ago, chart, threshold, more }: Invented, i: number): ActiveAlert {
    return {
      fingerprint: `f${i}`, alertname: type, type, severity, state: 'firing', server_ids: [server.id], labels: { alertname: type, server: String(server.id), severity }, summary, description, summary_ru, description_ru,
      value: null, threshold: threshold ?? null, details: {}, since: this.ago(ago + 5), fired_at: this.ago(ago), told_at: this.ago(ago), silenced_by: [], covered_by: '', file: 'settings', group: 'alert-settings', expression: `panel_alert_value{metric="${type}"} >= 90`,
      chart: chart ? { server_id: server.id, chart, threshold: threshold ?? null } : null, ...more,
    }
  }

  private line(i: number): HistoryItem {
    const kinds: [string, string, string, string][] = [['offline', 'critical', 'No answer in 3 checks in a row.', 'Нет ответа 3 проверки подряд.'], ['recovery', 'info', 'It answers again after 7 min.', 'Снова отвечает через 7 мин.'], ['cpu_critical', 'critical', 'CPU is at 93 %; the limit is 90 %.', 'Процессор загружен на 93 %; порог 90 %.'], ['network_spike', 'warning', 'Network is 240 % above its usual level.', 'Сеть на 240 % выше обычного.'], ['tcp_established_drop', 'warning', 'TCP established is 84 % below its usual level.', 'Установленных соединений TCP на 84 % меньше обычного.'], ['ram_spike', 'warning', 'Memory is 41 % above its usual level.', 'Памяти занято на 41 % больше обычного.']]
    const [alert_type, severity, message, russian] = kinds[i % kinds.length]!
    const list = this.servers()
    const server = list[(i * 7) % Math.max(1, list.length)]
    const at = this.now() - (i * i * 1.2 + i * 9 + 8) * minute
    return { id: 1000 - i, server_id: server?.id ?? null, server_name: server?.name ?? 'gone', alert_type, severity, message, message_en: message, message_ru: russian, details: alert_type === 'cpu_critical' ? '{"current":93,"threshold":90}' : '{}', notified: i % 5 !== 4, created_at: new Date(at).toISOString(), ended_at: i < 2 || severity === 'info' ? null : new Date(at + (5 + (i % 9) * 4) * minute).toISOString() }
  }

  private groups(): RuleGroup[] {
    const rule = (name: string, expression: string, state = 'inactive', more: object = {}) => ({ name, type: 'alerting', expression, for_seconds: 300, severity: 'warning', summary: `${name} holds`, summary_ru: `${name}: условие выполнено`, state, health: 'ok', error: '', alerts: state === 'inactive' ? 0 : 1, evaluation_seconds: 0.0012, ...more })
    const group = (file: string, source: string, name: string, rules: RuleGroup['rules'], error = ''): RuleGroup => ({ file, source, name, interval_seconds: 60, last_evaluation: this.ago(0.35), evaluation_seconds: 0.0134, error, rules })
    return [
      group('alert-settings.yml', 'settings', 'alert-settings', [rule('offline', 'panel_alert_failed_checks >= 3', 'firing', { severity: 'critical', for_seconds: 0 }), rule('cpu_critical', 'panel_alert_value{metric="cpu"} >= 90 and panel_alert_samples{metric="cpu"} >= 5', 'firing', { severity: 'critical' }), rule('load_avg_high', 'panel_alert_value{metric="load_avg"} > ignoring (metric) (panel_alert_value{metric="cores"} + 1)', 'pending')]),
      group('shipped/disk.yml', 'shipped', 'disk', [rule('DiskAlmostFull', '1 - node_filesystem_avail_bytes / node_filesystem_size_bytes > 0.85'), rule('DiskFullSoon', 'predict_linear(node_filesystem_avail_bytes[6h], 86400) < 0', 'firing')]),
      group('shipped/host.yml', 'shipped', 'host', [rule('AgentDown', 'up{job="node"} == 0'), { ...rule('instance:cpu:ratio', 'avg_over_time(agent_cpu_usage_ratio[5m])', ''), type: 'recording', severity: '', for_seconds: 0 }]),
      group('/var/lib/panel/rules/team.yml', 'user', 'team', [rule('Many', 'label_replace(up, "a", "$1", "b", "(")', 'unknown', { health: 'err', error: 'invalid regular expression in label_replace(): (' })], 'invalid regular expression in label_replace(): ('),
    ]
  }

  private backtest(trigger: string, threshold: number): object {
    const end = Math.floor(this.now() / hour) * hour
    const hot = [30, 77, 102, 151].filter((_, i) => threshold <= 96 - i * 2)
    const hours = Array.from({ length: 168 }, (_, i) => ({ start: new Date(end - (168 - i) * hour).toISOString(), max: hot.includes(i) ? 97 : 54 + 12 * Math.sin((i / 24) * 6.28 - 2) + ((i * 37) % 12), fired: hot.includes(i) ? 1 : 0 }))
    const names = this.servers().slice(0, Math.max(0, hot.length - 1))
    return { trigger, days: 7, fired: hot.length, servers: names.map((s, i) => ({ server_id: s.id, server_name: s.name, fired: i === 0 ? 2 : 1, times: [] })), checked: this.servers().length, unit: '%', threshold, hours }
  }

  private days(): object[] {
    return Array.from({ length: 30 }, (_, i) => ({ day: new Date(this.now() - i * day).toISOString().slice(0, 10), critical: (i * 7) % 4, warning: 1 + ((i * 5) % 6), info: i % 3 }))
  }

  private silence(body: Record<string, unknown>): MockAnswer | object {
    if (!String(body.reason ?? '').trim()) return fail(400, 'invalid', 'say in 1 to 500 characters why', 'reason')
    const silence = { id: Math.max(0, ...this.silences.map((s) => s.id)) + 1, created_at: this.ago(0), ...body } as Silence
    this.silences = [...this.silences, silence]
    this.active = this.active.map((a) => (a.server_ids.some((id) => silence.server_ids.includes(id)) ? { ...a, silenced_by: [silence.id] } : a))
    return { success: true, silence }
  }

  private page(query: URLSearchParams): object {
    const [type, server] = [query.get('alert_type'), Number(query.get('server_id')) || 0]
    const found = this.history.filter((h) => (!type || h.alert_type === type) && (!server || h.server_id === server))
    const offset = Number(query.get('offset')) || 0
    return { items: found.slice(offset, offset + (Number(query.get('limit')) || 50)), total: found.length }
  }

  readonly routes: Route[] = [
    ['GET', /^alerts\/settings$/, () => this.settings],
    ['PUT', /^alerts\/settings$/, ({ body }) => (this.settings = { ...this.settings, ...body })],
    ['POST', /^alerts\/test-telegram$/, () => (this.refusal ? { success: false, error: this.refusal } : { success: true, message: 'the message has arrived' })],
    ['GET', /^alerts\/status$/, () => ({ running: this.settings.enabled, last_check: this.ago(0.6), next_check_in: 24, monitored_servers: this.servers().length - this.settings.excluded_server_ids.length, active_conditions: {} })],
    ['GET', /^alerts\/active$/, (_, { empty }) => ({ alerts: empty ? [] : this.active, count: empty ? 0 : this.active.length })],
    ['GET', /^alerts\/history\/days$/, (_, { empty }) => ({ days: empty ? [] : this.days() })],
    ['GET', /^alerts\/history$/, ({ query }, { empty }) => (empty ? { items: [], total: 0 } : this.page(query))],
    ['DELETE', /^alerts\/history$/, () => {
      const deleted = this.history.length
      this.history = []
      return { deleted }
    }],
    ['GET', /^alerts\/groups$/, (_, { empty }) => ({ groups: empty ? [] : this.groups(), broken: empty ? [] : this.broken, directory: '/var/lib/panel/rules' })],
    ['POST', /^alerts\/reload$/, () => ({ groups: this.groups(), broken: this.broken, directory: '/var/lib/panel/rules' })],
    ['GET', /^alerts\/rules-file$/, () => ({ status: 200, body: 'groups:\n  - name: alert-settings\n    interval: 1m\n    rules:\n      - alert: offline\n        expr: panel_alert_failed_checks >= 3\n' })],
    ['GET', /^alerts\/silences$/, (_, { empty }) => ({ silences: empty ? [] : this.silences })],
    ['POST', /^alerts\/silences$/, ({ body }) => this.silence(body)],
    ['DELETE', /^alerts\/silences\/(\d+)$/, (_, __, id) => {
      this.silences = this.silences.filter((s) => s.id !== Number(id))
      this.active = this.active.map((a) => ({ ...a, silenced_by: a.silenced_by.filter((s) => s !== Number(id)) }))
      return { success: true }
    }],
    ['POST', /^alerts\/backtest$/, ({ body }) => this.backtest(String(body.trigger), Number((body.settings as Record<string, number>)[`${String(body.trigger)}_critical_threshold`] ?? 90))],
  ]
}
