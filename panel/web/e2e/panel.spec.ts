import { expect, test } from './fixtures'
import { Agent, freePort, hostName, password, version } from './programs'

test.describe.configure({ mode: 'serial' })

test('a point arrives on a chart of a real server', async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers/${agent.id}`)
  await expect(page.getByRole('heading', { level: 1, name: agent.name })).toBeVisible()
  const cpu = page.locator('[data-chart=cpu]')
  await expect(cpu.locator('canvas').first()).toBeVisible({ timeout: 30_000 })
  await expect(cpu.locator('.chart-legend b')).toHaveText(/\d+(\.\d)?%/)
  await cpu.getByRole('button', { name: 'Show as table' }).click()
  const values = cpu.locator('tbody td.num').filter({ hasText: '%' })
  const before = await values.count()
  expect(before).toBeGreaterThan(0)
  await expect.poll(() => values.count(), { timeout: 40_000, message: 'the next scrape adds a point' }).toBeGreaterThan(before)
})

test('the server page tells what the machine is', async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers/${agent.id}`)
  await expect(page.getByText('all actions allowed').or(page.getByText('some actions allowed'))).toBeVisible()
  const processes = page.getByRole('region', { name: 'Processes' })
  await processes.getByRole('searchbox').fill('panel')
  await expect(processes.getByRole('row', { name: /panel/ }).first()).toBeVisible({ timeout: 20_000 })
  await processes.getByRole('searchbox').fill('no such process at all')
  await expect(processes.getByText('No process matches this text.')).toBeVisible()
})

test('periods are part of the address and move all charts', async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers/${agent.id}`)
  await page.getByRole('radio', { name: '24 h' }).click()
  await expect(page).toHaveURL(/period=24h/)
  await expect(page.getByText('one point per 1 min')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('radio', { name: '24 h' })).toBeChecked()
})

test('one cursor for all charts, moved by keys', async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers/${agent.id}`)
  const plot = page.locator('[data-chart=cpu] .chart-plot')
  await expect(plot).toBeVisible({ timeout: 30_000 })
  await plot.focus()
  await page.keyboard.press('ArrowLeft')
  const time = page.locator('[data-chart=cpu] .chart-time')
  await expect(time).toHaveText(/\d\d:\d\d:\d\d/)
  await expect(page.locator('[data-chart=memory] .chart-time')).toHaveText((await time.textContent()) ?? '')
  await page.keyboard.press('Escape')
  await expect(time).toBeHidden()
})

test('the dashboard shows live values without a reload', async ({ page, panel, agent }) => {
  await page.goto(panel.url)
  const card = page.getByRole('article').filter({ hasText: agent.name })
  await expect(card).toBeVisible()
  await expect(card.getByText(/^\d+%$/).first()).toBeVisible({ timeout: 20_000 })
  const uptime = await card.textContent()
  await expect.poll(() => card.textContent(), { timeout: 40_000, message: 'the figures change with the scrapes' }).not.toBe(uptime)
})

test('cards are dragged into another order and stay so', async ({ page, panel, agent }) => {
  await panel.api('POST', 'servers', { name: 'zulu', url: 'https://127.0.0.1:9' })
  await page.goto(panel.url)
  const names = () => page.getByRole('article').locator('.nm').allTextContents()
  await expect.poll(names).toEqual([agent.name, 'zulu'])
  const [from, to] = [page.getByRole('article').nth(1), page.getByRole('article').nth(0)]
  await from.hover()
  await from.getByRole('button', { name: 'Drag to move' }).hover()
  await page.mouse.down()
  await to.hover({ force: true, position: { x: 200, y: 20 } }) // what is dragged lies over it; each step is where the cards are then
  await to.hover({ force: true })
  await expect(page.locator('.movable.over')).toContainText(agent.name) // the page has followed the mouse
  await page.mouse.up()
  await expect.poll(names).toEqual(['zulu', agent.name])
  const saved = async () => (await panel.api<{ servers: { name: string }[] }>('GET', 'servers')).servers.map((s) => s.name)
  await expect.poll(saved).toEqual(['zulu', agent.name])
})

