import AxeBuilder from '@axe-core/playwright'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './fixtures'

const out = join(import.meta.dirname, '../../../build/screenshots')
mkdirSync(out, { recursive: true })

const sizes = { desktop: { width: 1440, height: 900 }, tablet: { width: 820, height: 1180 }, phone: { width: 390, height: 844 } }
const pages = (id: number) => ({ dashboard: '', list: '', servers: 'servers', add: 'servers?add', server: `servers/${id}`, terminal: `servers/${id}/terminal`, haproxy: `servers/${id}/haproxy`, traffic: `servers/${id}/traffic`, alerts: 'alerts', rules: 'alerts/rules', silences: 'alerts/silences', channels: 'alerts/channels', billing: 'billing', bulk: 'bulk', audit: 'audit', settings: 'settings' })

// Contrast depends on the theme and width on the language: two pairs show all of both.
for (const [theme, language] of [['dark', 'en'], ['light', 'ru']] as const) {
  test(`every page in ${theme}, ${language} @drops`, async ({ page, panel, agent }) => {
    test.setTimeout(420_000)
    await page.evaluate(([th, la]) => {
      localStorage.setItem('theme', th)
      localStorage.setItem('language', la)
    }, [theme, language] as const)
    for (const [name, path] of Object.entries(pages(agent.id))) {
      await page.evaluate((d) => localStorage.setItem('dashboard-density', d), name === 'list' ? 'list' : 'normal')
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport)
        await page.goto(panel.url + path)
        await expect(page.getByRole('heading').first()).toBeVisible()
        await page.evaluate(() => document.fonts.ready)
        await expect(page.locator('[aria-busy=true]')).toHaveCount(0, { timeout: 20_000 })
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        expect(wide, `${name} scrolls sideways at ${viewport.width} px`).toBeLessThanOrEqual(0)
        await page.screenshot({ path: join(out, `${name}-${size}-${theme}-${language}.png`) })
      }
      await page.setViewportSize(sizes.desktop)
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
      const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
      expect(serious.map((v) => `${name}: ${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
    }
  })
}

test('the login page in both themes', async ({ browser, panel }) => {
  for (const theme of ['dark', 'light'] as const) {
    const context = await browser.newContext({ colorScheme: theme, viewport: sizes.desktop, locale: theme === 'dark' ? 'ru' : 'en' })
    const page = await context.newPage()
    await page.goto(panel.url)
    await expect(page.getByRole('heading').first()).toBeVisible()
    await page.screenshot({ path: join(out, `login-desktop-${theme}.png`) })
    await page.setViewportSize(sizes.phone)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    await context.close()
  }
})
