import { expect, it } from 'vitest'
import type { ActiveAlert } from '../../api/types'
import { chartLink, isNews, wordsOf } from '../../lib/alerts'
import { glyphOf, groupAlerts } from './group-alerts'
import { thresholdOf } from './history'
import { silenceOf } from './silence-drawer'
import { alertTypes, chartOfType, readNumber, triggers } from './triggers'

const alert = (more: Partial<ActiveAlert> = {}): ActiveAlert => ({
  fingerprint: 'f', alertname: 'cpu_critical', type: 'cpu_critical', severity: 'critical', state: 'firing', server_ids: [7], labels: { alertname: 'cpu_critical', server: '7', severity: 'critical', mode: 'user' }, summary: 'S', description: 'D', summary_ru: 'С', description_ru: '',
  value: 93, threshold: 90, details: {}, since: '', fired_at: null, told_at: null, silenced_by: [], covered_by: '', file: '', group: '', expression: '', chart: null, ...more,
})

it('counts as news what fires, is not silenced and not told otherwise', () => {
  expect([alert(), alert({ state: 'pending' }), alert({ silenced_by: [1] }), alert({ covered_by: 'cpu' })].map(isNews)).toEqual([true, false, false, false])
})

it('groups by cause and by server, in the order of the panel', () => {
  const list = [alert(), alert({ alertname: 'offline', server_ids: [3] }), alert({ server_ids: [3] }), alert({ alertname: 'PanelDisk', server_ids: [] })]
  expect(groupAlerts(list, 'cause').map((g) => [g.key, g.alerts.length])).toEqual([['cpu_critical', 2], ['offline', 1], ['PanelDisk', 1]])
  expect(groupAlerts(list, 'server').map((g) => [g.key, g.alerts.length])).toEqual([['7', 1], ['3', 2], ['panel', 1]])
  expect([glyphOf('offline', 'critical'), glyphOf('recovery', 'info'), glyphOf('x', 'critical'), glyphOf('x', 'warning'), glyphOf('x', 'info')]).toEqual(['offline', 'online', 'critical', 'attention', 'online'])
})

it('speaks the language of the user and falls back where a rule has no words', () => {
  expect(wordsOf(alert(), 'ru')).toEqual({ summary: 'С', description: 'D' })
  expect(wordsOf(alert({ summary: '', description: '', summary_ru: '' }), 'en')).toEqual({ summary: 'cpu_critical', description: 'cpu_critical' })
})

it('points at the chart with the threshold, and at the time when it is over or long', () => {
  const now = 100 * 60_000
  expect(chartLink({ serverId: 7, chart: 'cpu', threshold: 90, from: now - 60_000, to: null }, now)).toBe('/servers/7?chart=cpu&threshold=90')
  expect(chartLink({ serverId: 7, chart: 'tcp_states', threshold: null, type: 'tcp_synrecv_spike', from: 50 * 60_000, to: null }, now)).toBe(`/servers/7?chart=tcp_states&series=syn_recv&from=${20 * 60_000}&to=${now}`)
  expect(chartLink({ serverId: 7, chart: 'network', threshold: 8, type: 'network_drop', from: 40 * 60_000, to: 45 * 60_000 }, now)).toBe(`/servers/7?chart=network&threshold=8&below=1&from=${10 * 60_000}&to=${75 * 60_000}`)
})

it('names in a silence exactly what was chosen', () => {
  const exact = (name: string, value: string) => ({ name, value, is_regex: false, is_equal: true })
  expect(silenceOf('server', alert())).toEqual({ server_ids: [7], matchers: [] })
  expect(silenceOf('cause', alert())).toEqual({ server_ids: [], matchers: [exact('alertname', 'cpu_critical')] })
  expect(silenceOf('alert', alert())).toEqual({ server_ids: [7], matchers: [exact('alertname', 'cpu_critical'), exact('server', '7'), exact('mode', 'user')] })
})

it('reads numbers within their bounds', () => {
  const bounds = { min: -5, max: 100, whole: false }
  expect(['90', '0,5', '−3', '1 0', '', 'x', '101', '-6', '1e1'].map((t) => readNumber(t, bounds))).toEqual([90, 0.5, -3, 10, null, null, null, null, null])
  expect([readNumber('1.5', { ...bounds, whole: true }), readNumber('2', { ...bounds, whole: true })]).toEqual([null, 2])
})

it('knows a chart for every type of the settings, and the unit of its limit', () => {
  expect(alertTypes.filter((type) => chartOfType(type) === null)).toEqual([])
  expect(chartOfType('DiskFull')).toBeNull()
  const details = '{"threshold":100}'
  expect([thresholdOf({ details }, 'network'), thresholdOf({ details }, 'cpu'), thresholdOf({ details }, 'conntrack'), thresholdOf({ details: '' }, 'cpu'), thresholdOf({ details: '{}' }, 'cpu')]).toEqual([800, 100, null, null, null])
})

it('has a field of its own for every number of a trigger', () => {
  const keys = triggers.flatMap((x) => x.fields.filter((f) => !f.shared).map((f) => f.key))
  expect(new Set(keys).size).toBe(keys.length)
  expect(triggers.map((x) => x.name)).toHaveLength(13)
})