test('a server is disabled and enabled', async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers`)
  const toggle = page.getByRole('switch', { name: new RegExp(agent.name) })
  await toggle.click()
  await expect(toggle).not.toBeChecked()
  await expect.poll(async () => (await panel.api<{ is_active: boolean }>('GET', `servers/${agent.id}`)).is_active).toBe(false)
  await page.goto(panel.url)
  await expect(page.getByRole('article').filter({ hasText: agent.name }).getByText('Monitoring disabled')).toBeVisible()
  await page.getByRole('article').filter({ hasText: agent.name }).getByRole('button', { name: 'Enable' }).click()
  await panel.online(agent.id)
})

test('what was done to a server stands on its charts', async ({ page, panel, agent }) => {
  for (const is_active of [false, true]) await panel.api('PUT', `servers/${agent.id}`, { is_active })
  await panel.online(agent.id)
  await page.goto(`${panel.url}servers/${agent.id}`)
  const events = page.getByRole('region', { name: 'Events' })
  await expect(events.getByText('Monitoring disabled').first()).toBeVisible({ timeout: 30_000 })
  const plot = page.locator('[data-chart=cpu] .chart-plot')
  await expect(plot).toHaveAttribute('aria-label', /\d+ events?\.$/, { timeout: 90_000 })
  /** Whether something is drawn above the plot, and above the uppermost number of its axis. */
  const marked = () => plot.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const lane = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, Math.round(10 * devicePixelRatio)).data ?? []
    return lane.some((v, i) => i % 4 === 3 && v > 0)
  })
  await expect.poll(marked).toBe(true)
  const toggle = page.getByRole('button', { name: /^Events/ })
  await toggle.click()
  await expect(events).toBeHidden()
  await expect.poll(marked).toBe(false)
  await page.reload()
  await expect(toggle).toHaveAttribute('aria-pressed', 'false')
  await toggle.click()
  await events.getByRole('listitem').filter({ hasText: 'Monitoring disabled' }).first().getByRole('link', { name: 'Audit log' }).click()
  await expect(page.getByRole('row', { name: /monitoring disabled/ }).first()).toBeVisible()
})

test('a server that cannot be reached says why', async ({ page, panel }) => {
  await page.goto(`${panel.url}servers?add`)
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('Name').fill('unreachable')
  await drawer.getByLabel('Address').fill(`127.0.0.1:${await freePort()}`)
  await drawer.getByRole('button', { name: /^Add/ }).click()
  await expect(drawer.getByText(/install\.sh/)).toBeVisible()
  await expect(drawer.getByText(/port|refused/i).first()).toBeVisible({ timeout: 30_000 })
})

test('a new server joins while its drawer waits', async ({ page, panel }) => {
  const port = await freePort()
  await page.goto(`${panel.url}servers?add`)
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('Name').fill('newcomer')
  await drawer.getByLabel('Address').fill(`127.0.0.1:${port}`)
  await drawer.getByRole('button', { name: /^Add/ }).click()
  const command = (await drawer.getByText(/install\.sh/).textContent()) ?? ''
  const code = /join\/([^/]+)\//.exec(command)?.[1]
  const token = await (await fetch(`${new URL(panel.url).origin}/api/join/${code}/token`)).text()
  const joining = new Agent(port, token).up()
  try {
    await expect(drawer.getByText(/joined/i).first()).toBeVisible({ timeout: 40_000 })
  } finally {
    await joining.remove()
  }
})

test('the agent is lost and comes back', { tag: '@drops' }, async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers/${agent.id}`)
  await expect(page.getByText(/^(Online|Attention)$/).first()).toBeVisible({ timeout: 30_000 }) // a busy test machine needs attention
  await agent.process.down()
  await expect(page.getByText('Connection refused')).toBeVisible({ timeout: 40_000 })
  agent.process.up()
  await expect(page.getByText('Connection refused')).toBeHidden({ timeout: 40_000 })
  await expect(page.getByRole('region', { name: 'Events' }).getByText('Agent restarted').first()).toBeVisible({ timeout: 40_000 })
})

test('the panel restarts under an open page', { tag: '@drops' }, async ({ page, panel, agent }) => {
  await page.goto(panel.url)
  await expect(page.getByText('Connected')).toBeVisible()
  await panel.down()
  await expect(page.getByText('No connection')).toBeVisible({ timeout: 30_000 })
  await panel.up()
  await expect(page.getByText('Connected')).toBeVisible({ timeout: 60_000 })
  await panel.online(agent.id)
  await page.reload()
  await expect(page.getByRole('article').filter({ hasText: agent.name })).toBeVisible() // still signed in, nothing lost
})

test('a wrong password says how many tries are left', { tag: '@drops' }, async ({ browser, panel }) => {
  const context = await browser.newContext({ locale: 'en' })
  const stranger = await context.newPage()
  await stranger.goto(panel.url)
  await stranger.getByLabel('Password', { exact: true }).fill('not the password')
  await stranger.keyboard.press('Enter')
  await expect(stranger.getByText(/4/).first()).toBeVisible({ timeout: 20_000 })
  await stranger.getByLabel('Password', { exact: true }).fill(password)
  await stranger.keyboard.press('Enter')
  await expect(stranger.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible()
  await context.close()
})

test('settings keep language and intervals, the log tells who', async ({ page, panel }) => {
  await page.goto(`${panel.url}settings`)
  await expect(page.getByText(version).first()).toBeVisible()
  await panel.api('PUT', 'settings/metrics_collect_interval', { value: '10' })
  await page.goto(`${panel.url}audit`)
  await expect(page.getByText(/metrics_collect_interval|settings/).first()).toBeVisible()
})

test('another language comes with the page in view and stays', async ({ page, panel }) => {
  const files: string[] = []
  page.on('request', (r) => files.push(new URL(r.url()).pathname.split('/').pop() ?? ''))
  await page.goto(`${panel.url}settings`)
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible()
  expect(files.filter((f) => /^ru-.*\.js$/.test(f))).toEqual([])
  await page.getByRole('radio', { name: 'Русский' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Настройки' })).toBeVisible()
  await page.getByRole('link', { name: /^Серверы/ }).first().click()
  await expect(page.getByRole('heading', { level: 1, name: 'Серверы' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'Серверы' })).toBeVisible()
  await page.goto(`${panel.url}settings`)
  await page.getByRole('radio', { name: 'English' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible()
})

test('the host name of the machine is known', async ({ panel, agent }) => {
  const { server_name: name } = await panel.api<{ server_name: string }>('POST', `servers/${agent.id}/test`)
  expect(name).toBe(hostName)
})
