import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { MockApi } from '../../test/mock-api'
import { renderPart } from '../../test/render'
import { BillingPage } from './page'

const now = Date.now()
const mocked = () => new MockApi(() => now, 3)
const sent = (mock: MockApi, method: string) => mock.log.filter((r) => r.method === method).map((r) => [r.path, r.body])
const row = async (name: string) => (await screen.findByRole('button', { name })).closest('tr') as HTMLElement
const menu = async (name: string, item: string) => {
  await userEvent.click(await screen.findByRole('button', { name: `Actions for ${name}` }))
  await userEvent.click(await screen.findByRole('menuitem', { name: item }))
}
const type = async (field: HTMLElement, text: string) => {
  await userEvent.clear(field)
  await userEvent.type(field, text)
}

it('shows folders, what is left, and sums that never mix currencies', async () => {
  await renderPart(<BillingPage />, { mock: mocked() })
  expect((await screen.findAllByRole('rowheader')).map((h) => within(h).getByRole('heading').textContent)).toEqual(['Hetzner', 'Resellers', 'Selectel', 'Without a folder'])
  expect((await row('US-Dallas VPS')).textContent).toContain('Ended 2\u00a0d ago')
  expect((await row('Cloud account')).textContent).toContain('458.66')
  const sums = within(screen.getByRole('region', { name: 'Sums' }))
  expect(sums.getByText('Per month').nextElementSibling?.textContent).toBe('4,190.00RUB53.39EUR37.49USD')
  sums.getByText('1 has ended')
  sums.getByText('2 within 7 days')
})

it('finds by name, folder and note, and says when nothing is left', async () => {
  await renderPart(<BillingPage />, { mock: mocked() })
  const field = await screen.findByRole('searchbox')
  await userEvent.type(field, 'resellers crypto')
  await waitFor(() => expect(screen.queryByText('JP-Tokyo VPS')).toBeNull())
  await row('US-Dallas VPS')
  await userEvent.type(field, ' nothing')
  await userEvent.click(await screen.findByRole('button', { name: 'Clear search' }))
  await row('JP-Tokyo VPS')
})

it('adds a monthly bill in a new folder, with the end said beforehand', async () => {
  const mock = mocked()
  await renderPart(<BillingPage />, { mock })
  await userEvent.click(await screen.findByRole('button', { name: 'Add bill' }))
  const drawer = within(await screen.findByRole('dialog'))
  await userEvent.click(drawer.getByRole('button', { name: 'Add bill' }))
  drawer.getByText('Give a name of 1 to 200 characters.')
  await type(drawer.getByLabelText('Name'), 'NL-Amsterdam VPS')
  await type(drawer.getByLabelText('Paid for, days from now'), '90')
  expect(drawer.getByRole('status').textContent).toContain('90\u00a0d from now')
  await type(drawer.getByLabelText('Cost per month'), '4,5')
  await type(drawer.getByLabelText('Currency'), 'eur')
  await type(drawer.getByLabelText('Folder'), 'Lab')
  await userEvent.click(drawer.getByRole('button', { name: 'Add bill' }))
  await screen.findByText('NL-Amsterdam VPS added')
  expect(sent(mock, 'POST')).toEqual([['billing/servers', { name: 'NL-Amsterdam VPS', billing_type: 'monthly', paid_days: 90, monthly_cost: 4.5, currency: 'EUR', notes: '', folder: 'Lab' }]])
  await screen.findByRole('rowheader', { name: /Lab/ })
})

