import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { MockApi } from '../../test/mock-api'
import { renderApp } from '../../test/render'

const mocked = () => new MockApi(Date.now, 24)
const sent = (mock: MockApi, method: string, path: string) => mock.log.filter((r) => r.method === method && r.path === path).map((r) => r.body)
const card = async (title: string) => within((await screen.findByRole('heading', { level: 2, name: title })).closest('section') as HTMLElement)
const type = async (field: HTMLElement, text: string) => {
  await userEvent.clear(field)
  await userEvent.type(field, text)
}

it('groups what is active by cause or by server and counts it in the menu', async () => {
  const mock = mocked()
  const { path } = await renderApp({ mock, at: '/alerts' })
  const active = await card('Active')
  const group = within(await active.findByRole('region', { name: 'CPU is critical' }))
  group.getByText('at or above 90%, for 5\u00a0min', { normalizer: (s) => s })
  expect(group.getByRole('listitem').textContent).toContain('93% usually 31%')
  expect(active.queryByText('Load is high')).toBeNull() // it waits: folded
  await userEvent.click(active.getByRole('button', { name: /^Waiting/ }))
  active.getByText('Load is high:')
  const news = mock.alerts.active.filter((a) => a.state === 'firing' && !a.covered_by)
  expect((await screen.findAllByTitle(`${news.length} active alerts`))[0]!.textContent).toBe(String(news.length))
  await userEvent.click(active.getByRole('radio', { name: 'By server' }))
  expect(path()).toBe('/alerts?by=server')
  const name = mock.servers.find((s) => s.id === mock.alerts.active.find((a) => a.type === 'network_drop')!.server_ids[0])!.name
  within(await active.findByRole('region', { name })).getByText('Network dropped')
})

it('links an alert to the chart that shows it, with the threshold', async () => {
  const mock = mocked()
  const { path } = await renderApp({ mock, at: '/alerts' })
  const active = await card('Active')
  const group = within(await active.findByRole('region', { name: 'TCP close_wait jumped' }))
  const link = group.getByRole('link', { name: /^Chart with the threshold/ })
  await userEvent.click(link)
  await waitFor(() => expect(path()).toMatch(/^\/servers\/\d+\?chart=tcp_states&threshold=225&series=close_wait/))
})

it('silences one alert, with a reason', async () => {
  const mock = mocked()
  await renderApp({ mock, at: '/alerts' })
  const active = await card('Active')
  const group = within(await active.findByRole('region', { name: 'Network dropped' }))
  await userEvent.click(group.getByRole('button', { name: /^Silence/ }))
  const drawer = within(await screen.findByRole('dialog', { name: 'Silence an alert' }))
  await userEvent.click(drawer.getByRole('button', { name: 'Silence' }))
  drawer.getByText('Say why, in 1 to 500 characters.')
  await userEvent.type(drawer.getByLabelText('Reason'), 'provider works on it')
  await userEvent.click(drawer.getByRole('button', { name: '8\u00a0h' }))
  const before = Date.now()
  await userEvent.click(drawer.getByRole('button', { name: 'Silence' }))
  await screen.findByText(/^Silenced until/)
  const [body] = sent(mock, 'POST', 'alerts/silences')
  const alert = mock.alerts.active.find((a) => a.type === 'network_drop')!
  expect(body).toMatchObject({ reason: 'provider works on it', server_ids: alert.server_ids, matchers: expect.arrayContaining([{ name: 'alertname', value: 'network_drop', is_regex: false, is_equal: true }]) })
  expect(Math.abs(Date.parse(String(body!.ends_at)) - before - 8 * 3_600_000)).toBeLessThan(60_000)
  await waitFor(() => expect(active.queryByRole('region', { name: 'Network dropped' })).toBeNull())
  active.getByRole('button', { name: /^Silenced/ })
})

