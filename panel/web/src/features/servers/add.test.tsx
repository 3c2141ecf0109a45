import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Install } from '../../api/types'
import { live } from '../../lib/live'
import { liveOf } from '../../lib/live-values'
import { MockApi } from '../../test/mock-api'
import { renderPart } from '../../test/render'
import { JoinStep } from './join-step'
import { ServersPage } from './page'

const posts = (mock: MockApi) => mock.log.filter((r) => r.method === 'POST').map((r) => [r.path, r.body])
const drawer = async (name = 'Add server') => within(await screen.findByRole('dialog', { name }))
const open = (at: string, mock = new MockApi(Date.now, 6)) => renderPart(<ServersPage />, { mock, at })
const fill = async (label: string, text: string) => {
  const field = (await drawer()).getByLabelText(label)
  await userEvent.clear(field)
  if (text) await userEvent.type(field, text)
}
const submit = async () => userEvent.click((await drawer()).getByRole('button', { name: /^Add \d* ?servers?$/ }))

describe('one server', () => {
  it('is created and shows its command and what the panel sees', async () => {
    const mock = await open('/servers?add')
    await fill('Name', ' FR-Paris-09 ')
    await fill('Address', '203.0.113.200:9200')
    await fill('Folder', 'Lab')
    await submit()
    const step = await drawer('Install the agent on FR-Paris-09')
    step.getByText(/\/install\.sh \| sudo bash$/)
    step.getByText(/valid for another 2[34]/)
    await step.findByText('Port 9200 does not answer')
    await step.findByText(/open 9200 for the panel's address 203\.0\.113\.1\./)
    expect(step.queryByText(/^mon1\./)).toBeNull()
    await userEvent.click(step.getByRole('button', { name: 'Show token for a manual install' }))
    step.getByText(/^mon1\./)
    expect(step.getByRole('link', { name: 'Open server' }).getAttribute('href')).toBe('/servers/7')
    expect(posts(mock)).toEqual([['servers', { name: 'FR-Paris-09', url: '203.0.113.200:9200', folder: 'Lab', preset: 'full' }]])
    await userEvent.click(step.getByRole('button', { name: 'Add another' }))
    expect((await drawer()).getByLabelText('Name')).toHaveProperty('value', '')
    expect((await drawer()).getByLabelText('Folder')).toHaveProperty('value', 'Lab')
  })

  it('asks for only watching what is somebody else’s', async () => {
    const mock = await open('/servers?add')
    await fill('Name', 'a')
    await fill('Address', 'a.example')
    await userEvent.click((await drawer()).getByRole('radio', { name: /^Somebody else's/ }))
    await submit()
    await drawer('Install the agent on a')
    expect(posts(mock)).toEqual([['servers', { name: 'a', url: 'a.example', preset: 'monitor' }]])
  })

  it('is checked before it is sent', async () => {
    const mock = await open('/servers?add')
    await fill('Address', 'http://a.example')
    await submit()
    expect((await drawer()).getByLabelText('Name').getAttribute('aria-invalid')).toBe('true')
    ;(await drawer()).getByText(/^The agent speaks only TLS/)
    expect(posts(mock)).toEqual([])
  })

  it('has the panel’s refusal at its field, with the server that is in the way', async () => {
    const mock = new MockApi(Date.now, 6)
    const other = mock.servers[2]!
    await open('/servers?add', mock)
    mock.overrides.set('POST servers', () => ({ status: 409, body: { detail: `the server "${other.name}" has this address already`, code: 'conflict', field: 'url' } }))
    await fill('Name', 'a')
    await fill('Address', other.url)
    await submit()
    await (await drawer()).findByText(`The server ${other.name} has this address already.`)
    expect((await drawer()).getByLabelText('Address').getAttribute('aria-invalid')).toBe('true')
    mock.overrides.set('POST servers', () => ({ status: 400, body: { detail: 'give another name', code: 'invalid', field: 'name' } }))
    await submit()
    await (await drawer()).findByText('Give another name.')
    mock.overrides.set('POST servers', () => ({ status: 503, body: { detail: 'down', code: 'database' } }))
    await submit()
    await (await drawer()).findByText(/^It may be restarting/)
  })

  it('does not lose input to a stray Esc', async () => {
    await open('/servers?add')
    await fill('Name', 'half')
    await userEvent.keyboard('{Escape}')
    await userEvent.click(await screen.findByRole('button', { name: 'Keep editing' }))
    expect((await drawer()).getByLabelText('Name')).toHaveProperty('value', 'half')
  })
})

describe('waiting for the agent', () => {
  afterEach(() => {
    vi.useRealTimers()
    live.replace([])
  })
  const install: Install = { command: 'curl x | sudo bash', token: 'mon1.abc', expires_at: new Date(Date.UTC(2026, 10, 23, 10)).toISOString() }
  const start = async (mock: MockApi, minutesLeft = 60) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 10) - minutesLeft * 60_000 })
    await renderPart(<JoinStep server={{ id: 1, name: 'a', url: 'https://a.example:9100' }} install={install} onInstall={onInstall} />, { mock })
    await pass(50)
  }
  const onInstall = vi.fn()
  const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))
  const says = (stage: string, joined = false) => () => ({ joined, waiting: !joined, expires_at: joined ? null : install.expires_at, last_error: '', stage })

  it('says each stage in plain words until it has joined, then the first values', async () => {
    const mock = new MockApi(Date.now, 6)
    const path = 'GET servers/1/join-status'
    mock.overrides.set(path, says('dns'))
    await start(mock)
    for (const [stage, words] of [['dns', 'The name a.example is not found'], ['tcp', 'Port 9100 does not answer'], ['tls', 'TLS error: not an agent of this panel'], ['identity', 'Another server answers'], ['http', 'The agent answers with an error']] as const) {
      mock.overrides.set(path, says(stage))
      await pass(2100)
      screen.getByText(words)
    }
    mock.overrides.set(path, says('', true))
    await pass(2100)
    screen.getByText('The agent has joined')
    screen.getByText(/^The first values arrive within/)
    act(() => live.apply([{ ...liveOf(mock.servers[0]!), status: 'online', at: Date.now(), cpu: 41, ram: 52, disk: 63 }]))
    screen.getByText('First values have arrived.')
    screen.getByText('41%')
    const asked = mock.log.length
    await pass(10_000)
    expect(mock.log.filter((r, i) => i >= asked && r.path.endsWith('join-status'))).toEqual([])
  })

  it('counts down, and makes a new command after the end', async () => {
    const mock = new MockApi(Date.now, 6)
    mock.overrides.set('GET servers/1/join-status', says(''))
    await start(mock, 1)
    screen.getByText(/valid for another 1\smin/)
    await pass(61_000)
    screen.getByText('The command has expired.')
    act(() => screen.getByRole('button', { name: 'Make a command' }).click())
    await pass(100)
    expect(onInstall).toHaveBeenCalledWith(expect.objectContaining({ token: expect.stringMatching(/^mon1\./) }))
  })
})

