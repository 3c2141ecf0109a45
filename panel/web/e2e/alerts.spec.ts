import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from './fixtures'

test.describe.configure({ mode: 'serial' })

/** The part of Telegram's Bot API that the panel uses. */
async function botApi() {
  const texts: string[] = []
  let refusal = ''
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (d: Buffer) => (body += d.toString()))
    request.on('end', () => {
      if (!refusal) texts.push((JSON.parse(body) as { text: string }).text)
      response.writeHead(refusal ? 400 : 200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify(refusal ? { ok: false, error_code: 400, description: refusal } : { ok: true, result: {} }))
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, texts, refuse: (reason: string) => (refusal = reason), close: () => new Promise((done) => server.close(done)) }
}

test('Telegram is set up and tested, with its own reason', { tag: '@drops' }, async ({ page, panel }) => {
  const bot = await botApi()
  await page.goto(`${panel.url}alerts/channels`)
  const card = page.locator('section.card').filter({ has: page.getByRole('heading', { name: 'Telegram', exact: true }) })
  await card.getByLabel('Bot token').fill('not a token')
  await card.getByRole('button', { name: 'Save' }).click()
  await expect(card.getByText(/A bot token looks like/)).toBeVisible()
  await card.getByLabel('Bot token').fill('123456789:AAFabcdefghijklmnopqrstuvwxyz012345')
  await card.getByLabel('Chat', { exact: true }).fill('-1001234567890')
  await card.getByLabel('Address of the Bot API').fill(bot.url)
  await card.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Delivery saved')).toBeVisible()
  await expect(card.getByLabel('Bot token')).toHaveValue('') // never shown again
  await card.getByRole('button', { name: 'Send a test' }).click()
  await expect(page.getByText('The test message has arrived')).toBeVisible()
  expect(bot.texts).toHaveLength(1)
  bot.refuse('Bad Request: chat not found')
  await card.getByRole('button', { name: 'Send a test' }).click()
  await expect(card.getByText('Telegram says: Bad Request: chat not found.')).toBeVisible()
  await panel.api('PUT', 'notify/settings', { telegram_bot_token: '' })
  await bot.close()
})

test('a trigger is tried on the history before it is saved', async ({ page, panel, agent }) => {
  expect(agent.id).toBeGreaterThan(0) // without a server there is nothing to try
  await page.goto(`${panel.url}alerts`)
  await page.getByRole('button', { name: 'Settings of CPU' }).click()
  const cpu = page.getByRole('region', { name: 'CPU', exact: true })
  await expect(cpu.getByText(/^With these numbers it would/)).toBeVisible({ timeout: 60_000 })
  await cpu.getByRole('textbox', { name: 'Threshold' }).fill('97')
  await cpu.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Trigger CPU saved')).toBeVisible()
  expect(await panel.api('GET', 'alerts/settings')).toMatchObject({ cpu_critical_threshold: 97, cpu_spike_percent: 40 })
  await page.getByRole('link', { name: 'Rules' }).click()
  await page.getByRole('button', { name: 'Rules of the triggers' }).click()
  await expect(page.getByRole('dialog')).toContainText('groups:')
})

test('a lost server becomes an alert, is silenced, and comes back', async ({ page, panel, agent }) => {
  test.setTimeout(300_000)
  await panel.api('PUT', 'alerts/settings', { enabled: true, check_interval: 10, offline_fail_threshold: 1 })
  await page.goto(`${panel.url}alerts`)
  await expect(page.getByText(/checked every 10 s/)).toBeVisible()
  await agent.process.down()
  const active = page.locator('section.card').filter({ has: page.getByRole('heading', { name: 'Active', exact: true }) })
  const offline = active.getByRole('region', { name: 'Offline' })
  await expect(offline).toContainText(agent.name, { timeout: 120_000 })
  await expect(page.getByTitle(/active alert/).first()).toBeVisible()

  await offline.getByRole('button', { name: `Silence: ${agent.name}` }).click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('Reason').fill('we know')
  await drawer.getByRole('radio', { name: /as a whole/ }).check()
  await drawer.getByRole('button', { name: 'Silence', exact: true }).click()
  await expect(active.getByRole('button', { name: /^Silenced/ })).toBeVisible({ timeout: 30_000 })
  await page.getByRole('link', { name: 'Silences' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'we know' })).toContainText(agent.name)
  await page.getByRole('button', { name: 'End now' }).click()
  await expect(page.getByText('Nothing is silenced')).toBeVisible()

  agent.process.up()
  await page.getByRole('link', { name: 'Now' }).click()
  const history = page.locator('section.card').filter({ has: page.getByRole('heading', { name: 'History', exact: true }) })
  await expect(active.getByRole('region', { name: 'Offline' })).toHaveCount(0, { timeout: 120_000 })
  await page.reload()
  await history.getByLabel('Type').selectOption('offline')
  const row = history.getByRole('row').filter({ hasText: agent.name }).first()
  await expect(row).toBeVisible()
  await row.getByRole('link', { name: agent.name }).click()
  await expect(page.locator('[data-chart=cpu].aimed')).toBeVisible()
  await panel.api('PUT', 'alerts/settings', { enabled: false, check_interval: 60, offline_fail_threshold: 3 })
})
