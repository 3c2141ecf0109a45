import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import type { CachedResponse, Sentence } from '../../api/types'
import { choose, dialog, openHAProxy as open, press } from '../../test/haproxy-page'
import { fail } from '../../test/mock-route'

vi.setConfig({ testTimeout: 60_000 }) // the whole page takes long on a busy machine

it('shows how HAProxy is, its rules with live figures, certificates and the firewall', async () => {
  await open()
  const rules = within(await screen.findByRole('table', { name: 'Proxy rules' }))
  const row = within(rules.getByRole('row', { name: /vless-reality/ }))
  await row.findByText('up 3 ms')
  expect(row.getByText('1,204')).toBeTruthy()
  expect(screen.getByText('Running')).toBeTruthy()
  const certs = within(screen.getByRole('table', { name: 'Certificates' }))
  expect(certs.getByText('9 d').className).toBe('warn')
  expect(certs.getByText('expired').className).toBe('crit')
  const fw = within(screen.getByRole('table', { name: 'Firewall' }))
  expect(fw.getByRole('row', { name: /Nginx Full/ }).querySelector('button')).toBeNull()
})

it('adds a rule only after its change of the file was seen, and to that very file', async () => {
  const { mock } = await open()
  await screen.findByRole('table', { name: 'Proxy rules' })
  await userEvent.click(screen.getAllByRole('button', { name: 'Add rule' })[0]!)
  const form = await dialog()
  await userEvent.type(form.getByLabelText('Name'), 'relay')
  await userEvent.type(form.getByLabelText('Port of this server'), '9000')
  await userEvent.type(form.getByLabelText('Target address'), '192.0.2.9')
  await userEvent.type(form.getByLabelText('Target port'), '9001')
  await press('Show changes', form)
  const diff = await form.findByRole('region', { name: 'Changes of the file' })
  expect(diff.textContent).toContain('+    bind *:9000')
  expect(mock.haproxy.rules).toHaveLength(3)
  await press('Apply', form)
  await waitFor(() => expect(mock.haproxy.rules).toHaveLength(4))
  const posts = mock.log.filter((r) => r.method === 'POST' && r.path.endsWith('/haproxy/rules'))
  expect(posts.map((r) => r.query.toString())).toEqual(['dry_run=true&if_config=h1', 'if_config=h1'])
  expect(posts[1]!.body).toEqual({ name: 'relay', rule_type: 'tcp', listen_port: 9000, target_ip: '192.0.2.9', target_port: 9001, target_ssl: false, send_proxy: false })
})

describe('a server without HAProxy', () => {
  it('gets it by one button, and its rules appear', async () => {
    const { sent } = await open((m) => (m.haproxy.installed = false))
    await press('Install HAProxy')
    await screen.findByRole('table', { name: 'Proxy rules' })
    expect(sent('POST', 'install')).toBeTruthy()
    expect(screen.queryByRole('button', { name: 'Install HAProxy' })).toBeNull()
  })

  it('shows why apt could not install it, in its own words', async () => {
    await open((m) => {
      m.haproxy.installed = false
      m.overrides.set(`POST proxy/${m.servers[0]!.id}/haproxy/install`, () => ({ status: 422, body: { detail: 'this server does not reach its package sources', code: 'refused', error_log: 'E: Temporary failure resolving' } }))
    })
    await press('Install HAProxy')
    await screen.findByText(/does not reach its package sources/i)
    expect(screen.getByText('E: Temporary failure resolving')).toBeTruthy()
  })
})

it('says at the field what the agent refuses', async () => {
  const { mock, id } = await open((m) => m.overrides.set(`PUT proxy/${m.servers[0]!.id}/haproxy/rules/vless-reality`, () => fail(409, 'conflict', 'port 22 is taken by sshd', 'listen_port')))
  await press('Actions of vless-reality')
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Edit' }))
  const form = await dialog()
  await userEvent.clear(form.getByLabelText('Port of this server'))
  await userEvent.type(form.getByLabelText('Port of this server'), '22')
  await press('Show changes', form)
  await waitFor(() => expect(form.getByLabelText('Port of this server').getAttribute('aria-invalid')).toBe('true'))
  expect(mock.log.find((r) => r.method === 'PUT' && r.path.startsWith(`proxy/${id}/`))?.body).toEqual({ listen_port: 22 })
})

it('asks before it stops HAProxy', async () => {
  const { sent } = await open()
  await press('Stop')
  const question = await dialog()
  expect(sent('POST', 'stop')).toBeUndefined()
  await press('Stop', question)
  await waitFor(() => expect(sent('POST', 'stop')).toBeDefined())
})

