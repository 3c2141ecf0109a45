import type { EventsResponse, ServerEvent } from '../api/types'

/** What happened on every invented server, by the share of the range; the gap of the charts is the silence. */
export function mockEvents({ from, to }: { from: number; to: number }, empty: boolean): EventsResponse {
  const at = (share: number) => Math.round(from + share * (to - from))
  const said = (text: string, params?: string[]) => ({ text, code: text.toLowerCase().replace(/[^a-z]+/g, '_').replace(/_$/, ''), params })
  const change = (share: number, text: string, detail: string, audit_id: number, actor = 'admin'): ServerEvent => ({ kind: 'change', time: at(share), end: null, title: said(text), detail, actor, audit_id })
  const events: ServerEvent[] = [
    { kind: 'alert', time: at(-0.2), end: at(0.05), title: { text: 'load_avg_high' }, detail: '', severity: 'warning', message_en: 'Load is high: the load average is 9.2.', message_ru: 'Высокая нагрузка: средняя нагрузка — 9.2.' },
    change(0.12, 'HAProxy rule added', 'vless-reality tcp :443 to 192.0.2.7:8443', 171),
    { kind: 'alert', time: at(0.32), end: at(0.42), title: { text: 'cpu_critical' }, detail: '', severity: 'critical', message_en: 'CPU is critical: CPU is at 93 %; the limit is 90 %.', message_ru: 'CPU: критический уровень: 93 % при пороге 90 %.' },
    change(0.645, 'reboot asked for', '', 172),
    { kind: 'silence', time: at(0.652), end: at(0.717), title: said('agent unreachable'), detail: '' },
    { kind: 'reboot', time: at(0.7), end: null, title: said('reboot'), detail: '' },
    change(0.85, 'firewall rule removed', '8080/tcp', 173, 'token:deploy'),
    { kind: 'agent', time: at(0.93), end: null, title: { text: 'agent updated to 1.4.2', code: 'agent_updated_to', params: ['1.4.2'] }, detail: '' },
  ]
  return { from, to, events: empty ? [] : events, truncated: false }
}
