import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type ViteDevServer } from 'vite'

// The page /states draws every feature in its four states: loading, empty, error, data. It exists in development only,
// on a mock of the panel.
const out = join(import.meta.dirname, '../../../build/screenshots')
let server: ViteDevServer
let base = ''

test.beforeAll(async () => {
  mkdirSync(out, { recursive: true })
  server = await createServer({ mode: 'demo', logLevel: 'error', server: { port: 0, host: '127.0.0.1', hmr: false, watch: null } })
  await server.listen()
  base = server.resolvedUrls?.local[0] ?? ''
})
test.afterAll(() => server.close())

for (const theme of ['dark', 'light'] as const) {
  for (const language of ['en', 'ru'] as const) {
    test(`four states of every feature in ${theme}, ${language}`, async ({ page }) => {
      const errors: string[] = []
      page.on('pageerror', (e) => errors.push(String(e)))
      page.on('console', (m) => m.type() === 'error' && errors.push(m.text()))
      await page.addInitScript(([th, la]) => {
        localStorage.setItem('theme', th)
        localStorage.setItem('language', la)
      }, [theme, language] as const)
      await page.goto(`${base}states`)
      const frames = page.locator('iframe, section, article')
      await expect(frames.first()).toBeVisible({ timeout: 60_000 })
      await page.waitForLoadState('networkidle')
      await page.screenshot({ path: join(out, `states-${theme}-${language}.png`), fullPage: true })
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa']).analyze()
      expect(violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
      expect(errors).toEqual([])
      await page.setViewportSize({ width: 390, height: 844 })
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    })
  }
}
