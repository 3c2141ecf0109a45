import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it } from 'vitest'
import { renderApp } from '../../test/render'
import { MockApi } from '../../test/mock-api'
import { complete, payload, tabs } from './actions'

const online = () => {
  const mock = new MockApi(Date.now, 6)
  mock.servers = mock.servers.map((s) => ({ ...s, status: 'online' }))
  return mock
}
const choose = async (name: string) => userEvent.click(await screen.findByRole('checkbox', { name: new RegExp(name) }))
const confirm = async (verb: string) => userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: verb }))

it('runs a command on the chosen servers and shows what became of each', async () => {
  const mock = online()
  const { path } = await renderApp({ at: '/bulk', mock })
  const [a, b, c] = mock.servers
  for (const s of [a!, b!, c!]) await choose(s.name)
  await userEvent.type(screen.getByRole('textbox', { name: 'Command' }), 'uptime')
  await userEvent.click(screen.getByRole('button', { name: 'Run command' }))
  await confirm('Run command')
  const job = within(await screen.findByRole('region', { name: 'Job' }))
  await job.findByText('ended, 3 of 3')
  expect(job.getAllByText('done')).toHaveLength(2)
  expect(job.getByText('the server does not answer: Connection refused')).toBeTruthy()
  const sent = mock.log.find((r) => r.path === 'bulk/terminal/execute')
  expect(sent?.body).toEqual({ command: 'uptime', shell: 'bash', timeout: 30, server_ids: [a!.id, b!.id, c!.id] })
  expect(path()).toBe('/bulk?job=job1')
})

/** A job that counts port 443 on three servers, of which the third is offline. */
async function portJob({ language = 'en', again = '' }: { language?: 'en' | 'ru'; again?: string } = {}) {
  const mock = online()
  mock.bulk.start('traffic/ports', { server_ids: mock.servers.slice(0, 3).map((s) => s.id) })
  mock.bulk.jobs[0]!.job.again = again
  const page = await renderApp({ at: '/bulk?job=job1', mock, language })
  return { mock, page, job: within(await screen.findByRole('region', { name: language === 'ru' ? 'Задание' : 'Job' })) }
}

it('runs a job again on the servers that have not done it, by one click', async () => {
  const { mock, page, job } = await portJob()
  await userEvent.click(await job.findByRole('button', { name: 'Run again on 1 server' }))
  await waitFor(() => expect(page.path()).toBe('/bulk?job=job2'))
  expect(mock.log.filter((r) => r.path === 'bulk/jobs/job1/again')).toHaveLength(1)
  await screen.findByText('ended, 1 of 1')
  expect(screen.queryByRole('button', { name: /Run again on/ })).toBeNull()
})

it('leads from a job that was run again to the newer one', async () => {
  const { page, job } = await portJob({ again: 'job9' })
  expect(job.queryByRole('button', { name: /Run again on/ })).toBeNull()
  await userEvent.click(await job.findByRole('button', { name: 'Run again: open' }))
  expect(page.path()).toBe('/bulk?job=job9')
})

it('leaves the change for servers that were offline', async () => {
  const { mock, job } = await portJob()
  await userEvent.click(await job.findByRole('button', { name: 'Leave for 1 that is offline' }))
  await job.findByText('it gets this when it is back')
  expect(mock.log.some((r) => r.path === 'bulk/jobs/job1/later')).toBe(true)
  expect(job.queryByRole('button', { name: /Leave for|Run again/ })).toBeNull()
})

it('says in Russian what the panel says', async () => {
  const { job } = await portJob({ language: 'ru' })
  await job.findByText('сервер не отвечает: Соединение отклонено')
  expect(screen.getByText('трафик: считать порт 443')).toBeTruthy()
})

it('says that the panel was restarted in the middle of a job', async () => {
  const mock = online()
  mock.bulk.start('traffic/ports', { server_ids: mock.servers.slice(0, 2).map((s) => s.id) })
  const { job, results } = mock.bulk.jobs[0]!
  Object.assign(job, { restored: true, counts: { total: 2, done: 1, failed: 0, skipped: 0, lost: 1 } })
  Object.assign(results[1]!, { success: false, state: 'lost', message: 'it may have been done' })
  await renderApp({ at: '/bulk?job=job1', mock })
  await screen.findByText('The panel was restarted in the middle: 1 server may have done it.')
  expect(screen.getByRole('button', { name: 'Run again on 1 server' })).toBeTruthy()
})

it('leaves a change for an offline server until it is back', async () => {
  const mock = online()
  mock.servers = mock.servers.map((s, i) => (i === 1 ? { ...s, status: 'offline' } : s))
  await renderApp({ at: '/bulk', mock })
  await choose(mock.servers[1]!.name)
  await userEvent.click(screen.getByRole('radio', { name: 'Traffic ports' }))
  await userEvent.type(screen.getByRole('textbox', { name: 'Port' }), '443')
  await userEvent.click(screen.getByRole('button', { name: 'Count port' }))
  await confirm('Count port')
  await waitFor(() => expect(mock.log.find((r) => r.method === 'POST' && r.path === 'operations')?.body)
    .toEqual({ server_ids: [mock.servers[1]!.id], kind: 'traffic_port_add', payload: { port: 443 } }))
  expect(mock.log.some((r) => r.path.startsWith('bulk/traffic'))).toBe(false)
})

it('cancels what waits for a server', async () => {
  const { mock } = await renderApp({ at: '/bulk', mock: online() })
  await screen.findByText('traffic: count port 443')
  await userEvent.click(screen.getByRole('button', { name: 'Cancel' }))
  await waitFor(() => expect(screen.queryByText('traffic: count port 443')).toBeNull())
  expect(mock.log.some((r) => r.method === 'DELETE' && r.path === 'operations/1')).toBe(true)
})

describe('the request of an action', () => {
  it('has numbers as numbers, first options as given and no empty optional fields', () =>
    expect(payload(tabs.firewall[0]!, { port: '22', from_ip: '' })).toEqual({ action: 'allow', port: 22, protocol: 'any', direction: 'in' }))
  it('is complete only with everything that is not optional', () => {
    expect(complete(tabs.rules[0]!, { name: 'web', listen_port: '443', target_ip: '192.0.2.1' })).toBe(false)
    expect(complete(tabs.rules[0]!, { name: 'web', listen_port: '443', target_ip: '192.0.2.1', target_port: '8443' })).toBe(true)
  })
})