it('explains a change of the firewall that shut the panel out', async () => {
  await open()
  await press('Disable')
  const question = await dialog()
  await press('Disable', question)
  await question.findByText(/The change has been taken back/)
})

it('marks the rule that lets the panel in', async () => {
  await open((m) => {
    const [rule] = m.haproxy.firewall
    m.haproxy.firewall = [...m.haproxy.firewall, { ...rule!, number: 5, port: 9100, to: '9100/tcp', comment: '' }, { ...rule!, number: 6, port: 9100, to: '9100/tcp', action: 'DENY', comment: '' }]
  })
  const rows = within(await screen.findByRole('table', { name: 'Firewall' })).getAllByRole('row')
  expect(rows.filter((r) => r.textContent?.includes('panel port')).map((r) => r.textContent)).toEqual([expect.stringMatching(/^5allow in9100/)])
})

it('shows the traffic of the last hour, asked for once, with its age', async () => {
  const { allSent } = await open()
  await screen.findByText(/^Graphs: the last hour, newest value .* ago$/)
  const row = within(within(screen.getByRole('table', { name: 'Proxy rules' })).getByRole('row', { name: /vless-reality/ }))
  await row.findByText(/^\d{3}$/, { exact: false }) // 60 MB/s and a quarter more or less, in Mbit/s
  row.getByText('Mbit/s')
  screen.getByText(/^peak 2\d\d, errors/)
  expect(allSent('GET', 'last-hour')).toHaveLength(1)
})

it('lists who changed what here, with the outcome, and not what was only checked', async () => {
  await open((m) => {
    const id = m.servers[0]!.id
    const done_at = new Date(m.now() - 120_000).toISOString()
    const o = m.bulk.operations[0]!
    m.bulk.operations = [{ ...o, id: 7, server_id: id, kind: 'haproxy_rule_remove', title_words: { text: 'HAProxy: remove rule :1 to 192.0.2.1:2' }, state: 'expired', done_at }, { ...o, id: 8, server_id: id + 1, kind: 'haproxy_rule_remove', done_at }]
  })
  const card = within((await screen.findByRole('heading', { name: 'Last changes' })).closest('section')!)
  await card.findByText('Changed a rule')
  const lines = card.getAllByRole('listitem').map((l) => l.textContent)
  expect(lines).toHaveLength(6)
  expect(lines[0]).toMatch(/^Firewall rule add allow in 2053\/tcpadmin/)
  expect(lines[1]).toMatch(/^HAProxy: remove rule :1 to 192\.0\.2\.1:2.*queued change.*expired/)
  expect(lines[2]).toMatch(/^Reloaded HAProxy/)
  expect(lines[3]).toMatch(/^Replaced the configuration.*refused/)
  expect(card.getByRole('link', { name: 'All actions' }).getAttribute('href')).toMatch(/audit\?server=\d+$/)
})

it('says that nobody has changed anything yet', async () => {
  await open((m) => m.overrides.set('GET audit', () => ({ entries: [], count: 0, next_before_id: null })))
  await screen.findByText('No changes yet')
})

it('lets a rule for an offline server wait', async () => {
  const { mock, id } = await open(undefined, 'offline')
  await screen.findByText(/The server is offline/)
  await userEvent.click((await screen.findAllByRole('button', { name: 'Add rule' })).at(-1)!)
  const form = await dialog()
  await userEvent.type(form.getByLabelText('Ports'), '8443')
  await press('Deliver when it is back', form)
  await waitFor(() => expect(mock.log.find((r) => r.method === 'POST' && r.path === 'operations')?.body)
    .toEqual({ server_ids: [id], kind: 'firewall_rule_add', payload: { action: 'allow', direction: 'in', port: 8443, protocol: 'tcp' } }))
})

it('says what the owner of the node has closed and what opens it, and asks for none of it', async () => {
  const { mock, id } = await open((m) => {
    m.allow = { metrics: 'ro', haproxy: 'ro' }
    const said = m.answer({ method: 'GET', path: `proxy/${m.servers[0]!.id}/haproxy/cached`, query: new URLSearchParams(), body: {} }) as { body: object }
    m.overrides.set(`GET proxy/${m.servers[0]!.id}/haproxy/cached`, () => ({ ...said.body, certs: null, firewall: null }))
  })
  await screen.findByText('Firewall: closed by the owner of the server')
  expect(screen.getByText('firewall:ro')).toBeTruthy()
  expect(screen.getByText('certs:ro')).toBeTruthy()
  await screen.findByRole('table', { name: 'Proxy rules' })
  for (const name of ['Add rule', 'Reload', 'Stop']) expect([name, (await screen.findByRole('button', { name })).hasAttribute('disabled')]).toEqual([name, true])
  await screen.findByRole('textbox', { name: /^Configuration of HAProxy/ })
  expect(screen.queryByRole('button', { name: 'Check' })).toBeNull()
  expect(mock.log.filter((r) => new RegExp(`proxy/${id}/haproxy/(certs|firewall)`).test(r.path))).toEqual([])
})