it('puts servers into maintenance by folder and ends it', async () => {
  const mock = mocked()
  await renderApp({ mock, at: '/alerts/silences' })
  const silences = await card('Silences')
  await userEvent.click(await screen.findByRole('button', { name: 'Silence servers' }))
  const drawer = within(await screen.findByRole('dialog', { name: 'Maintenance of servers' }))
  await userEvent.type(drawer.getByLabelText('Reason'), 'new kernel')
  await userEvent.click(drawer.getByRole('button', { name: 'Silence' }))
  drawer.getByText('Choose at least one server.')
  const americas = mock.servers.filter((s) => s.folder === 'Americas')
  await userEvent.click(drawer.getByRole('checkbox', { name: /^Americas/ }))
  await userEvent.click(drawer.getByRole('checkbox', { name: new RegExp(`^${americas[0]!.name}`) }))
  await userEvent.click(drawer.getByRole('button', { name: 'Silence' }))
  await waitFor(() => expect(sent(mock, 'POST', 'alerts/silences')).toHaveLength(1)) // toasts outlive a test
  expect(sent(mock, 'POST', 'alerts/silences')[0]).toMatchObject({ server_ids: americas.slice(1).map((s) => s.id), matchers: [] })
  await userEvent.click(silences.getAllByRole('button', { name: 'End now' })[0]!)
  await screen.findByText('The silence has ended')
  expect(mock.alerts.silences).toHaveLength(1)
})

it('tries the numbers of a trigger on the last week before it saves them', async () => {
  const mock = mocked()
  await renderApp({ mock, at: '/alerts' })
  const triggers = await card('Triggers')
  await userEvent.click(await triggers.findByRole('button', { name: 'Settings of CPU' }))
  const cpu = within(triggers.getByRole('region', { name: 'CPU' }))
  await cpu.findByText('With these numbers it would have fired 4 times on 3 servers in 7 days.')
  await type(cpu.getByLabelText('Threshold'), '95')
  await cpu.findByText('With these numbers it would have fired 1 time on 0 servers in 7 days.', {}, { timeout: 5000 })
  const tried = sent(mock, 'POST', 'alerts/backtest')
  expect(tried.at(-1)).toEqual({ trigger: 'cpu', settings: { cpu_critical_threshold: 95 } })
  expect(tried.length).toBeLessThanOrEqual(3) // not one for each key
  await type(cpu.getByLabelText('Threshold'), '200')
  cpu.getByText('Give a number from 1 to 100.')
  expect(cpu.getByRole('button', { name: 'Save' })).toHaveProperty('disabled', true)
  await type(cpu.getByLabelText('Threshold'), '95')
  await userEvent.click(cpu.getByRole('button', { name: 'Servers…' }))
  const picker = within(await screen.findByRole('dialog', { name: 'Servers excluded from CPU' }))
  await userEvent.type(picker.getByRole('searchbox'), mock.servers[3]!.name)
  await userEvent.click(picker.getByRole('checkbox', { name: new RegExp(`^${mock.servers[3]!.name}`) }))
  await userEvent.click(picker.getByRole('button', { name: 'Use 1 server' }))
  await userEvent.click(cpu.getByRole('button', { name: 'Save' }))
  await screen.findByText('Trigger CPU saved')
  expect(sent(mock, 'PUT', 'alerts/settings')).toEqual([{ cpu_critical_threshold: 95, cpu_excluded_server_ids: [mock.servers[3]!.id] }])
})

it('switches a trigger at once and back by undo', async () => {
  const mock = mocked()
  await renderApp({ mock, at: '/alerts' })
  await userEvent.click(await screen.findByRole('switch', { name: 'Trigger TCP listen' }))
  await screen.findByText('TCP listen is watched')
  await userEvent.click(screen.getByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(sent(mock, 'PUT', 'alerts/settings')).toEqual([{ tcp_listen_enabled: true }, { tcp_listen_enabled: false }]))
})

it('says that alerts are off and switches them on', async () => {
  const mock = mocked()
  mock.alerts.settings.enabled = false
  await renderApp({ mock, at: '/alerts' })
  await userEvent.click(await screen.findByRole('button', { name: 'Switch on' }))
  await screen.findByText('Alerts are on')
  expect(mock.alerts.settings.enabled).toBe(true)
  expect(screen.queryByText('Alerts are off.')).toBeNull()
})

it('filters, pages and clears the history', async () => {
  const mock = mocked()
  const { path } = await renderApp({ mock, at: '/alerts' })
  const history = await card('History')
  await history.findByText('30 days, 184 events')
  await userEvent.click(history.getByRole('button', { name: 'Older events' }))
  await history.findByText('50 of 184 shown')
  await userEvent.selectOptions(history.getByLabelText('Type'), 'cpu_critical')
  await waitFor(() => expect(path()).toBe('/alerts?type=cpu_critical'))
  await history.findByText('30 days, 31 events')
  const chart = history.getAllByRole('link').map((a) => a.getAttribute('href')).find((h) => h?.includes('threshold=90'))
  expect(chart).toMatch(/^\/servers\/\d+\?chart=cpu&threshold=90&from=\d+&to=\d+$/)
  await userEvent.click(history.getByRole('button', { name: 'Clear history…' }))
  await userEvent.click(within(await screen.findByRole('dialog', { name: 'Clear the whole history?' })).getByRole('button', { name: 'Clear history' }))
  await screen.findByText('184 events deleted')
  await userEvent.click(await history.findByRole('button', { name: 'Clear filters' }))
  await history.findByText('Nothing has happened')
})

