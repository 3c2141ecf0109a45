import { expect, test } from './fixtures'

test('bills are added, paid, moved and deleted', async ({ page, panel }) => {
  await page.goto(`${panel.url}billing`)
  await page.getByRole('button', { name: 'Add bill' }).first().click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('Name').fill('e2e dedicated')
  await drawer.getByLabel('Paid for, days from now').fill('5')
  await drawer.getByLabel('Cost per month').fill('44,90')
  await drawer.getByLabel('Currency').fill('EUR')
  await drawer.getByLabel('Folder').fill('e2e folder')
  await expect(drawer.getByRole('status')).toContainText(/[45]\s(d|д)/)
  await drawer.getByRole('button', { name: 'Add bill' }).click()
  const row = page.getByRole('row').filter({ hasText: 'e2e dedicated' })
  await expect(row).toContainText('44.90')
  await expect(page.getByRole('rowheader', { name: /e2e folder/ })).toContainText('44.90 EUR per month')

  await page.getByRole('button', { name: 'Add bill' }).first().click()
  await drawer.getByLabel('Name').fill('e2e cloud')
  await drawer.getByRole('radio', { name: /From an account/ }).check()
  await drawer.getByLabel('Balance now').fill('0.10')
  await drawer.getByLabel('Cost per month').fill('30')
  await drawer.getByRole('button', { name: 'Add bill' }).click()
  await page.getByRole('button', { name: 'Top up e2e cloud' }).click()
  await drawer.getByLabel('Amount, EUR').or(drawer.getByLabel('Amount, USD')).fill('0.20')
  await drawer.getByRole('button', { name: 'Top up' }).click()
  // 0.1 + 0.2 in exact decimals, less what was consumed in these seconds.
  await expect(page.getByRole('row').filter({ hasText: 'e2e cloud' })).toContainText(/0\.(30|29)/)

  await page.getByRole('button', { name: 'Extend e2e dedicated' }).click()
  await drawer.getByRole('button', { name: '365 days' }).click()
  await drawer.getByRole('button', { name: 'Extend', exact: true }).click()
  await expect(row).toContainText(/369|370/)

  await page.getByRole('button', { name: /^Reminders/ }).click()
  await drawer.getByRole('checkbox', { name: /Remind in Telegram/ }).check()
  await drawer.getByLabel('Days before the end').fill('10, 2')
  await drawer.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Telegram is not set up, so reminders reach nobody.')).toBeVisible()
  expect(await panel.api('GET', 'billing/settings')).toEqual({ enabled: true, notify_days: [2, 10], check_interval_minutes: 60 })

  for (const name of ['e2e cloud', 'e2e dedicated']) {
    await page.getByRole('button', { name: `Actions for ${name}` }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await drawer.getByRole('button', { name: 'Delete bill' }).click()
    await expect(page.getByRole('button', { name, exact: true })).toHaveCount(0)
  }
  await expect(page.getByText('No bills yet')).toBeVisible()
})
