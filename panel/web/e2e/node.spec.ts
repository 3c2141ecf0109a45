import type { Page } from '@playwright/test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from './fixtures'
import { here, Machine, world } from './machine'
import { until } from './programs'

// A whole node: systemd, HAProxy, UFW and the agent in a container of its own, with the world at the other end of a
// cable. Everything is clicked in the browser and looked at on the machine.
const agentPort = 9100
const word = 100_000 // bytes that the target sends to each connection
const out = join(import.meta.dirname, '../../../build/screenshots')
const shot = (page: Page, what: string) => page.screenshot({ path: join(out, `node-${what}.png`), fullPage: true })
let node: Machine
let id = 0
test.describe.configure({ mode: 'serial' }) // one after the other on the same node
const name = 'whole-node'

test.beforeAll(async ({ panel }) => {
  mkdirSync(out, { recursive: true })
  node = await Machine.boot()
  await node.run('sh', '-ec', `ufw --force reset; ufw allow from ${world} to any port ${agentPort} proto tcp; ufw allow 8443/tcp; ufw --force enable`)
  node.write('/etc/haproxy/haproxy.cfg', 'global\n    stats socket /run/haproxy/admin.sock mode 660 level admin\n    user haproxy\n    group haproxy\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout client 1m\n    timeout server 1m\n')
  node.serve(process.execPath, '-e', `require('node:net').createServer((s) => { s.on('error', () => {}); s.end('x'.repeat(${word})) }).listen(9001, '${world}')`)
  const port = await node.forward(agentPort)
  const { server, install } = await panel.api<{ server: { id: number }; install: { token: string } }>('POST', 'servers', { name, url: `https://127.0.0.1:${port}`, preset: 'full' })
  id = server.id
  await panel.api('PUT', 'settings/haproxy_collect_interval', { value: '30' })
  await node.agent(agentPort, install.token)
  await panel.online(id)
  await until('the panel knows its HAProxy', 60, async () => (await panel.request('GET', `proxy/${id}/haproxy/cached`)).ok || undefined)
})

test.afterAll(async ({ panel }) => {
  await panel.request('PUT', 'settings/haproxy_collect_interval', { value: '60' })
  await panel.request('DELETE', `servers/${id}`)
  await node.remove()
})

