import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { MockApi } from '../../test/mock-api'
import { renderPart } from '../../test/render'
import { SettingsPage } from './page'
import { problem } from './polling'
import { browserName } from './user-agent'

const card = async (title: string) => (await screen.findByRole('heading', { name: title })).closest('section') as HTMLElement
const puts = (mock: MockApi) => mock.log.filter((r) => r.method === 'PUT').map((r) => [r.path, r.body.value])

it('saves intervals only when they changed and are right', async () => {
  const mock = await renderPart(<SettingsPage />)
  const field = await screen.findByLabelText('Metrics, seconds between polls')
  const save = within(await card('Polling and bulk actions')).getByRole('button', { name: 'Save' })
  expect(save).toHaveProperty('disabled', true)
  await userEvent.clear(field)
  await userEvent.type(field, '4')
  await screen.findByText('Give 5 to 300.')
  expect(save).toHaveProperty('disabled', true)
  await userEvent.clear(field)
  await userEvent.type(field, '15')
  await screen.findByText('Metrics, seconds between polls: 10 → 15')
  await userEvent.click(save)
  await screen.findByText('Intervals saved')
  expect(puts(mock)).toEqual([['settings/metrics_collect_interval', '15']])
})

it('changes language and theme at once and stores them', async () => {
  const mock = await renderPart(<SettingsPage />)
  await userEvent.click(await screen.findByRole('radio', { name: 'Light' }))
  expect(document.documentElement.dataset.theme).toBe('light')
  await userEvent.click(screen.getByRole('radio', { name: 'Русский' }))
  await screen.findByRole('heading', { name: 'Настройки' })
  expect(document.documentElement.lang).toBe('ru')
  expect(puts(mock)).toEqual([['settings/theme', 'light'], ['settings/language', 'ru']])
  expect([localStorage.getItem('theme'), localStorage.getItem('language')]).toEqual(['light', 'ru'])
})

it('checks a new password before and after it is sent', async () => {
  const mock = await renderPart(<SettingsPage />)
  const form = within(await card('Password'))
  const type = async (label: string, text: string) => {
    await userEvent.clear(form.getByLabelText(label))
    await userEvent.type(form.getByLabelText(label), text)
  }
  const submit = () => userEvent.click(form.getByRole('button', { name: 'Change the password' }))
  await type('Current password', 'guess')
  await type('New password', 'short')
  await submit()
  form.getByText('Give at least 8 characters.')
  form.getByText('The two are not the same.')
  await type('New password', 'long enough')
  await type('New password again', 'long enough')
  await submit()
  await form.findByText('This is not the current password.')
  await type('Current password', mock.password)
  await submit()
  await screen.findByText('Password changed')
  expect(form.getByLabelText('Current password')).toHaveProperty('value', '')
})

it('shows a new token once and deletes one after a question', async () => {
  const mock = await renderPart(<SettingsPage />)
  await userEvent.click(within(await card('API tokens')).getByRole('button', { name: 'Add token' }))
  const drawer = within(await screen.findByRole('dialog'))
  await userEvent.click(drawer.getByRole('button', { name: 'Create' }))
  drawer.getByText('Give a name.')
  await userEvent.type(drawer.getByLabelText('Name'), 'backup')
  await userEvent.click(drawer.getByRole('checkbox', { name: /fleet:read/ }))
  await userEvent.click(drawer.getByRole('button', { name: 'Create' }))
  await screen.findByText(/^mon_/)
  expect(mock.tokens.at(-1)).toMatchObject({ name: 'backup', scopes: ['metrics:read', 'fleet:read'] })
  await userEvent.click(screen.getByRole('button', { name: 'I have copied it' }))
  expect(screen.queryByText(/^mon_/)).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'Delete Grafana' }))
  const question = within(await screen.findByRole('dialog', { name: 'Delete the token Grafana?' }))
  await userEvent.click(question.getByRole('button', { name: 'Delete' }))
  await waitFor(() => expect(mock.tokens.map((t) => t.name)).toEqual(['deploy', 'backup']))
})

it('ends one session or all others, and keeps this one', async () => {
  const mock = await renderPart(<SettingsPage />)
  await userEvent.click(within(await card('Sessions')).getByRole('button', { name: 'End all others…' }))
  const question = within(await screen.findByRole('dialog', { name: 'End 1 other session?' }))
  question.getByText('Safari, iOS, 198.51.100.20')
  await userEvent.click(question.getByRole('button', { name: 'End' }))
  await screen.findByText('1 session ended')
  expect(mock.sessions.map((s) => s.id)).toEqual(['s1'])
})

