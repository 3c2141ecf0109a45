import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listenForShortcuts } from '../../lib/commands'
import { MockApi, type MockRequest } from '../../test/mock-api'
import { renderApp, renderPart } from '../../test/render'
import { ServersPage } from './page'

const now = Date.UTC(2026, 10, 23, 9, 41)
const panel = (servers = 8) => new MockApi(() => now, servers)
const page = (mock = panel(), at = '/servers') => renderPart(<ServersPage />, { mock, at })
const unsafe = (mock: MockApi) => mock.log.filter((r) => r.method !== 'GET').map((r): [string, string, MockRequest['body']] => [r.method, r.path, r.body])
const rows = async () => (await screen.findAllByRole('row')).slice(1)
const rowOf = async (name: string) => (await screen.findByRole('link', { name })).closest('tr') as HTMLElement
const menuItem = async (server: string, item: string) => {
  await userEvent.click(within(await rowOf(server)).getByRole('button', { name: `Actions for ${server}` }))
  await userEvent.click(await screen.findByRole('menuitem', { name: item }))
}

const undo = async (toast: string) => {
  const text = await screen.findByText(toast)
  await userEvent.click(within(text.closest('.toast') as HTMLElement).getByRole('button', { name: 'Undo' }))
}

let stop = () => {}
beforeEach(() => {
  stop = listenForShortcuts()
})
afterEach(() => stop())

describe('the list', () => {
  it.each([['HAProxy and firewall', 'haproxy'], ['Traffic', 'traffic'], ['Terminal', 'terminal']])('leads from the menu of a row to %s', async (item, page) => {
    const { mock, path } = await renderApp({ at: '/servers', mock: new MockApi(Date.now, 3) })
    const { id, name } = mock.servers[0]!
    await menuItem(name, item)
    await waitFor(() => expect(path()).toBe(`/servers/${id}/${page}`))
  })

  it('shows every server with its address, folder, agent and trouble', async () => {
    const mock = await page()
    const dead = mock.servers[4]!
    expect((await rows()).length).toBe(8)
    const row = within(await rowOf(dead.name))
    row.getByRole('img', { name: 'Offline' })
    expect(row.getAllByText('No answer in time').length).toBeGreaterThan(0)
    expect(row.getAllByText('504').length).toBeGreaterThan(0)
    row.getByText(dead.url.replace('https://', ''))
    row.getByText('0.1.0')
    within(await rowOf(mock.servers[5]!.name)).getByText('Restricted')
    screen.getByText('8')
  })

  it('is empty with an explanation and the way on', async () => {
    const mock = panel()
    mock.state = 'empty'
    await page(mock)
    await screen.findByText('No servers yet')
    await userEvent.click(screen.getByRole('button', { name: 'Add server' }))
    await screen.findByRole('dialog', { name: 'Add server' })
  })

  it('tells an error and asks again', async () => {
    const mock = panel()
    mock.overrides.set('GET servers', () => ({ status: 400, body: { detail: 'no', code: 'invalid' } }))
    await page(mock)
    await screen.findByRole('alert')
    mock.overrides.clear()
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
    expect((await rows()).length).toBe(8)
  })

  it('is searched, filtered and sorted', async () => {
    const mock = await page(panel(), '/servers?sort=-name')
    const names = mock.servers.map((s) => s.name).sort((a, b) => b.localeCompare(a, undefined, { numeric: true }))
    await rows()
    const shown = () => screen.getAllByRole('row').slice(1).map((r) => within(r).getAllByRole('link')[0]!.textContent)
    expect(shown()).toEqual(names)
    await userEvent.click(screen.getByRole('button', { name: 'Server' })) // from descending to the panel's order
    expect(shown()).toEqual(mock.servers.map((s) => s.name))
    await userEvent.selectOptions(screen.getByLabelText('State'), 'Offline')
    expect(shown()).toEqual([mock.servers[4]!.name])
    screen.getByText('1 of 8 shown')
    await userEvent.type(screen.getByLabelText('Find a server'), 'nowhere')
    await screen.findByText('No server matches')
    await userEvent.click(screen.getByRole('button', { name: 'Clear filters' }))
    expect((await rows()).length).toBe(8)
  })
})

