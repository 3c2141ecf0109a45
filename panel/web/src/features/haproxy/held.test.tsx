import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { dialog, openHAProxy, press } from '../../test/haproxy-page'
import { fail } from '../../test/mock-route'
import { renderApp } from '../../test/render'

vi.setConfig({ testTimeout: 60_000 }) // the whole page takes long on a busy machine

/** With time enough for a slow machine. */
const open = () => openHAProxy((mock) => (mock.haproxy.holdSeconds = 3600))
const banner = async () => within(await screen.findByRole('region', { name: /^Change of the firewall of/ }))
const deleteRule = async () => {
  await press('Delete rule 3')
  await press('Delete', await dialog())
}

it('asks to keep a change of the firewall, on every page, and keeps it', async () => {
  const { mock, sent } = await open()
  await deleteRule()
  const held = await banner()
  expect(sent('DELETE', 'firewall/rule/3')?.query.toString()).toBe('expect=25%2Ftcp+DENY+Anywhere&hold=45')
  expect(held.getByRole('heading').textContent).toMatch(/^Keep this firewall change on .+\? It reverts in 3[56]\d\d s unless you confirm\.$/)
  held.getByText('− 25/tcp DENY Anywhere')
  expect(screen.getByRole('button', { name: 'Delete rule 1' }).hasAttribute('disabled')).toBe(true)
  await userEvent.click((await screen.findAllByRole('link', { name: /Servers/ }))[0]!)
  await press('Keep changes', await banner())
  await screen.findByText('The firewall change is kept')
  expect(sent('POST', `firewall/changes/${mock.haproxy.held[0]!.id}/keep`)).toBeDefined()
  expect(mock.haproxy.firewall.map((r) => r.number)).toEqual([1, 2, 4])
  expect(screen.queryByRole('region', { name: /^Change of the firewall of/ })).toBeNull()
})

it('takes a change back at once', async () => {
  const { mock } = await open()
  await userEvent.click((await screen.findAllByRole('button', { name: 'Add rule' })).at(-1)!)
  const form = await dialog()
  await userEvent.type(form.getByLabelText('Ports'), '8443')
  await press('Add rule', form)
  const held = await banner()
  held.getByText('+ allow in 8443/tcp')
  await press('Revert now', held)
  await screen.findByText('The firewall is as it was before')
  expect(mock.haproxy.firewall).toHaveLength(4)
})

it('tells that the node has taken back what nobody kept', async () => {
  const { mock } = await open()
  await deleteRule()
  await banner()
  mock.haproxy.decide(mock.haproxy.held[0]!.id, 'expired')
  await screen.findByText(/nobody kept the firewall change in time/)
  await press('Close')
  await waitFor(() => expect(screen.queryByText(/nobody kept/)).toBeNull())
})

it('says nothing of a server that was deleted', async () => {
  const { mock } = await open()
  await deleteRule()
  await banner()
  mock.haproxy.held[0]!.server_id = 999
  mock.haproxy.decide(mock.haproxy.held[0]!.id, 'kept')
  await waitFor(() => expect(screen.queryByText(/25\/tcp DENY/, { selector: 'del' })).toBeNull())
  expect(screen.queryByText(/the firewall change is kept/)).toBeNull()
})

it('says why a change could not be kept and lets the person try again', async () => {
  const { mock, id } = await open()
  await deleteRule()
  const held = await banner()
  const path = `POST proxy/${id}/haproxy/firewall/changes/${mock.haproxy.held[0]!.id}/keep`
  mock.overrides.set(path, () => fail(502, 'agent_unreachable', 'connection refused'))
  await press('Keep changes', held)
  await held.findByText(/The server cannot be reached/)
  mock.overrides.delete(path)
  await press('Keep changes', held)
  await screen.findByText('The firewall change is kept')
})

it('shows in a new tab what waits on any server', async () => {
  const { mock } = await open()
  await deleteRule()
  await banner()
  document.body.replaceChildren()
  await renderApp({ at: '/settings', mock })
  await banner()
})
