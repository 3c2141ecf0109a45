import type { Locator, Page } from '@playwright/test'
import { expect, test } from './fixtures'

/** Draws a selection over a part of an element, as shares of its width. */
async function drag(page: Page, on: Locator, from: number, to: number): Promise<void> {
  await on.scrollIntoViewIfNeeded()
  const box = await on.boundingBox()
  if (!box) throw new Error('the chart is not in view')
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * from, y)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * (from + to) / 2, y, { steps: 4 })
  await page.mouse.move(box.x + box.width * to, y, { steps: 4 })
  await page.mouse.up()
}

const length = (page: Page) => {
  const query = new URL(page.url()).searchParams
  return (Number(query.get('to')) - Number(query.get('from'))) / 1000
}

test('dragging on a chart asks all charts again at the finer step', async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers/${agent.id}?period=24h`)
  const plot = page.locator('[data-chart=cpu] .u-over')
  await expect(plot).toBeVisible({ timeout: 90_000 })
  await expect(page.getByText('one point per 1 min')).toBeVisible()
  const asked: URL[] = []
  page.on('request', (r) => r.url().includes('/metrics/chart/') && asked.push(new URL(r.url())))

  await drag(page, plot, 0.9, 1.01) // to the edge: only the last minutes have data
  await expect(page).toHaveURL(/period=24h&from=\d+&to=\d+/)
  expect(length(page)).toBeGreaterThan(86_400 * 0.08)
  expect(length(page)).toBeLessThan(86_400 * 0.11)
  await expect(page.getByText('one point per 20 s')).toBeVisible() // 720 points at most
  const query = new URL(page.url()).searchParams
  const wanted = new Date(Number(query.get('from'))).toISOString()
  await expect.poll(() => new Set(asked.filter((u) => u.searchParams.get('from_time') === wanted).map((u) => u.pathname.split('/').pop())).size, { message: 'every open chart asks for the same range' }).toBeGreaterThan(5)
  await expect(page.getByRole('button', { name: /^Range \d/ })).toBeVisible()

  // Deeper, by the strip of cores, whose plot lies between its labels.
  const strip = page.locator('[data-chart=cores] canvas')
  await drag(page, strip, 0.75, 0.99)
  await expect.poll(() => length(page)).toBeLessThan(86_400 * 0.03)
  await expect(page.getByText('one point per 10 s')).toBeVisible()
  const deep = length(page)

  await page.goBack() // each zoom is a step of the browser
  await expect.poll(() => length(page)).toBeGreaterThan(deep)
  await page.getByRole('button', { name: 'Back to 24 h' }).click()
  await expect(page).toHaveURL(/\?period=24h$/)
  await expect(page.getByRole('radio', { name: '24 h' })).toBeChecked()
})

test('a zoom by keys, left by Esc and by a double click', async ({ page, panel, agent }) => {
  await page.goto(`${panel.url}servers/${agent.id}`)
  const plot = page.locator('[data-chart=cpu] .chart-plot')
  await expect(plot).toBeVisible({ timeout: 90_000 })
  await plot.focus()
  await page.keyboard.press('ArrowLeft') // where the newest points are
  await page.keyboard.press('+')
  await expect(page).toHaveURL(/from=\d+&to=\d+/)
  expect(length(page)).toBe(1800)
  await plot.focus()
  await page.keyboard.press('Escape') // the cursor
  await expect(page.locator('[data-chart=cpu] .chart-time')).toBeHidden()
  expect(length(page)).toBe(1800)
  await page.keyboard.press('Escape') // the zoom
  await expect(page).toHaveURL(/servers\/\d+$/)

  await plot.focus()
  await page.keyboard.press('-')
  await expect.poll(() => length(page)).toBe(7200)
  await page.locator('[data-chart=cpu] .u-over').dblclick()
  await expect(page).toHaveURL(/servers\/\d+$/)
})

test('a range is chosen on a phone', async ({ page, panel, agent }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(`${panel.url}servers/${agent.id}`)
  await page.getByRole('button', { name: 'Range…' }).click()
  const show = page.getByRole('dialog').getByRole('button', { name: 'Show' })
  await page.getByLabel('From').fill('2026-01-02T03:04')
  await page.getByLabel('To', { exact: true }).fill('2026-01-01T03:04')
  await show.click()
  await expect(page.getByText('The begin must be before the end.')).toBeVisible()
  await page.getByLabel('To', { exact: true }).fill('2026-01-03T03:04')
  await show.click()
  await expect(page.getByRole('button', { name: /^Range 2.Jan, 03:04 – 3.Jan, 03:04$/ })).toBeVisible()
  await expect(page.getByText(/No data in this range/).first()).toBeVisible({ timeout: 30_000 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  await page.getByRole('button', { name: 'Back to 1 h' }).click()
  await expect(page).toHaveURL(/servers\/\d+$/)
})