describe('monitoring', () => {
  it('is switched at once and undone from the toast', async () => {
    const mock = await page()
    const { id, name } = mock.servers[0]!
    const toggle = () => screen.getByRole('switch', { name: `Monitoring of ${name}` })
    await rows()
    await userEvent.click(toggle())
    expect(toggle().getAttribute('aria-checked')).toBe('false')
    await undo(`Monitoring of ${name} is off`)
    await waitFor(() => expect(toggle().getAttribute('aria-checked')).toBe('true'))
    expect(unsafe(mock)).toEqual([['PUT', `servers/${id}`, { is_active: false }], ['PUT', `servers/${id}`, { is_active: true }]])
  })

  it('goes back when the panel refuses', async () => {
    const mock = panel()
    const { id, name } = mock.servers[0]!
    mock.overrides.set(`PUT servers/${id}`, () => ({ status: 503, body: { detail: 'down', code: 'database' } }))
    await page(mock)
    await rows()
    await userEvent.click(screen.getByRole('switch', { name: `Monitoring of ${name}` }))
    await screen.findByText(`${name}: monitoring not disabled`)
    expect(screen.getByRole('switch', { name: `Monitoring of ${name}` }).getAttribute('aria-checked')).toBe('true')
  })
})

describe('the selection', () => {
  it('grows with Shift, by mouse and by keys, and acts on all of it', async () => {
    const mock = await page()
    const [a, b, c, d] = mock.servers.map((s) => s.name) as [string, string, string, string]
    await rows()
    const user = userEvent.setup()
    await user.click(screen.getByRole('checkbox', { name: `Select ${a}` }))
    await user.keyboard('{Shift>}')
    await user.click(screen.getByRole('checkbox', { name: `Select ${c}` }))
    await user.keyboard('{/Shift}')
    screen.getByText('3 selected')
    screen.getByRole('link', { name: d }).focus()
    fireEvent.keyDown(document.activeElement!, { code: 'KeyX' })
    await screen.findByText('4 selected')
    screen.getByRole('link', { name: b }).focus()
    fireEvent.keyDown(document.activeElement!, { code: 'KeyX' })
    await screen.findByText('3 selected')
    await user.click(screen.getByRole('button', { name: 'Disable' }))
    await screen.findByText('Monitoring of 3 servers is off')
    expect(mock.servers.filter((s) => !s.is_active).map((s) => s.name)).toEqual([a, c, d])
  })

  it('moves to a folder, new or not, and back', async () => {
    const mock = await page()
    const [first, second] = mock.servers
    const before = [first!.folder, second!.folder]
    await rows()
    for (const s of [first!, second!]) await userEvent.click(screen.getByRole('checkbox', { name: `Select ${s.name}` }))
    await userEvent.click(screen.getByRole('button', { name: 'Move…' }))
    const dialog = within(await screen.findByRole('dialog', { name: 'Move 2 servers to a folder' }))
    await userEvent.clear(dialog.getByLabelText('Folder'))
    await userEvent.type(dialog.getByLabelText('Folder'), 'Lab')
    await userEvent.click(dialog.getByRole('button', { name: 'Move' }))
    await screen.findByText('2 servers moved to Lab')
    expect(mock.servers.slice(0, 2).map((s) => s.folder)).toEqual(['Lab', 'Lab'])
    await undo('2 servers moved to Lab')
    await waitFor(() => expect(mock.servers.slice(0, 2).map((s) => s.folder)).toEqual(before))
  })
})

