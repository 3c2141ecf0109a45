import { expect, test } from '@playwright/test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type ViteDevServer } from 'vite'

// Every page in its four states, on a mock of the panel. /states shows the same side by side to a developer.
const out = join(import.meta.dirname, '../../../build/screenshots')
const pages = { dashboard: '', servers: 'servers', server: 'servers/1', terminal: 'servers/1/terminal', haproxy: 'servers/1/haproxy', traffic: 'servers/1/traffic', alerts: 'alerts', rules: 'alerts/rules', silences: 'alerts/silences', channels: 'alerts/channels', billing: 'billing', bulk: 'bulk', audit: 'audit', settings: 'settings', login: 'login' }
const states = ['loading', 'empty', 'error', 'data'] as const
let server: ViteDevServer
let base = ''

test.beforeAll(async () => {
  mkdirSync(out, { recursive: true })
  server = await createServer({ mode: 'demo', logLevel: 'error', server: { port: 0, host: '127.0.0.1', hmr: false, watch: null } })
  await server.listen()
  base = server.resolvedUrls?.local[0] ?? ''
})
test.afterAll(() => server.close())

for (const [theme, language] of [['dark', 'en'], ['light', 'ru']] as const) {
  test(`four states of every page in ${theme}, ${language}`, async ({ page }) => {
    test.setTimeout(300_000)
    const errors: string[] = []
    let where = ''
    page.on('pageerror', (e) => errors.push(`${where}: ${String(e)}`))
    page.on('console', (m) => m.type() === 'error' && errors.push(`${where}: ${m.text()}`))
    await page.addInitScript(([th, la]) => {
      localStorage.setItem('theme', th)
      localStorage.setItem('language', la)
    }, [theme, language] as const)
    for (const [name, path] of Object.entries(pages)) {
      for (const state of states) {
        where = `${name} ${state}`
        await page.goto(`${base}${path}?mock=${name === 'login' ? 'signed-out' : state}&servers=40`)
        const busy = page.locator('[aria-busy=true]')
        if (state === 'loading' && name !== 'login') await expect(busy.first(), where).toBeAttached({ timeout: 60_000 })
        else {
          await expect(page.getByRole('heading').first(), where).toBeVisible({ timeout: 60_000 })
          await expect(busy, where).toHaveCount(0, { timeout: 60_000 })
        }
        if (state !== 'loading') expect((await page.locator('body').innerText()).length, `${where} says nothing`).toBeGreaterThan(40)
        await page.screenshot({ path: join(out, `state-${name}-${state}-${theme}-${language}.png`) })
      }
    }
    expect(errors).toEqual([])
  })
}
