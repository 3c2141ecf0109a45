import { configure, fireEvent, renderHook, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ServerEvent } from '../../api/types'
import { createFormat } from '../../lib/format'
import { MockApi } from '../../test/mock-api'
import { fail } from '../../test/mock-route'
import { renderApp } from '../../test/render'
import { listed, toggleEvents, useEventsShown } from './events'

// jsdom has no canvas: uPlot measures texts and draws into nothing.
beforeAll(() => {
  configure({ asyncUtilTimeout: 15_000 }) // seven charts take their time on a busy machine
  const nothing = () => ({ width: 10, addColorStop() {} })
  const context = new Proxy({}, { get: () => nothing, set: () => true })
  vi.stubGlobal('Path2D', class { constructor() { return new Proxy(this, { get: () => nothing }) } })
  HTMLCanvasElement.prototype.getContext = (() => context) as never
})

beforeEach(() => {
  if (!renderHook(() => useEventsShown()).result.current) toggleEvents() // a page before has hidden them
})

const list = () => screen.findByRole('region', { name: 'Events' })

describe('events in words', () => {
  const now = Date.now()
  const from = now - 3_600_000
  const words = { said: (e: ServerEvent) => e.title.text, since: (t: string) => `since ${t}`, until: (t: string) => `until ${t}` }
  const one = (e: Partial<ServerEvent>, language: 'en' | 'ru' = 'en') => {
    return listed([{ kind: 'reboot', time: from + 60_000, end: null, title: { text: 'reboot' }, detail: '', ...e }], from, 7, createFormat(language, 'UTC'), words)[0]!
  }
  const f = createFormat('en', 'UTC')

  it('says a moment, who and on what, and where it comes from', () => {
    expect(one({})).toMatchObject({ what: 'Reboot', label: 'Reboot', end: from + 60_000, when: f.time(from + 60_000), link: '', alert: false, tone: 'plain' })
    const change = one({ kind: 'change', title: { text: 'HAProxy rule added' }, detail: 'web', actor: 'admin', audit_id: 5 })
    expect(change).toMatchObject({ more: 'web · admin', link: '/audit?server=7&entry=5', text: `HAProxy rule added · ${f.time(from + 60_000)} · web · admin` })
  })

  it('says how long a silence was, or the end that is known', () => {
    const silence = (time: number, end: number | null) => one({ kind: 'silence', title: { text: 'agent unreachable' }, time, end }).when
    expect(silence(from + 60_000, from + 300_000)).toBe(`${f.span(from + 60_000, from + 300_000)} (4\u00a0min)`)
    expect(silence(from, from + 60_000)).toBe(`until ${f.time(from + 60_000)}`)
    expect(silence(from + 60_000, null)).toBe(`since ${f.time(from + 60_000)}`)
  })

  it('shows an alert in the language of the reader and in the colour of its severity', () => {
    const alert = { kind: 'alert', end: null, severity: 'critical', detail: 'as told', message_en: 'CPU is critical: 93 %.', message_ru: 'CPU: критический уровень: 93 %.' }
    expect(one(alert)).toMatchObject({ alert: true, tone: 'crit', label: 'CPU is critical', what: 'CPU is critical: 93 %.', more: '', link: '/alerts?server=7', end: null })
    expect(one(alert, 'ru')).toMatchObject({ what: 'CPU: критический уровень: 93 %.', label: 'CPU: критический уровень' })
    expect(one({ kind: 'alert', end: null, severity: 'warning', detail: 'as told' })).toMatchObject({ tone: 'warn', what: 'as told' })
  })
})

it('lists what happened, the newest first, and has the cursor of the charts go there', async () => {
  await renderApp({ at: '/servers/1' })
  const rows = await within(await list()).findAllByRole('listitem')
  expect(rows.map((r) => r.querySelector('.what')?.textContent)).toEqual(['Agent updated to 1.4.2', 'Firewall rule removed', 'Reboot', 'Agent unreachable', 'Reboot asked for', 'CPU is critical: CPU is at 93 %; the limit is 90 %.', 'HAProxy rule added', 'Load is high: the load average is 9.2.'])
  expect(within(rows[1]!).getByRole('link', { name: 'Audit log' }).getAttribute('href')).toMatch(/\/audit\?server=1&entry=173$/)
  expect(within(rows[5]!).getByRole('link', { name: 'Alerts' }).getAttribute('href')).toMatch(/\/alerts\?server=1$/)
  const cpu = await screen.findByRole('region', { name: 'CPU' })
  await within(cpu).findByRole('img', { name: /^CPU\..* 8 events\.$/ })
  fireEvent.focus(within(rows[2]!).getByRole('button', { name: /^Show on the charts: Reboot · / }))
  await waitFor(() => expect(cpu.querySelector('.chart-note')?.textContent).toMatch(/Reboot/))
  fireEvent.blur(within(rows[2]!).getByRole('button'))
  await waitFor(() => expect(cpu.querySelector('.chart-note')?.textContent).toBe(''))
})

it('has the events in the table of a chart', async () => {
  await renderApp({ at: '/servers/1' })
  const cpu = await screen.findByRole('region', { name: 'CPU' })
  await within(cpu).findByRole('img', { name: /8 events\.$/ })
  await userEvent.click(within(cpu).getByRole('button', { name: 'Show as table' }))
  within(cpu).getByRole('columnheader', { name: 'Events' })
  within(cpu).getByRole('cell', { name: /^Firewall rule removed · .* · 8080\/tcp · token:deploy$/ })
})

it('hides all of them, and remembers that', async () => {
  await renderApp({ at: '/servers/1' })
  await list()
  const toggle = screen.getByRole('button', { name: /^Events/ })
  expect(toggle.getAttribute('aria-pressed')).toBe('true')
  await userEvent.click(toggle)
  expect(screen.queryByRole('region', { name: 'Events' })).toBeNull()
  await screen.findByRole('img', { name: /^CPU\.(?!.*events)/ })
  expect([toggle.getAttribute('aria-pressed'), localStorage.getItem('chart-events')]).toEqual(['false', 'hidden'])
  await userEvent.click(toggle)
  await list()
  expect(localStorage.getItem('chart-events')).toBe('shown')
})

it('says that nothing happened', async () => {
  const mock = new MockApi(Date.now, 6)
  mock.overrides.set('GET proxy/1/events', () => ({ from: 0, to: 1, events: [], truncated: false }))
  await renderApp({ at: '/servers/1', mock })
  await screen.findByText('Nothing happened in this range.')
})

it('says why the events are not there, beside charts that are', async () => {
  const mock = new MockApi(Date.now, 6)
  mock.overrides.set('GET proxy/1/events', () => fail(400, 'invalid', 'no such range', 'from_time'))
  await renderApp({ at: '/servers/1', mock })
  await screen.findByText('The events did not load: no such range')
  await screen.findByRole('img', { name: /^CPU\./ })
})
