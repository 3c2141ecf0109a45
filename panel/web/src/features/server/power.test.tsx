import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { MockApi } from '../../test/mock-api'
import { renderPart } from '../../test/render'
import { PowerMenu } from './power-menu'
import { SignalMenu } from './signal-menu'

it('reboots a server after a question that names it', async () => {
  const mock = new MockApi(Date.now, 6)
  const server = mock.servers[0]!
  await renderPart(<PowerMenu server={server} />, { mock })
  await userEvent.click(await screen.findByRole('button', { name: 'Power' }))
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Reboot' }))
  const dialog = within(await screen.findByRole('dialog', { name: `Reboot ${server.name}?` }))
  expect(mock.log).toHaveLength(0)
  await userEvent.click(dialog.getByRole('button', { name: 'Reboot' }))
  await waitFor(() => expect(mock.log[0]?.body).toEqual({ action: 'reboot', confirm: 'reboot' }))
  expect(mock.log[0]?.path).toBe(`proxy/${server.id}/power`)
})

it('sends a signal with the start of the process, and says why not', async () => {
  const mock = new MockApi(Date.now, 6)
  mock.overrides.set('POST proxy/3/power/processes/77/signal', () => ({ status: 404, body: { code: 'gone', detail: 'process 77 has ended' } }))
  await renderPart(<SignalMenu serverId={3} process={{ pid: 77, name: 'xray', cpu_percent: 1, memory_percent: 1, status: 'sleeping', started: 5 }} />, { mock })
  await userEvent.click(await screen.findByRole('button', { name: 'Signals to xray (77)' }))
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Kill (KILL)' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Send' }))
  expect((await screen.findByRole('alert')).textContent).toBe('Process 77 has ended.')
  expect(mock.log[0]?.body).toEqual({ signal: 'KILL', started: 5 })
})
