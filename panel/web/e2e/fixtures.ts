import { type Page, test as base, expect } from '@playwright/test'
import { Agent, Panel, freePort, password } from './programs'

/** E2E_SLOWER=6 gives the browser a sixth of the processor, as on a loaded machine: what only works when the page is quick shows itself. */
const slower = Number(process.env.E2E_SLOWER ?? 1)

interface Fixtures {
  /** A signed-in page whose console must stay free of errors. */
  page: Page
}

interface Programs {
  panel: Panel
  agent: { id: number; name: string; process: Agent }
}

/** Dropped requests are how the panel refuses, 400 is how it names a wrong field, 409 how it tells that the owner of a node has closed something, 422 that the node refused, 502 that an agent does not answer; only the tests that provoke one allow it. */
const provoked = /status of (400|409|422|502)|net::ERR_(EMPTY_RESPONSE|CONNECTION_REFUSED|CONNECTION_RESET|CONNECTION_CLOSED|INCOMPLETE_CHUNKED_ENCODING|SOCKET_NOT_CONNECTED)/

export function watchConsole(page: Page): { allowDrops: () => void; check: () => void } {
  const errors: string[] = []
  let drops = false
  page.on('console', (m) => {
    if (m.type() === 'error' && !(drops && provoked.test(m.text()))) errors.push(m.text())
  })
  page.on('pageerror', (e) => errors.push(String(e)))
  return {
    allowDrops: () => {
      drops = true
    },
    check: () => expect(errors, 'errors in the browser console').toEqual([]),
  }
}

export async function signIn(page: Page, panel: Panel): Promise<void> {
  await page.goto(panel.url)
  await page.getByLabel(/^(Password|Пароль)$/).fill(password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('navigation').first()).toBeVisible() // the login page has none
}

export const test = base.extend<Fixtures, Programs>({
  panel: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
    async ({}, use) => {
      const panel = await Panel.start()
      await use(panel)
      await panel.remove()
    },
    { scope: 'worker' },
  ],
  agent: [
    async ({ panel }, use) => {
      const port = await freePort()
      const name = 'alpha'
      const { server, install } = await panel.api<{ server: { id: number }; install: { token: string } }>('POST', 'servers', { name, url: `https://127.0.0.1:${port}`, preset: 'monitor' })
      const process = new Agent(port, install.token).up()
      await panel.online(server.id)
      await use({ id: server.id, name, process })
      await process.remove()
    },
    { scope: 'worker' },
  ],
  page: async ({ page, panel }, use, info) => {
    const console = watchConsole(page)
    if (info.tags.includes('@drops')) console.allowDrops()
    if (slower > 1) await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: slower })
    await page.addInitScript(() => {
      if (!localStorage.getItem('language')) localStorage.setItem('language', 'en')
    })
    await signIn(page, panel)
    await use(page)
    console.check()
  },
})

export { expect }