it('asks for the cost of an account and foretells when it runs dry', async () => {
  const mock = mocked()
  await renderPart(<BillingPage />, { mock })
  await userEvent.click(await screen.findByRole('button', { name: 'Add bill' }))
  const drawer = within(await screen.findByRole('dialog'))
  await type(drawer.getByLabelText('Name'), 'Cloud two')
  await userEvent.click(drawer.getByRole('radio', { name: /From an account/ }))
  await type(drawer.getByLabelText('Balance now'), '100')
  await userEvent.click(drawer.getByRole('button', { name: 'Add bill' }))
  drawer.getByText('Give the cost per month: the end follows from it.')
  await type(drawer.getByLabelText('Cost per month'), '30')
  expect(drawer.getByRole('status').textContent).toContain('100\u00a0d from now')
  await userEvent.click(drawer.getByRole('button', { name: 'Add bill' }))
  await screen.findByText('Cloud two added')
  expect(mock.billing.bills.at(-1)).toMatchObject({ billing_type: 'resource', account_balance: 100, monthly_cost: 30 })
})

it('changes only what was changed', async () => {
  const mock = mocked()
  await renderPart(<BillingPage />, { mock })
  await menu('Cloud account', 'Edit')
  const drawer = within(await screen.findByRole('dialog'))
  expect(drawer.getByRole('button', { name: 'Save' })).toHaveProperty('disabled', true)
  await type(drawer.getByLabelText('Notes'), 'two projects')
  await userEvent.click(drawer.getByRole('button', { name: 'Save' }))
  await screen.findByText('Cloud account saved')
  expect(sent(mock, 'PUT')).toEqual([['billing/servers/3', { notes: 'two projects' }]])
})

it('extends from now when the bill has ended', async () => {
  const mock = mocked()
  await renderPart(<BillingPage />, { mock })
  await userEvent.click(await screen.findByRole('button', { name: 'Extend US-Dallas VPS' }))
  const dialog = within(await screen.findByRole('dialog'))
  dialog.getByText('It has ended: the days count from now.')
  await userEvent.click(dialog.getByRole('button', { name: '90 days' }))
  expect(dialog.getByRole('status').textContent).toContain('90\u00a0d from now')
  await type(dialog.getByLabelText('Days'), '0')
  dialog.getByText('Give a whole number of days, 1 to 36,500.')
  expect(dialog.getByRole('button', { name: 'Extend' })).toHaveProperty('disabled', true)
  await type(dialog.getByLabelText('Days'), '30')
  await userEvent.click(dialog.getByRole('button', { name: 'Extend' }))
  await screen.findByText(/US-Dallas VPS is paid until/)
  expect(Date.parse(mock.billing.bills.find((b) => b.id === 5)!.paid_until)).toBe(now + 30 * 86_400_000)
})

it('tops up and says the balance before and after', async () => {
  const mock = mocked()
  await renderPart(<BillingPage />, { mock })
  await userEvent.click(await screen.findByRole('button', { name: 'Top up Cloud account' }))
  const dialog = within(await screen.findByRole('dialog'))
  await type(dialog.getByLabelText('Amount, RUB'), '3200')
  dialog.getByText('Balance 458.66 RUB, then 3,658.66 RUB')
  expect(dialog.getByRole('status').textContent).toContain('34\u00a0d from now')
  await userEvent.click(dialog.getByRole('button', { name: 'Top up' }))
  await screen.findByText('Cloud account: 3,658.66 RUB on the account')
  expect(sent(mock, 'POST')).toEqual([['billing/servers/3/topup', { amount: 3200 }]])
})

it('tells a refusal where it belongs', async () => {
  const mock = mocked()
  mock.overrides.set('PUT billing/servers/4', () => ({ status: 400, body: { code: 'invalid', field: 'currency', detail: 'give a currency code' } }))
  mock.overrides.set('POST billing/servers/4/topup', () => ({ status: 503, body: { code: 'database', detail: 'down' } }))
  await renderPart(<BillingPage />, { mock })
  await userEvent.click(await screen.findByRole('button', { name: 'Top up RU-Moscow-in' }))
  const dialog = within(await screen.findByRole('dialog'))
  await type(dialog.getByLabelText('Amount, RUB'), '1')
  await userEvent.click(dialog.getByRole('button', { name: 'Top up' }))
  await dialog.findByText(/It may be restarting/)
  await userEvent.click(dialog.getByRole('button', { name: 'Cancel' }))
  await menu('RU-Moscow-in', 'Edit')
  const drawer = within(await screen.findByRole('dialog'))
  await type(drawer.getByLabelText('Currency'), 'RUR')
  await userEvent.click(drawer.getByRole('button', { name: 'Save' }))
  await drawer.findByText('Give a currency code.')
})