test('HAProxy is started and forwards by a rule, which is drained and deleted', async ({ page, panel }) => {
  await page.goto(`${panel.url}servers/${id}/traffic`) // the agent's own port is counted: something passes it all the time
  await page.getByLabel('Count another port').fill(String(agentPort))
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByRole('cell', { name: `:${agentPort}` })).toBeVisible()

  await page.goto(`${panel.url}servers/${id}/haproxy`)
  const service = page.getByRole('region', { name: 'Service' })
  await expect(service.getByText('Stopped')).toBeVisible()
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await expect(service.getByText('Running')).toBeVisible()
  await expect(service.getByText('starts at boot', { exact: false })).toBeVisible()

  const rules = page.getByRole('table', { name: 'Proxy rules' })
  await page.getByRole('button', { name: 'Add rule' }).first().click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name').fill('relay')
  await form.getByLabel('Port of this server').fill('8443')
  await form.getByLabel('Target address').fill(world)
  await form.getByLabel('Target port').fill('9001')
  await form.getByRole('button', { name: 'Show changes' }).click()
  await expect(form.getByRole('region', { name: 'Changes of the file' })).toContainText(`server srv1 ${world}:9001`)
  await form.getByRole('button', { name: 'Apply' }).click()
  await expect(form).toBeHidden()
  const row = rules.getByRole('row', { name: /relay/ })
  await expect(row.getByText(/^up/)).toBeVisible()

  for (let i = 0; i < 5; i++) expect(await node.from('socat', '-u', `TCP:${here}:8443`, '-')).toHaveLength(word)
  await expect(service.getByText(/since reload 488/)).toBeVisible() // kilobytes that went out since the reload: 5 times the word
  await shot(page, 'haproxy')

  const act = async (item: string) => {
    await page.getByRole('button', { name: 'Actions of relay' }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  await act('Drain')
  await expect(row.getByText(/^draining/)).toBeVisible()
  await act('Delete')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(form).toBeHidden()
  await expect(row).toBeHidden()
  expect(await node.run('cat', '/etc/haproxy/haproxy.cfg')).not.toContain('relay')
})

test('the configuration is edited: a broken line is named, the mended file runs, and one changed meanwhile is not replaced @drops', async ({ page, panel }) => {
  const path = '/etc/haproxy/haproxy.cfg'
  const read = () => node.run('cat', path)
  const before = await read()
  const line = before.split('\n').length // the first of those that are added, for the file ends with a line's end
  await page.goto(`${panel.url}servers/${id}/haproxy`)
  const editor = page.getByRole('textbox', { name: /^Configuration of HAProxy/ })
  const act = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const append = async (text: string) => {
    await editor.click()
    await page.keyboard.press('Control+End')
    await page.keyboard.insertText(text)
    await expect(page.getByText('not applied')).toBeVisible()
  }
  await expect(editor).toContainText('stats socket')
  await append(`listen typed\n    bindd :8443\n    server there ${world}:9001\n`)
  await act('Check')
  const said = page.getByRole('alert').filter({ hasText: 'HAProxy does not accept this' })
  await expect(said.getByRole('button', { name: `line ${line + 1}`, exact: true })).toBeVisible()
  await expect(editor.getByText(/unknown keyword 'bindd'/)).toBeVisible() // below its line
  await shot(page, 'config-refused')
  expect(await read()).toBe(before)

  await said.getByRole('button', { name: `line ${line + 1}`, exact: true }).click() // puts the cursor there
  await page.keyboard.press('End')
  await page.keyboard.press('Shift+Home')
  await page.keyboard.insertText('bind :8443')
  await act('Apply…')
  const last = page.getByRole('dialog')
  await expect(last.getByRole('region', { name: 'Changes of the file' })).toContainText(`server there ${world}:9001`)
  await shot(page, 'config-diff')
  await last.getByRole('button', { name: 'Apply and reload' }).click()
  await expect(last).toBeHidden()
  await expect(page.getByText('As it is on the node')).toBeVisible()
  expect(await read()).toMatch(/listen typed\n +bind :8443\n/)
  expect(await node.from('socat', '-u', `TCP:${here}:8443`, '-')).toHaveLength(word)

  await append('# mine\n')
  const theirs = `${await read()}# theirs\n`
  node.write(path, theirs) // and nobody tells the page, which asks before it replaces what it has not seen
  await act('Apply…')
  const meanwhile = page.getByRole('alert').filter({ hasText: 'has been changed on the node' })
  await expect(meanwhile).toBeVisible()
  expect(await read()).toBe(theirs)
  await meanwhile.getByRole('button', { name: 'What changed' }).click()
  await expect(last.getByText('# theirs')).toBeVisible()
  await last.getByRole('button', { name: 'Close' }).last().click()
  await meanwhile.getByRole('button', { name: 'Take the node\'s' }).click()
  await expect(meanwhile).toBeHidden()
  await expect(editor).toContainText('# theirs')
  await expect(editor).not.toContainText('# mine')
})

test('a certificate is uploaded, with its own key only @drops', async ({ page, panel }) => {
  const dir = mkdtempSync(join(tmpdir(), 'cert-'))
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '40', '-subj', '/CN=Test', '-addext', 'subjectAltName=DNS:node.test', '-out', cert, '-keyout', key], { stdio: 'ignore' })
  await page.goto(`${panel.url}servers/${id}/haproxy`)
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Domain').fill('node.test')
  await form.getByLabel('Certificate, PEM').fill(readFileSync(cert, 'utf8'))
  await form.getByLabel('Private key, PEM').fill(readFileSync(cert, 'utf8'))
  await form.getByRole('button', { name: 'Upload' }).click()
  await expect(form.getByText('no private key in PEM').first()).toBeVisible()
  await form.getByLabel('Private key, PEM').fill(readFileSync(key, 'utf8'))
  rmSync(dir, { recursive: true })
  await form.getByRole('button', { name: 'Upload' }).click()
  await expect(form).toBeHidden()
  await expect(page.getByRole('table', { name: 'Certificates' }).getByRole('row', { name: /node\.test.*39 d/ })).toBeVisible()
  await shot(page, 'certificate')
  expect((await node.run('stat', '-c', '%a', '/var/lib/monitoring/agent/certs/node.test/combined.pem')).trim()).toBe('600')
})