it('shows rules, what is broken in them, and the file of the triggers', async () => {
  await renderApp({ mock: mocked(), at: '/alerts/rules' })
  const broken = await card('1 file cannot be read')
  broken.getByText('/var/lib/panel/rules/mine.yml:14')
  broken.getByText(/Unknown position: parse error/)
  const rules = await card('Rules')
  within(rules.getByRole('region', { name: 'team' })).getAllByText(/Invalid regular expression/)
  await userEvent.click(rules.getByRole('button', { name: /^alert-settings/ }))
  within(rules.getByRole('region', { name: 'alert-settings' })).getByText('panel_alert_failed_checks >= 3')
  await userEvent.click(rules.getByRole('button', { name: 'Reload' }))
  await screen.findByText('4 groups loaded')
  await userEvent.click(rules.getByRole('button', { name: 'Rules of the triggers' }))
  const dialog = within(await screen.findByRole('dialog', { name: 'Rules of the triggers' }))
  expect((await dialog.findByText(/alert: offline/)).textContent).toContain('  - name: alert-settings\n')
})

it('keeps stored secrets, removes them on demand, and tells Telegram’s own reason', async () => {
  const mock = mocked()
  mock.alerts.refusal = 'Bad Request: chat not found'
  await renderApp({ mock, at: '/alerts/channels' })
  const telegram = await card('Telegram')
  expect(telegram.getByLabelText('Bot token')).toHaveProperty('value', '')
  await type(telegram.getByLabelText('Chat'), '-1005')
  await userEvent.click(telegram.getByRole('button', { name: 'Send a test' }))
  await telegram.findByText('Telegram says: Bad Request: chat not found.')
  expect(sent(mock, 'POST', 'alerts/test-telegram')).toEqual([{ bot_token: '', chat_id: '-1005' }])
  await userEvent.selectOptions(telegram.getByLabelText('Language of messages'), 'ru')
  await userEvent.click(telegram.getByRole('button', { name: 'Save' }))
  await screen.findByText('Delivery saved')
  expect(sent(mock, 'PUT', 'notify/settings')).toEqual([{ telegram_chat_id: '-1005', language: 'ru' }])
  await userEvent.click(telegram.getByRole('button', { name: 'Remove' }))
  await waitFor(() => expect(sent(mock, 'PUT', 'notify/settings').at(-1)).toEqual({ telegram_bot_token: '' }))
})

it('puts refusals of a channel at their field and checks the heartbeat', async () => {
  const mock = mocked()
  mock.overrides.set('PUT notify/settings', () => ({ status: 400, body: { code: 'invalid', field: 'alertmanager_url', detail: 'give an address that starts with https:// or http://' } }))
  await renderApp({ mock, at: '/alerts/channels' })
  const alertmanager = await card('Alertmanager')
  await type(alertmanager.getByLabelText('Address'), 'am:9093')
  await userEvent.click(alertmanager.getByRole('button', { name: 'Save' }))
  await alertmanager.findByText('Give an address that starts with https:// or http://.')
  const beat = await card('Heartbeat')
  await type(beat.getByLabelText('Seconds between calls'), '5')
  beat.getByText('Give 10 to 86,400 seconds.')
  expect(beat.getByRole('button', { name: 'Save' })).toHaveProperty('disabled', true)
})

it('says that nothing is wrong, and what cannot be read', async () => {
  const mock = mocked()
  mock.state = 'empty'
  await renderApp({ mock, at: '/alerts' })
  await screen.findByText('Nothing is wrong')
  await screen.findByText('Nothing has happened')
})

it('offers to try again after an error', async () => {
  const mock = mocked()
  mock.overrides.set('GET alerts/groups', () => ({ status: 400, body: { code: 'invalid', detail: 'no rules for you' } }))
  await renderApp({ mock, at: '/alerts/rules' })
  await screen.findByText('No rules for you.')
  mock.overrides.clear()
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  await screen.findByRole('region', { name: 'team' })
})