describe('a pasted list', () => {
  const paste = async (text: string) => {
    const field = (await drawer()).getByLabelText(/^One server per line/)
    await userEvent.clear(field)
    await userEvent.click(field)
    await userEvent.paste(text)
  }
  const text = async () => ((await drawer()).getByLabelText(/^One server per line/) as HTMLTextAreaElement).value

  it('tells mistakes before anything is sent, and sends only good lines', async () => {
    const mock = new MockApi(Date.now, 6)
    const taken = mock.servers[0]!
    await open('/servers?add=list', mock)
    await paste(`# mine\na, a.example, Lab\nb, http://b.example\nc, ${taken.url}`)
    const d = await drawer()
    d.getByText('2 lines need a correction, ready: 1')
    d.getByText(/^The agent speaks only TLS/)
    d.getByText(`The server ${taken.name} has this address already.`)
    await submit()
    await (await drawer()).findByText('1 server added')
    expect(posts(mock)).toEqual([['servers/bulk', { preset: 'full', servers: [{ name: 'a', url: 'a.example', folder: 'Lab' }] }]])
    expect(await text()).toBe(`b, http://b.example\nc, ${taken.url}`)
  })

  it('keeps what the panel refused, to be corrected and sent without the good ones', async () => {
    const mock = new MockApi(Date.now, 6)
    const created = (index: number, name: string) => ({ index, success: true, server: { id: 50 + index, name, url: `https://${name}.example:9100`, position: 9 }, install: { command: `run ${name}`, token: 't', expires_at: '2026-11-24T00:00:00.000Z' } })
    mock.overrides.set('POST servers/bulk', () => ({ success: false, results: [created(0, 'a'), { index: 1, success: false, error: { detail: 'the name is odd', field: 'name' } }, created(2, 'c')] }))
    await open('/servers?add=list', mock)
    await paste('a a.example\nb b.example\nc c.example')
    await submit()
    const d = await drawer()
    await d.findByText('1 line was not added. Correct it and add it again.')
    d.getByText('The name is odd.')
    d.getByText('2 servers added')
    expect([d.getByText('run a'), d.getByText('run c')].length).toBe(2)
    mock.overrides.set('POST servers/bulk', () => ({ success: true, results: [created(0, 'b')] }))
    await paste('bee b.example')
    await submit()
    await (await drawer()).findByText('3 servers added')
    expect(posts(mock).at(-1)).toEqual(['servers/bulk', { preset: 'full', servers: [{ name: 'bee', url: 'b.example', folder: null }] }])
    ;(await drawer()).getByRole('button', { name: 'Copy all commands' })
    await userEvent.click((await drawer()).getByRole('button', { name: 'Done' }))
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  })

  it('counts in Russian as Russian does', async () => {
    await renderPart(<ServersPage />, { at: '/servers?add=list', language: 'ru' })
    const field = await screen.findByLabelText(/^По серверу в строке/)
    const button = () => screen.getByRole('button', { name: /^Добавить \d/ }).textContent
    const lines = (n: number) => Array.from({ length: n }, (_, i) => `s${i} s${i}.example`).join('\n')
    for (const [n, words] of [[1, 'Добавить 1 сервер'], [2, 'Добавить 2 сервера'], [5, 'Добавить 5 серверов'], [21, 'Добавить 21 сервер']] as const) {
      await userEvent.clear(field)
      await userEvent.click(field)
      await userEvent.paste(lines(n))
      expect(button()).toBe(words)
    }
  })
})
