import { screen, within } from '@testing-library/react'
import { expect, it } from 'vitest'
import type { StorageResponse } from '../../api/types'
import { MockApi } from '../../test/mock-api'
import { renderPart } from '../../test/render'
import { Storage, monthOf, shortage, totals } from './storage'

const GB = 1024 ** 3
const tier = (name: string, bytes: number, forecast: number | null) => ({ name, resolution_seconds: 0, retention_days: 14, bytes, oldest: null, forecast_bytes: forecast })
const store = (more: Partial<StorageResponse> = {}): StorageResponse => ({ tiers: [tier('raw', 2 * GB, 3 * GB), tier('5m', GB, null)], wal_bytes: GB, free_bytes: 10 * GB, total_bytes: 20 * GB, read_only: false, budget_bytes: 0, quarantined: [], ...more })
const card = async () => within((await screen.findByRole('heading', { name: 'Metrics on disk' })).closest('section') as HTMLElement)

it('shows what each tier takes and will take', async () => {
  await renderPart(<Storage />)
  const table = within(await (await card()).findByRole('table', { name: 'Detail of the history' }))
  const rows = table.getAllByRole('row').slice(1).map((r) => within(r).getAllByRole('cell').map((c) => c.textContent?.replaceAll('\u00a0', ' ')))
  expect(rows.map((r) => [r[0], r[1], r[3], r[4]])).toEqual([
    ['as polled', '14 d', '2.10GB', '2.10GB'],
    ['one per 5 min', '90 d', '922MB', '1.30GB'],
    ['one per 1 h', '730 d', '205MB', '–'],
  ])
})

it('tells a full disk and damaged months', async () => {
  const mock = new MockApi(Date.now, 3)
  const quarantined = [{ tier: '5m', partition: '2026_10', reason: 'values.bin: cut off', time: '2025-11-01T02:03:04Z' }]
  mock.overrides.set('GET system/storage', () => store({ read_only: true, quarantined }))
  await renderPart(<Storage />, { mock })
  const shown = await card()
  await shown.findByText('New metrics are not stored')
  shown.getByText('Not stored')
  shown.getByText('2026-10 of 5m is damaged and left out')
  shown.getByText(/^Values\.bin: cut off\. Its files are kept in quarantine since 1.Nov.2025, \d\d:03\.$/)
})

it('says what it cannot say without metrics or an answer', async () => {
  const mock = new MockApi(Date.now, 3)
  mock.state = 'empty'
  await renderPart(<Storage />, { mock })
  await (await card()).findByText('No metrics yet')
})

it('adds up and foresees what does not fit', () => {
  expect(totals(store())).toEqual({ now: 4 * GB, later: 5 * GB, certain: false })
  expect(shortage(store())).toBeNull()
  expect(shortage(store({ free_bytes: GB / 2 }))).toBe('disk')
  expect(shortage(store({ budget_bytes: 4.5 * GB }))).toBe('budget')
  expect(shortage(store({ budget_bytes: 6 * GB }))).toBeNull()
  expect([monthOf('2026_10'), monthOf('odd')]).toEqual(['2026-10', 'odd'])
})