it('lets the deletion of a firewall rule wait for an offline server, says so at the rule, and takes it back', async () => {
  const { mock, id } = await open(undefined, 'offline')
  await press('Delete rule 2')
  const form = await dialog()
  form.getByText('443/tcp ALLOW Anywhere')
  await press('Deliver when it is back', form)
  await waitFor(() => expect(mock.log.find((r) => r.method === 'POST' && r.path === 'operations')?.body)
    .toEqual({ server_ids: [id], kind: 'firewall_rule_delete', payload: { to: '443/tcp', action: 'ALLOW', direction: 'IN', from: 'Anywhere' } }))
  const row = within(await screen.findByRole('row', { name: /443\/tcp.*leaves/ }))
  expect(row.queryByRole('button', { name: 'Delete rule 2' })).toBeNull()
  await press('Keep rule 2', row)
  await screen.findByRole('button', { name: 'Delete rule 2' })
  expect(mock.log.filter((r) => r.method === 'DELETE').map((r) => r.path)).toEqual(['operations/101'])
})

it('says in the language of the user why the last round failed and what is wrong on the node', async () => {
  await open((m) => {
    const path = `proxy/${m.servers[0]!.id}/haproxy/cached`
    const said = (m.answer({ method: 'GET', path, query: new URLSearchParams(), body: {} }) as { body: CachedResponse }).body
    const why: Sentence = { text: 'the server is offline', code: 'the_server_is_offline' }
    const missing: Sentence = { text: 'the end marker is missing', code: 'the_end_marker_is_missing' }
    const certificates = said.certs!.certificates.map((c) => ({ ...c, problem: 'fullchain.pem cannot be read', problem_words: { text: 'fullchain.pem cannot be read', code: 'fullchain_pem_cannot_be_read' } }))
    m.overrides.set(`GET ${path}`, () => ({
      ...said, last_error: why.text, last_error_words: why, rules: { ...said.rules!, problem: missing.text, problem_words: missing }, certs: { ...said.certs!, certificates },
      firewall: { ...said.firewall!, status: { ...said.firewall!.status!, error: missing.text, error_words: missing } },
    }))
  }, 'online', 'ru')
  await screen.findByText(/сервер не в сети/)
  expect(await screen.findAllByText('Конечной метки нет.')).toHaveLength(2)
  expect((await screen.findAllByText('файл fullchain.pem не читается')).length).toBeGreaterThan(0)
})

it('lets an edit of a rule wait for an offline server', async () => {
  const { mock, id } = await open(undefined, 'offline')
  await press('Actions of vless-reality')
  await choose('Edit')
  const form = await dialog()
  await userEvent.clear(form.getByLabelText('Target port'))
  await userEvent.type(form.getByLabelText('Target port'), '9')
  await press('Deliver when it is back', form)
  await waitFor(() => expect(mock.log.find((r) => r.method === 'POST' && r.path === 'operations')?.body)
    .toEqual({ server_ids: [id], kind: 'haproxy_rule_update', payload: { name: 'vless-reality', target_port: 9 } }))
})

it('shows the file only to be read where the owner does not let the panel run programs', async () => {
  await open((m) => { m.allow = { metrics: 'ro', haproxy: 'rw', exec: 'ro' } })
  await screen.findByText(/allows changes of it by exec:rw/)
  await screen.findByRole('textbox', { name: /^Configuration of HAProxy/ })
  expect(screen.queryByRole('button', { name: 'Check' })).toBeNull()
  await screen.findByRole('table', { name: 'Proxy rules' })
})

it('says of an agent that lacks something that it does', async () => {
  await open((m) => m.overrides.set(`GET proxy/${m.servers[0]!.id}/haproxy/cached`, () => ({ status: null, rules: null, certs: null, firewall: null, cached_at: new Date().toISOString(), age_seconds: 1, last_error: '' })))
  await screen.findByText('Firewall: not open to the panel')
  expect(screen.queryByRole('button', { name: 'Add rule' })).toBeNull()
})