it('tells what is wrong with the panel in words', async () => {
  const mock = new MockApi(Date.now, 3)
  mock.overrides.set('GET system/health', () => ({ ok: false, items: [{ name: 'disk_free', ok: false, value: 512 * 1024 ** 2, unit: 'bytes', detail: 'free some space' }], scrape: { targets: 3, failing: 1 }, tsdb: {}, disk: {}, children: [{ name: 'postgres', up: false }] }))
  await renderPart(<SettingsPage />, { mock })
  const health = within(await card('State of the panel'))
  await health.findByText('Needs attention')
  health.getByText(/^Free some space\. Below 1 GB/)
  health.getByText('stopped')
})

it('tells that alerts are not raised, or reach nobody', async () => {
  const mock = new MockApi()
  const item = (name: string, value: number, unit: string) => ({ name, ok: false, value, unit, detail: 'raw text' })
  mock.overrides.set('GET system/health', () => ({
    ok: false, items: [item('alert_rules', 2, 'number'), item('alert_lag', 125, 'seconds'), item('messages_waiting', 7, 'number')], scrape: { targets: 3, failing: 1 }, tsdb: {}, disk: {}, children: [],
    alerts: { rules: 60, failures: [{ name: 'host: CPUBusy', reason: 'no such function' }, { name: 'settle', reason: 'x' }], late_seconds: 125, late_group: 'network' },
    messages: { waiting: 7, oldest_seconds: 400, last_error: 'Bad Request: chat not found' },
  }))
  await renderPart(<SettingsPage />, { mock })
  const health = within(await card('State of the panel'))
  await health.findByText('Nobody is told of these: host: CPUBusy, settle. Reason of the first: no such function')
  health.getByText(/^The rules of network are evaluated late/)
  health.getByText('Messages do not arrive. Reason: Bad Request: chat not found')
})

it('names damaged months and what was found', async () => {
  const mock = new MockApi()
  const quarantined = [{ tier: '5m', partition: '2026_10', reason: 'values.bin: cut off', time: '2026-11-26T10:00:00Z' }]
  mock.overrides.set('GET system/health', () => ({ ok: false, items: [{ name: 'tsdb_quarantine', ok: false, value: 1, unit: 'number', detail: 'raw text' }, { name: 'new_check', ok: false, value: 1, unit: 'number', detail: 'says itself' }], scrape: { targets: 3, failing: 1 }, tsdb: { quarantined }, disk: {}, children: [] }))
  await renderPart(<SettingsPage />, { mock })
  const health = within(await card('State of the panel'))
  await health.findByText(/^Not served: 2026-10 \(5m\)\..*Reason: values\.bin: cut off$/)
  health.getByText('Says itself.')
})

it('knows intervals and browsers', () => {
  const bounds = { key: 'k', min: 5, max: 300 }
  expect(['5', '300', '4', '301', '', '1.5', '-6'].map((v) => problem(v, bounds))).toEqual([null, null, 'range', 'range', 'whole', 'whole', 'whole'])
  expect(browserName('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0')).toBe('Edge, Windows')
  expect(browserName('curl/8.5.0')).toBe('curl')
  expect(browserName('')).toBe('–')
})

it('says how to get what keeps visits', async () => {
  const mock = new MockApi()
  const clickhouse = { embedded: true, installed: false, up: false, code: 'clickhouse_unavailable', detail: 'engine not installed: run', restarts_total: 0, waiting_rows: 0, dropped_rows_total: 0 }
  const items = [{ name: 'disk_free', ok: true, value: 1, unit: 'bytes', detail: '' }]
  mock.overrides.set('GET system/health', () => ({ ok: true, items, scrape: { targets: 3, failing: 0 }, tsdb: {}, disk: {}, clickhouse, children: [] }))
  await renderPart(<SettingsPage />, { mock })
  const health = within(await card('State of the panel'))
  await health.findByText('not installed')
  health.getByText(/run "panel clickhouse install"/)
  mock.overrides.set('GET system/health', () => ({ ok: true, items, scrape: { targets: 3, failing: 0 }, tsdb: {}, disk: {}, clickhouse: { ...clickhouse, installed: true, detail: 'the engine ended: signal: killed' }, children: [] }))
  await renderPart(<SettingsPage />, { mock })
  await screen.findByText('The engine ended: signal: killed.')
})
