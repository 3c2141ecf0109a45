import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { MockApi } from '../../test/mock-api'
import { renderApp } from '../../test/render'
import { bucketsOf, portProblem, portRows } from './traffic-buckets'

// jsdom draws nothing; the chart of the speed has its own tests.
vi.mock('../../components/chart/time-chart', () => ({ TimeChart: () => null }))

const at = '/servers/1/traffic'
const ports = () => screen.findByRole('table', { name: 'Ports' })

it('shows the totals of the period with their age', async () => {
  await renderApp({ at })
  const tiles = within(await screen.findByRole('region', { name: 'Totals' }))
  await waitFor(() => expect(tiles.getAllByText('last 30 days')).toHaveLength(3))
  expect(tiles.getByText('9.08')).toBeTruthy() // 9300 GB
  expect(tiles.getByText('13.1')).toBeTruthy() // with 4100 GB
  expect(screen.getByText(/totals of 4\d\ss ago/)).toBeTruthy()
})

it('adds a port after looking at it', async () => {
  const { mock } = await renderApp({ at })
  const field = await screen.findByRole('textbox', { name: 'Count another port' })
  const posts = () => mock.log.filter((r) => r.method === 'POST')
  for (const [text, problem] of [['70000', /from 1 to 65535/], ['443', /counted already/]] as const) {
    await userEvent.clear(field)
    await userEvent.type(field, `${text}{Enter}`)
    expect((await screen.findByRole('alert')).textContent).toMatch(problem)
  }
  expect(posts()).toHaveLength(0)
  await userEvent.clear(field)
  await userEvent.type(field, '2096{Enter}')
  await within(await ports()).findByText(':2096')
  expect(posts().map((r) => [r.path, r.body])).toEqual([['proxy/1/traffic/ports/add', { port: 2096 }]])
})

it('stops counting a port after a question, and keeps its history', async () => {
  const { mock } = await renderApp({ at })
  await userEvent.click(await screen.findByRole('button', { name: 'Stop counting port 443' }))
  await userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Stop counting' }))
  await waitFor(() => expect(mock.traffic.tracked).toEqual([8443]))
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Stop counting port 443' })).toBeNull())
  expect(within(await ports()).getByText(':443')).toBeTruthy()
})

it('finds ports by their digits', async () => {
  await renderApp({ at })
  await userEvent.type(await screen.findByRole('searchbox', { name: 'Port number' }), ':84')
  expect(within(await ports()).getAllByRole('row')).toHaveLength(2) // the head and one
  expect(within(await ports()).getByText(':8443')).toBeTruthy()
})

it('asks for the history of one port by months and keeps gaps', async () => {
  const { mock } = await renderApp({ at })
  const bars = await screen.findByRole('img', { name: /^30 bars/ })
  expect(bars.querySelectorAll('[data-gap]')).toHaveLength(2)
  await screen.findByRole('option', { name: 'Port 443' })
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Of what' }), 'Port 443')
  await userEvent.click(screen.getByRole('radio', { name: '12 months' }))
  await screen.findByRole('img', { name: /^12 bars/ })
  const last = mock.log.findLast((r) => r.path.endsWith('/monthly'))
  expect(Object.fromEntries(last?.query ?? [])).toEqual({ months: '12', port: '443' })
})

it('says when the owner keeps the ports closed, and still shows what is known', async () => {
  const { mock } = await renderApp({ at: '/servers/2/traffic' })
  mock.overrides.set('POST proxy/2/traffic/ports/add', () => ({ status: 409, body: { code: 'restricted', detail: 'restricted by the owner' } }))
  await userEvent.type(await screen.findByRole('textbox', { name: 'Count another port' }), '80{Enter}')
  expect((await screen.findByRole('alert')).textContent).toContain('AGENT_ALLOW')
  expect(within(await ports()).getByText(':443')).toBeTruthy()
})

it('does not ask what the owner has closed, and says what opens it', async () => {
  const mock = new MockApi(Date.now, 24)
  mock.allow = { metrics: 'ro' }
  await renderApp({ mock, at })
  await screen.findByText('traffic:rw')
  await ports()
  expect(screen.queryByRole('textbox', { name: 'Count another port' })).toBeNull()
  expect(mock.log.filter((r) => r.path.endsWith('/ports/tracked'))).toEqual([])
})

it('leaves an offline server alone', async () => {
  const mock = new MockApi(Date.now, 24)
  const id = mock.servers.find((s) => s.status === 'offline')?.id
  await renderApp({ mock, at: `/servers/${id}/traffic` })
  await screen.findByText('Ports can be added and removed when the server answers.')
  expect(within(await ports()).getByText(':443')).toBeTruthy()
  expect(screen.queryByRole('button', { name: /Stop counting/ })).toBeNull()
  expect(mock.log.filter((r) => r.path.endsWith('/ports/tracked'))).toEqual([])
})

it('reads the labels of hours, days and months as UTC', () => {
  const bytes = { rx_bytes: 1, tx_bytes: null }
  const starts = bucketsOf([{ hour: '2026-11-27 14:00', ...bytes }, { date: '2026-11-27', ...bytes }, { month: '2026-11', ...bytes }]).map((b) => new Date(b.at).toISOString())
  expect(starts).toEqual(['2026-11-27T14:00:00.000Z', '2026-11-27T00:00:00.000Z', '2026-11-01T00:00:00.000Z'])
})

it.each([['1', null], ['65535', null], [' 80 ', null], ['0', 'range'], ['65536', 'range'], ['', 'range'], ['1e3', 'range'], ['-1', 'range'], ['4.5', 'range'], ['443', 'known']])('judges the port %j', (text, problem) => {
  expect(portProblem(text, [443])).toBe(problem)
})

it('lists ports that are counted or were', () => {
  expect(portRows([8443, 80], [{ port: 443, rx_bytes: 5, tx_bytes: 6 }])).toEqual([
    { port: 80, rx_bytes: 0, tx_bytes: 0, tracked: true }, { port: 443, rx_bytes: 5, tx_bytes: 6, tracked: false }, { port: 8443, rx_bytes: 0, tx_bytes: 0, tracked: true },
  ])
})
