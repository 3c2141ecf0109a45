import { EditorView } from '@codemirror/view'
import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { dialog, openHAProxy as open, press } from '../../test/haproxy-page'
import { fail } from '../../test/mock-route'

vi.setConfig({ testTimeout: 60_000 }) // the whole page with the editor takes long on a busy machine

const view = async () => EditorView.findFromDOM(await screen.findByRole('textbox', { name: /^Configuration of HAProxy/ }))!
const type = async (text: string, from = 0, to = from) => {
  const editor = await view()
  editor.dispatch({ changes: { from, to, insert: text } })
}
const config = async () => within((await screen.findByRole('heading', { name: 'Configuration file' })).closest('section')!)
const button = async (name: string) => (await config()).findByRole('button', { name })

it('checks an edit on the node, shows what changes, and applies it to the file that was opened', async () => {
  const { mock, allSent } = await open()
  const before = mock.haproxy.content
  await waitFor(async () => expect((await view()).state.sliceDoc()).toBe(before))
  expect((await button('Apply…')).hasAttribute('disabled')).toBe(true)
  await type('# mine\n')
  await (await config()).findByText('Not checked yet')
  await userEvent.click(await button('Check'))
  await (await config()).findByText('Valid, checked by HAProxy on the node')
  expect(mock.haproxy.content).toBe(before)
  await userEvent.click(await button('Apply…'))
  const drawer = await dialog()
  expect((await drawer.findByRole('region', { name: 'Changes of the file' })).textContent).toContain('+# mine')
  await userEvent.click(drawer.getByRole('checkbox', { name: /Reload HAProxy/ }))
  await press('Apply without reload', drawer)
  await waitFor(() => expect(mock.haproxy.content).toBe(`# mine\n${before}`))
  await (await config()).findByText('As it is on the node')
  expect(allSent('POST', 'config/apply').map((r) => [r.query.toString(), r.body.reload_after])).toEqual([
    ['if_config=h1&dry_run=true', undefined], ['if_config=h1&dry_run=true', undefined], ['if_config=h1', false],
  ])
})

it("puts HAProxy's words at their lines and applies nothing that it refuses", async () => {
  const { allSent } = await open((m) => m.overrides.set(`POST proxy/${m.servers[0]!.id}/haproxy/config/apply`, () => ({
    status: 422, body: { code: 'refused', detail: 'HAProxy does not accept the new configuration', error_log: "[ALERT]    (7) : config : parsing [/etc/haproxy/haproxy.cfg:2] : unknown keyword 'mdoe' in 'defaults' section" },
  })))
  await type('mdoe', 13, 17)
  await userEvent.click(await button('Apply…'))
  const said = await (await config()).findByRole('alert')
  await waitFor(() => expect(document.activeElement).toBe(said))
  expect(said.textContent).toContain("unknown keyword 'mdoe'")
  const editor = await view()
  expect(editor.dom.querySelector('.hc-bad')?.textContent).toContain('mdoe')
  expect(editor.dom.querySelector('.hc-said')?.textContent).toBe("unknown keyword 'mdoe' in 'defaults' section")
  await userEvent.click(within(said).getByRole('button', { name: 'line 2' }))
  expect(editor.state.doc.lineAt(editor.state.selection.main.head).number).toBe(2)
  expect(screen.queryByRole('dialog')).toBeNull()
  expect(allSent('POST', 'config/apply').map((r) => r.query.get('dry_run'))).toEqual(['true'])
  await userEvent.click(await button('Discard'))
  await waitFor(() => expect(editor.dom.querySelector('.hc-bad')).toBeNull())
  expect(editor.state.sliceDoc()).toContain('mode tcp')
})

it('notices that the file has changed on the node and lets the person decide', async () => {
  const { mock, allSent } = await open()
  await type('# mine\n')
  const theirs = mock.haproxy.content.replace('connect 5s', 'connect 9s')
  mock.haproxy.changeByHand(theirs)
  await userEvent.click(await button('Check'))
  await (await config()).findByText(/has been changed on the node since/)
  expect((await button('Check')).hasAttribute('disabled')).toBe(true)
  await userEvent.click(await button('What changed'))
  const what = await dialog()
  expect(what.getByRole('region', { name: 'Changes of the file' }).textContent).toContain('+    timeout connect 9s')
  await press('Close', what)
  await userEvent.click(await button('Keep mine'))
  await userEvent.click(await button('Check'))
  await (await config()).findByText('Valid, checked by HAProxy on the node')
  expect(allSent('POST', 'config/apply').map((r) => r.query.get('if_config'))).toEqual(['h1', 'h2'])
  mock.haproxy.changeByHand(`${theirs}# more\n`)
  await userEvent.click(await button('Check'))
  await userEvent.click(await button("Take the node's"))
  await waitFor(async () => expect((await view()).state.sliceDoc()).toBe(`${theirs}# more\n`))
})

it('follows the file while nothing is edited', async () => {
  const { mock } = await open()
  await waitFor(async () => expect((await view()).state.sliceDoc()).toBe(mock.haproxy.content))
  mock.haproxy.changeByHand(`# theirs\n${mock.haproxy.content}`)
  await waitFor(async () => expect((await view()).state.sliceDoc()).toBe(mock.haproxy.content), { timeout: 40_000 })
})

it('only shows a file that is no UTF-8, and one on a server that is away not at all', async () => {
  await open((m) => m.haproxy.changeByHand('# caf\uFFFD\n'))
  await (await config()).findByText(/bytes that are no UTF-8/)
  expect((await view()).state.readOnly).toBe(true)
  expect((await config()).queryByRole('button', { name: 'Check' })).toBeNull()
})

it('says why the file cannot be shown', async () => {
  const { mock, id } = await open((m) => m.overrides.set(`GET proxy/${m.servers[0]!.id}/haproxy/config`, () => fail(502, 'agent_unreachable', 'connection refused')))
  await (await config()).findByText('Connection refused.')
  mock.overrides.set(`GET proxy/${id}/haproxy/config`, () => fail(404, 'not_found', 'there is no /etc/haproxy/haproxy.cfg'))
  await userEvent.click(await button('Try again'))
  await (await config()).findByText('There is no file yet; start makes one.')
})

it('asks before an edit is lost with the page', async () => {
  const { path, id } = await open()
  await type('# mine\n')
  await (await config()).findByText('Not checked yet') // the page has seen the edit
  const leave = async () => userEvent.click((await screen.findAllByRole('link', { name: /Servers/ }))[0]!)
  await leave()
  await press('Stay', await dialog())
  expect(path()).toBe(`/servers/${id}/haproxy`)
  expect((await view()).state.sliceDoc()).toContain('# mine')
  await leave()
  await press('Leave', await dialog())
  await waitFor(() => expect(path()).toBe('/servers'))
})