describe('deleting', () => {
  it('says what happens and how to remove the agent, and does it on yes', async () => {
    const mock = await page()
    const { id, name } = mock.servers[0]!
    await menuItem(name, 'Delete…')
    const dialog = within(await screen.findByRole('dialog', { name: `Delete ${name}?` }))
    dialog.getByText(/certificates are revoked at once.*retention ends.*refused.*install\.sh uninstall/)
    await userEvent.click(dialog.getByRole('button', { name: 'Delete server' }))
    await screen.findByText(`${name} deleted`)
    await waitFor(() => expect(screen.queryByRole('link', { name })).toBeNull())
    expect(unsafe(mock)).toEqual([['DELETE', `servers/${id}`, {}]])
  })

  it('of more than five asks for the words to be typed', async () => {
    const mock = await page()
    await rows()
    await userEvent.click(screen.getByRole('checkbox', { name: 'Select all servers shown' }))
    await userEvent.click(screen.getByRole('button', { name: 'Delete…' }))
    const dialog = within(await screen.findByRole('dialog', { name: 'Delete 8 servers?' }))
    const verb = dialog.getByRole('button', { name: 'Delete 8 servers' })
    expect(verb).toHaveProperty('disabled', true)
    await userEvent.type(dialog.getByRole('textbox'), 'delete 8')
    expect(verb).toHaveProperty('disabled', false)
    await userEvent.click(verb)
    await screen.findByText('No servers yet')
    expect(mock.servers).toEqual([])
  })

  it('says which are left when some could not be deleted', async () => {
    const mock = panel()
    const [first, second] = mock.servers
    mock.overrides.set(`DELETE servers/${second!.id}`, () => ({ status: 503, body: { detail: 'down', code: 'database' } }))
    await page(mock)
    await rows()
    for (const s of [first!, second!]) await userEvent.click(screen.getByRole('checkbox', { name: `Select ${s.name}` }))
    await userEvent.click(screen.getByRole('button', { name: 'Delete…' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Delete 2 servers' }))
    await screen.findByText(new RegExp(`^${second!.name} was not deleted`))
    expect(mock.servers.some((s) => s.id === first!.id)).toBe(false)
  })
})

describe('testing', () => {
  it('tells good news in a toast', async () => {
    const mock = await page()
    await menuItem(mock.servers[0]!.name, 'Test connection')
    await screen.findByText(`${mock.servers[0]!.name} answers`)
    await screen.findByText(/agent 0\.1\.0/)
  })

  it('tells the stage and the cure, with the panel’s address', async () => {
    const mock = await page()
    const dead = mock.servers[4]!
    await menuItem(dead.name, 'Test connection')
    const dialog = within(await screen.findByRole('dialog', { name: `${dead.name} cannot be reached` }))
    dialog.getByText(/^No answer from/)
    await dialog.findByText(/Open port 9100 for the panel's address 203\.0\.113\.1\./)
  })
})

describe('editing', () => {
  it('sends only what changed', async () => {
    const mock = await page()
    const { id, name } = mock.servers[0]!
    await menuItem(name, 'Edit')
    const drawer = within(await screen.findByRole('dialog', { name: `Edit ${name}` }))
    await userEvent.clear(drawer.getByLabelText('Folder'))
    await userEvent.click(drawer.getByRole('button', { name: 'Save' }))
    await screen.findByText(`${name} saved`)
    expect(unsafe(mock)).toEqual([['PUT', `servers/${id}`, { folder: null }]])
  })

  it('asks before it throws input away', async () => {
    const mock = await page()
    const { name } = mock.servers[0]!
    await menuItem(name, 'Edit')
    const drawer = within(await screen.findByRole('dialog', { name: `Edit ${name}` }))
    await userEvent.type(drawer.getByLabelText('Name'), '!')
    await userEvent.click(drawer.getByRole('button', { name: 'Close' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Discard' }))
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
    expect(unsafe(mock)).toEqual([])
  })
})

it('makes a new install command only after a warning', async () => {
  const mock = await page()
  const { id, name } = mock.servers[0]!
  await menuItem(name, 'New install command…')
  const drawer = within(await screen.findByRole('dialog', { name: `New install command for ${name}` }))
  drawer.getByText(/certificates of the agent that is installed now are revoked at once/)
  expect(unsafe(mock)).toEqual([])
  mock.overrides.set(`GET servers/${id}/join-status`, () => ({ joined: false, waiting: true, expires_at: null, last_error: '', stage: '' }))
  await userEvent.click(drawer.getByRole('button', { name: 'Make a command' }))
  await screen.findByText(/install\.sh \| sudo bash/)
  expect(unsafe(mock)).toEqual([['POST', `servers/${id}/install`, {}]])
})