test('a bulk command runs on it, as root of the machine', async ({ page, panel }) => {
  await page.goto(`${panel.url}bulk`)
  await page.getByRole('checkbox', { name }).check()
  await page.getByRole('textbox', { name: 'Command' }).fill('cat /proc/1/comm; id -un; systemctl is-active haproxy')
  await page.getByRole('button', { name: 'Run command' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Run command' }).click()
  const job = page.getByRole('region', { name: 'Job' })
  await expect(job.getByText('ended, 1 of 1')).toBeVisible()
  await job.getByText(name).click()
  await expect(job.getByText(/systemd\s+root\s+active/)).toBeVisible()
  await shot(page, 'bulk')
})

test('the bytes of a counted port appear', async ({ page, panel }) => {
  test.setTimeout(200_000)
  await page.goto(`${panel.url}servers/${id}/traffic`)
  const row = page.getByRole('table', { name: 'Ports' }).getByRole('row', { name: new RegExp(`:${agentPort}`) })
  await expect(async () => { // the totals are summed up anew once a minute
    await page.reload()
    await expect(row).toContainText(/[1-9][\d.]* ?KB/, { timeout: 5_000 }) // the panel's own questions
  }).toPass({ timeout: 150_000 })
  await shot(page, 'traffic')
})

test('a rule of the firewall is added and removed, and the panel does not lock itself out @drops', async ({ page, panel }) => {
  await page.goto(`${panel.url}servers/${id}/haproxy`)
  const rules = page.getByRole('table', { name: 'Firewall' })
  const row = rules.getByRole('row', { name: /9443\/tcp/ }).first()
  const remove = (r: typeof row) => r.getByRole('button', { name: /^Delete rule/ }).click()
  const dialog = page.getByRole('dialog')
  const keep = async () => { // the panel has proved the change by a new connection; then a person keeps it
    const asked = page.getByRole('button', { name: 'Keep changes' })
    await expect(dialog).toBeHidden({ timeout: 60_000 })
    await expect(asked.or(page.getByText(/The rule is (added and proved|deleted)/)).first()).toBeVisible({ timeout: 60_000 })
    if (await asked.isVisible()) await asked.click()
    await expect(page.getByRole('region', { name: /^Change of the firewall/ })).toBeHidden() // the node takes one change at a time
  }
  await page.getByRole('button', { name: 'Add rule' }).last().click()
  await dialog.getByLabel('Ports').fill('9443')
  await dialog.getByLabel('From').fill('192.0.2.0/24')
  await dialog.getByRole('button', { name: 'Add rule' }).click()
  await keep()
  await expect(row).toBeVisible()
  expect(await node.run('ufw', 'status')).toContain('192.0.2.0/24')
  await remove(row)
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
  await keep()
  await expect(row).toBeHidden()
  expect(await node.run('ufw', 'status')).not.toContain('9443')
  await remove(rules.getByRole('row', { name: new RegExp(`${agentPort}/tcp`) }))
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(dialog.getByText(/would lock out the panel/)).toBeVisible()
  await shot(page, 'firewall')
  expect(await node.run('ufw', 'status')).toContain(`${agentPort}/tcp`)
})
