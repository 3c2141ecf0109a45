import { act, configure, fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeAll, expect, it, vi } from 'vitest'
import { MockApi } from '../../test/mock-api'
import { renderApp } from '../../test/render'

// jsdom has no canvas: uPlot measures texts and draws into nothing.
beforeAll(() => {
  configure({ asyncUtilTimeout: 15_000 }) // seven charts take their time on a busy machine
  const nothing = () => ({ width: 10, addColorStop() {} })
  const context = new Proxy({}, { get: () => nothing, set: () => true })
  vi.stubGlobal('Path2D', class { constructor() { return new Proxy(this, { get: () => nothing }) } })
  HTMLCanvasElement.prototype.getContext = (() => context) as never
})

const minute = 60_000
const charts = (mock: MockApi) => mock.log.filter((r) => r.path.includes('/metrics/chart/'))
const query = (path: string) => new URLSearchParams(path.split('?')[1])

it('zooms all charts by the keys of one, in the address, and finds the way back', async () => {
  const { mock, path } = await renderApp({ at: '/servers/1?period=24h' })
  const plot = await screen.findByRole('img', { name: /^Memory\./ })
  expect(screen.queryByRole('button', { name: /Back to/ })).toBeNull()
  mock.log.length = 0
  fireEvent.keyDown(plot, { key: '+' })
  await screen.findByRole('button', { name: 'Back to 24 h' })
  const { period, from, to } = Object.fromEntries(query(path()))
  expect(period).toBe('24h')
  expect(Number(to) - Number(from)).toBe(12 * 60 * minute)
  await waitFor(() => {
    const asked = charts(mock).filter((r) => r.query.get('from_time'))
    expect(new Set(asked.map((r) => r.path.split('/').at(-1)))).toEqual(new Set(['cpu', 'memory', 'cores', 'network', 'load', 'disk', 'tcp_states']))
    for (const r of asked) expect([r.query.get('from_time'), r.query.get('to_time')]).toEqual([new Date(Number(from)).toISOString(), new Date(Number(to)).toISOString()])
  })
  fireEvent.keyDown(await screen.findByRole('img', { name: /^CPU\./ }), { key: 'Escape' })
  await waitFor(() => expect(path()).toBe('/servers/1?period=24h'))
})

it('counts a key from what the one before asked for, however late its data is', async () => {
  const { path } = await renderApp({ at: '/servers/1?period=24h' })
  const plot = await screen.findByRole('img', { name: /^Memory\./ })
  const press = (...keys: string[]) => act(() => keys.forEach((key) => fireEvent.keyDown(plot, { key })))
  const hours = () => (Number(query(path()).get('to')) - Number(query(path()).get('from'))) / 60 / minute
  press('+', '+', '+')
  expect(hours()).toBe(3)
  press('-')
  expect(hours()).toBe(6)
  press('Escape', '-')
  expect(hours()).toBe(48)
})

it('shows the range of a key before the next one is looked at', async () => {
  await renderApp({ at: '/servers/1?period=24h' })
  const plot = await screen.findByRole('img', { name: /^Memory\./ })
  plot.dispatchEvent(new KeyboardEvent('keydown', { key: '+', bubbles: true })) // not through act(), which would wait for what a browser does not wait for
  for (let i = 0; i < 50; i++) await Promise.resolve() // all that can happen before the next task
  screen.getByRole('button', { name: 'Back to 24 h' })
})

it('shows a link to a free range, widens and leaves it', async () => {
  const to = Date.now() - 60 * minute
  const { path } = await renderApp({ at: `/servers/1?period=7d&from=${to - 10 * minute}&to=${to}` })
  await userEvent.click(await screen.findByRole('button', { name: 'Show twice as much' }))
  await waitFor(() => expect(Number(query(path()).get('to')) - Number(query(path()).get('from'))).toBe(20 * minute))
  await userEvent.keyboard('{Escape}') // nothing is in focus that takes it
  await waitFor(() => expect(path()).toBe('/servers/1?period=7d'))
})

it('takes a range from two fields in the zone of the settings', async () => {
  const now = Date.UTC(2026, 10, 23, 9, 41)
  const { path } = await renderApp({ at: '/servers/1?period=30d', mock: new MockApi(Date.now, 6) })
  await userEvent.click(await screen.findByRole('button', { name: 'Range…' }))
  const [from, until] = [screen.getByLabelText('From'), screen.getByLabelText('To')]
  screen.getByText('Time zone: Europe/Moscow')
  fireEvent.change(from, { target: { value: '2024-11-20T12:41' } })
  fireEvent.change(until, { target: { value: '2024-11-19T12:41' } })
  await userEvent.click(screen.getByRole('button', { name: 'Show' }))
  screen.getByText('The begin must be before the end.')
  const year = new Date().getUTCFullYear()
  const [a, b] = [`${year - 1}-11-22T12:41`, `${year - 1}-11-23T12:41`]
  fireEvent.change(from, { target: { value: a } })
  fireEvent.change(until, { target: { value: b } })
  await userEvent.click(screen.getByRole('button', { name: 'Show' }))
  await screen.findByRole('button', { name: new RegExp(`^Range 22.Nov.${year - 1}, 12:41 – 23.Nov.${year - 1}, 12:41$`) })
  const end = new Date(now).setUTCFullYear(year - 1)
  expect(query(path()).get('to')).toBe(String(end))
  expect(query(path()).get('from')).toBe(String(end - 24 * 60 * minute))
  expect(query(path()).get('period')).toBe('30d')
})