it('moves with undo, renames and deletes folders, deletes bills after a question', async () => {
  const mock = mocked()
  await renderPart(<BillingPage />, { mock })
  await menu('JP-Tokyo VPS', 'Move to folder…')
  let dialog = within(await screen.findByRole('dialog'))
  await type(dialog.getByLabelText('Folder'), 'Asia')
  await userEvent.click(dialog.getByRole('button', { name: 'Move' }))
  await screen.findByText('JP-Tokyo VPS moved to Asia')
  expect(mock.billing.bills.find((b) => b.id === 7)?.folder).toBe('Asia')
  await userEvent.click(screen.getByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(mock.billing.bills.find((b) => b.id === 7)?.folder).toBe('Resellers'))

  await userEvent.click(await screen.findByRole('button', { name: 'Rename folder Hetzner' }))
  dialog = within(await screen.findByRole('dialog'))
  await type(dialog.getByLabelText('Folder'), 'Selectel')
  dialog.getByText('The folder Selectel exists: the two become one.')
  await type(dialog.getByLabelText('Folder'), 'Hetzner Online')
  await userEvent.click(dialog.getByRole('button', { name: 'Rename' }))
  await screen.findByRole('rowheader', { name: /Hetzner Online/ })

  await userEvent.click(screen.getByRole('button', { name: 'Delete folder Selectel' }))
  dialog = within(await screen.findByRole('dialog'))
  dialog.getByText('The 2 bills in it stay, without a folder.')
  await userEvent.click(dialog.getByRole('button', { name: 'Delete folder' }))
  await waitFor(() => expect(mock.billing.bills.filter((b) => b.folder === null)).toHaveLength(3))

  await menu('example.com', 'Delete…')
  dialog = within(await screen.findByRole('dialog', { name: 'Delete example.com?' }))
  await userEvent.click(dialog.getByRole('button', { name: 'Delete bill' }))
  await waitFor(() => expect(screen.queryByRole('button', { name: 'example.com' })).toBeNull())
})

it('warns when reminders would reach nobody, and saves them', async () => {
  const mock = mocked()
  mock.channels.settings.telegram_chat_id = ''
  await renderPart(<BillingPage />, { mock })
  await screen.findByText('Telegram is not set up, so reminders reach nobody.')
  expect(screen.getByRole('link', { name: 'Set up Telegram' }).getAttribute('href')).toBe('/alerts/channels')
  await userEvent.click(screen.getByRole('button', { name: 'Reminders: Reminders: 7, 3, 1 d' }))
  const drawer = within(await screen.findByRole('dialog'))
  await type(drawer.getByLabelText('Days before the end'), '400')
  drawer.getByText(/Give up to 20 numbers of days/)
  await type(drawer.getByLabelText('Days before the end'), '14, 3 0 3')
  await userEvent.click(drawer.getByRole('button', { name: 'Save' }))
  await screen.findByText('Reminders are on')
  expect(sent(mock, 'PUT')).toEqual([['billing/settings', { enabled: true, notify_days: [0, 3, 14], check_interval_minutes: 60 }]])
})

it('says what to do when there are no bills, and what went wrong', async () => {
  const mock = mocked()
  mock.state = 'empty'
  await renderPart(<BillingPage />, { mock })
  await screen.findByText('No bills yet')
  await userEvent.click(screen.getByRole('button', { name: 'Add bill' }))
  await screen.findByRole('dialog', { name: 'Add bill' })
})

it('offers to try again after an error', async () => {
  const mock = mocked()
  mock.state = 'error'
  await renderPart(<BillingPage />, { mock })
  await screen.findByText("The panel's database does not answer")
  mock.state = 'data'
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  await row('Cloud account')
})
