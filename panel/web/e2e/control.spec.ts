import AxeBuilder from '@axe-core/playwright'
import { expect, test } from './fixtures'
import { Agent, freePort } from './programs'

// On an agent whose owner allows everything: the commands are run for real.
let agent: Agent
let id = 0
const name = 'controlled'

test.beforeAll(async ({ panel }) => {
  const port = await freePort()
  const { server, install } = await panel.api<{ server: { id: number }; install: { token: string } }>('POST', 'servers', { name, url: `https://127.0.0.1:${port}`, preset: 'full' })
  agent = new Agent(port, install.token, 'full').up()
  id = server.id
  await panel.online(id)
})

test.afterAll(async ({ panel }) => {
  await agent.remove()
  await panel.request('DELETE', `servers/${id}`)
})

test('a command runs on the server and tells how it ended', async ({ page, panel }) => {
  await page.goto(`${panel.url}servers/${id}`)
  await page.getByRole('link', { name: 'Terminal' }).click()
  const command = page.getByRole('textbox', { name: 'Command' })
  await command.fill('echo $((40 + 2)); echo trouble >&2; exit 3')
  await command.press('Enter')
  const log = page.getByRole('log')
  await expect(log.getByText('exit 3', { exact: true })).toBeVisible()
  await expect(log.getByText('42', { exact: true })).toBeVisible()
  await expect(log.getByText('trouble', { exact: true })).toHaveClass('stderr')
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
  await command.fill('sleep 300')
  await command.press('Enter')
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(log.getByText('stopped')).toBeVisible()
})

test('a shell takes what is typed and says when it has ended', async ({ page, panel }) => {
  await page.goto(`${panel.url}servers/${id}/terminal`)
  await page.getByRole('radio', { name: 'Shell' }).click()
  await expect(page.getByText('Connected. Without typing')).toBeVisible()
  await page.keyboard.type('exit 7\n')
  await expect(page.getByText('The shell has ended with code 7.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Open again' })).toBeVisible()
})

test('a command runs on many servers as a job that outlives the page', async ({ page, panel }) => {
  await page.goto(`${panel.url}bulk`)
  await page.getByRole('checkbox', { name }).check()
  await page.getByRole('textbox', { name: 'Command' }).fill('echo $((50 + 5))')
  await page.getByRole('button', { name: 'Run command' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Run command' }).click()
  const job = page.getByRole('region', { name: 'Job' })
  await expect(job.getByText('ended, 1 of 1')).toBeVisible()
  await page.reload()
  await expect(job.getByText('ended, 1 of 1')).toBeVisible()
  await job.getByText(name).click()
  await expect(job.getByText('55', { exact: true })).toBeVisible()
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
})
