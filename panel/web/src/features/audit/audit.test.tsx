import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { MockApi } from '../../test/mock-api'
import { renderPart } from '../../test/render'
import { actionKey, outcome } from '../../lib/audit'
import { AuditPage } from './page'

const table = () => screen.findByRole('table', { name: 'Audit log' })
const rows = async () => within(await table()).getAllByRole('row').slice(1)
const mockWith = (change: (mock: MockApi) => void) => {
  const mock = new MockApi(Date.now, 4)
  change(mock)
  return mock
}

it('lists who did what, with words and results', async () => {
  await renderPart(<AuditPage />, { mock: mockWith((m) => { m.audit = m.audit.slice(0, 7) }) })
  const texts = (await rows()).map((r) => r.textContent)
  expect(texts).toHaveLength(7)
  expect(texts[0]).toContain('Signed in')
  expect(texts[4]).toMatch(/wrong password.*dropped/)
  expect(texts[6]).toMatch(/Changed a server.*refused/)
})

it('filters in the panel, keeps the filter in the address and can be cleared', async () => {
  const mock = await renderPart(<AuditPage />, { at: '/audit?query=grafana' })
  expect(mock.log.find((r) => r.path === 'audit')?.query.get('query')).toBe('grafana')
  for (const row of await rows()) expect(row.textContent).toContain('grafana')
  await userEvent.type(screen.getByRole('searchbox'), 'zzz')
  await screen.findByText('No entry matches')
  await userEvent.click(screen.getByRole('button', { name: 'Clear the filter' }))
  await waitFor(() => expect(mock.log.filter((r) => r.path === 'audit').at(-1)?.query.get('query')).toBeNull())
  await table()
})

it('begins with the entry that an event points at', async () => {
  const mock = await renderPart(<AuditPage />, { at: '/audit?server=1&entry=90', mock: mockWith((m) => { m.audit = m.audit.map((e) => ({ ...e, server_id: 1 })) }) })
  expect((await rows())[0]?.className).toBe('aimed')
  expect(mock.log.find((r) => r.path === 'audit')?.query.get('before_id')).toBe('91')
  await userEvent.click(screen.getByRole('button', { name: 'Newest entries' }))
  await waitFor(() => expect(mock.log.filter((r) => r.path === 'audit').at(-1)?.query.get('before_id')).toBeNull())
})

it('loads older entries on demand', async () => {
  const mock = await renderPart(<AuditPage />)
  await screen.findByText('100 entries shown')
  await userEvent.click(screen.getByRole('button', { name: 'Older entries' }))
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Older entries' })).toBeNull())
  expect(mock.log.filter((r) => r.path === 'audit').map((r) => r.query.get('before_id'))).toEqual([null, '81'])
})

it('has an empty, a loading and an error state', async () => {
  await renderPart(<AuditPage />, { mock: mockWith((m) => { m.state = 'empty' }) })
  await screen.findByText('Nothing has been done yet')
})

it('says what went wrong and tries again', async () => {
  const mock = mockWith((m) => { m.state = 'error' })
  await renderPart(<AuditPage />, { mock })
  await screen.findByText("The panel's database does not answer", {}, { timeout: 8000 })
  mock.state = 'data'
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  await table()
})

it('shows that it is loading', async () => {
  await renderPart(<AuditPage />, { mock: mockWith((m) => { m.state = 'loading' }) })
  expect(screen.getByText('Loading').closest('[aria-busy="true"]')).not.toBeNull()
})

it('knows actions by their pattern and tells what became of them', () => {
  expect([actionKey('POST /api/servers/'), actionKey('POST /api/tokens'), actionKey('change command'), actionKey('POST /x?dry_run=true'), actionKey('PATCH /x')]).toEqual(['addServer', 'createToken', 'change', 'checkHAProxy', null])
  const of = (status: number, actor = 'admin') => outcome({ status, actor })
  expect([of(200), of(409), of(500), of(0), of(0, 'cli')]).toEqual(['done', 'refused', 'failed', 'dropped', 'done'])
})
