import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it } from 'vitest'
import { readEvents } from '../../lib/read-events'
import { MockApi } from '../../test/mock-api'
import { renderApp } from '../../test/render'
import { addToHistory, readHistory } from './history'

beforeEach(() => localStorage.removeItem('terminal-history'))

const typeIn = async (text: string) => userEvent.type(await screen.findByRole('textbox', { name: 'Command' }), text)
const log = () => within(screen.getByRole('log'))

it('runs a command, shows its output and how it ended', async () => {
  const { mock } = await renderApp({ at: '/servers/1/terminal' })
  await typeIn('echo hello{Enter}')
  await log().findByText('exit 0')
  expect(log().getByText('hello')).toBeTruthy()
  expect(mock.log.find((r) => r.path.endsWith('execute-stream'))?.body).toEqual({ command: 'echo hello', timeout: 30, shell: 'bash' })
  await typeIn('false{Enter}')
  await log().findByText('exit 1')
  expect(log().getByText('it went wrong').className).toBe('stderr')
})

it('walks through earlier commands with the arrow keys', async () => {
  addToHistory('uptime')
  addToHistory('df -h')
  await renderApp({ at: '/servers/1/terminal' })
  const field = await screen.findByRole<HTMLTextAreaElement>('textbox', { name: 'Command' })
  await userEvent.type(field, '{ArrowUp}')
  expect(field.value).toBe('df -h')
  await userEvent.type(field, '{ArrowUp}{ArrowUp}')
  expect(field.value).toBe('uptime')
  await userEvent.type(field, '{ArrowDown}{ArrowDown}')
  expect(field.value).toBe('')
})

it('stops a command by ending its request', async () => {
  const { mock } = await renderApp({ at: '/servers/1/terminal' })
  mock.overrides.set('POST proxy/1/system/execute-stream', () => 'hang')
  await typeIn('sleep 100{Enter}')
  await userEvent.click(await screen.findByRole('button', { name: 'Stop' }))
  await log().findByText('stopped')
  expect(screen.getByRole('button', { name: 'Run' })).toBeTruthy()
})

it('keeps the lines of a script and sends them with Ctrl Enter', async () => {
  const { mock } = await renderApp({ at: '/servers/1/terminal' })
  await userEvent.click(await screen.findByRole('radio', { name: 'Script' }))
  await typeIn('echo one{Enter}echo two{Control>}{Enter}{/Control}')
  await log().findByText('exit 0')
  expect(mock.log.find((r) => r.path.endsWith('execute-stream'))?.body.command).toBe('echo one\necho two')
})

it('says when the owner of the server allows no commands', async () => {
  const { mock } = await renderApp({ at: '/servers/1/terminal' })
  mock.overrides.set('POST proxy/1/system/execute-stream', () => ({ status: 409, body: { code: 'restricted', detail: 'restricted by the owner' } }))
  await typeIn('id{Enter}')
  expect((await screen.findByRole('alert')).textContent).toContain('AGENT_ALLOW')
})

it('asks for nothing that the owner has closed, and says what opens it', async () => {
  const mock = new MockApi(Date.now, 3)
  mock.allow = { metrics: 'ro' }
  await renderApp({ at: '/servers/1/terminal', mock })
  expect((await screen.findByText('exec:rw')).parentElement!.textContent).toContain('AGENT_ALLOW')
  expect(screen.queryByRole('textbox')).toBeNull()
})

it('keeps a hundred different commands', () => {
  for (let i = 0; i < 120; i++) addToHistory(`echo ${i}`)
  addToHistory('echo 50')
  expect(readHistory()).toHaveLength(100)
  expect(readHistory().at(-1)).toBe('echo 50')
  expect(readHistory().filter((c) => c === 'echo 50')).toHaveLength(1)
})

it('reads events that come in any pieces', async () => {
  const bytes = new TextEncoder().encode(': \n\nevent: stdout\ndata: {"line":"привет"}\n\n: \n\nevent: done\ndata: {"exit_code":0}\n\n')
  for (const step of [1, 7, bytes.length]) {
    const parts = Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) => bytes.slice(i * step, (i + 1) * step))
    const stream = new ReadableStream({ start: (c) => { parts.forEach((p) => c.enqueue(p)); c.close() } })
    const seen: unknown[] = []
    await readEvents(new Response(stream), (event, data) => seen.push([event, data]))
    expect(seen).toEqual([['stdout', { line: 'привет' }], ['done', { exit_code: 0 }]])
  }
})
