import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { choose, dialog, openHAProxy as open, press } from '../../test/haproxy-page'
import { fail } from '../../test/mock-route'

vi.setConfig({ testTimeout: 60_000 }) // the whole page takes long on a busy machine

it('shows the log, filters its lines, asks for more of them and follows what comes', async () => {
  const { mock, allSent } = await open()
  await press('More actions')
  await choose('Log')
  const drawer = await dialog()
  const lines = async () => (await drawer.findByRole('log')).textContent!.split('\n')
  expect(await lines()).toHaveLength(100)
  await userEvent.type(drawer.getByRole('searchbox', { name: 'Filter lines' }), 'is down')
  await waitFor(async () => expect(await lines()).toEqual(mock.haproxy.logs.slice(-100).filter((l) => l.includes('is DOWN'))))
  await userEvent.type(drawer.getByRole('searchbox', { name: 'Filter lines' }), ' nowhere')
  await drawer.findByText('No such line')
  await userEvent.clear(drawer.getByRole('searchbox', { name: 'Filter lines' }))
  await userEvent.selectOptions(drawer.getByRole('combobox', { name: 'How many lines' }), '500')
  await waitFor(async () => expect(await lines()).toHaveLength(300))
  mock.haproxy.logs.push('the newest line')
  await waitFor(async () => expect((await lines()).at(-1)).toBe('the newest line'))
  await userEvent.click(drawer.getByRole('switch', { name: 'Follow' }))
  expect(drawer.getByRole('switch', { name: 'Follow' }).getAttribute('aria-checked')).toBe('false')
  expect(new Set(allSent('GET', 'logs').map((r) => r.query.get('tail')))).toEqual(new Set(['100', '500']))
})

it('says why there is no log', async () => {
  const { mock, id } = await open((m) => m.overrides.set(`GET proxy/${m.servers[0]!.id}/haproxy/logs`, () => fail(502, 'agent_failed', 'the agent reports an error: no journal')))
  await press('More actions')
  await choose('Log')
  const drawer = await dialog()
  await drawer.findByText('The agent reports an error: no journal.')
  mock.overrides.set(`GET proxy/${id}/haproxy/logs`, () => ({ logs: '' }))
  await press('Try again', drawer)
  await drawer.findByText('The log is empty')
})

it('has HAProxy check its file and tells its words', async () => {
  const { mock, id } = await open()
  await press('More actions')
  await choose('Check the file')
  await screen.findByText('HAProxy accepts the file')
  mock.overrides.set(`POST proxy/${id}/haproxy/validate`, () => ({ valid: false, message: "unknown keyword 'bnid'" }))
  await press('More actions')
  await choose('Check the file')
  await screen.findByText("unknown keyword 'bnid'")
})

it('writes a new base only after its changes were seen, with the rules or without', async () => {
  const { allSent } = await open()
  await press('More actions')
  await choose('Write the base anew…')
  const drawer = await dialog()
  await drawer.findByText('The file stays as it is.')
  await userEvent.click(drawer.getByRole('checkbox', { name: /Keep the rules/ }))
  const diff = await drawer.findByRole('region', { name: 'Changes of the file' })
  expect(diff.textContent).toContain('−frontend tcp_vless-reality')
  await press('Write and reload', drawer)
  await waitFor(() => expect(allSent('POST', 'config/regenerate').map((r) => r.query.toString())).toEqual([
    'preserve_rules=true&dry_run=true&if_config=h1', 'preserve_rules=false&dry_run=true&if_config=h1', 'preserve_rules=false&if_config=h1',
  ]))
})

it('switches the automatic renewal and tells when it runs and how it went', async () => {
  const { sent } = await open()
  await screen.findByText(/Next run .*; renews what expires within a month/)
  expect(screen.getByText(/the domain does not lead to this server/)).toBeTruthy()
  await userEvent.click(screen.getByRole('switch', { name: 'Automatic renewal' }))
  await screen.findByText('Off: certificates expire unless somebody renews them')
  expect(sent('POST', 'certs/cron/disable')).toBeDefined()
})
