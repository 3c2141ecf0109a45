import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it } from 'vitest'
import { texts } from '../app/texts'
import { startI18n } from '../lib/i18n'
import { type Column, sortRows, Table } from './table'

interface Row {
  name: string
  load: number | null
}

const columns: Column<Row>[] = [
  { id: 'name', title: 'Name', cell: (r) => r.name, sortBy: (r) => r.name },
  { id: 'load', title: 'Load', cell: (r) => r.load, sortBy: (r) => r.load, numeric: true },
]
const rows: Row[] = [{ name: 'n10', load: 1 }, { name: 'n9', load: null }, { name: 'n2', load: 5 }]
const names = (sorted: Row[]) => sorted.map((r) => r.name)

beforeEach(() => startI18n(texts, 'en'))

it('sorts names as people count, and what is missing last both ways', () => {
  expect(names(sortRows(rows, columns, { column: 'name', descending: false }))).toEqual(['n2', 'n9', 'n10'])
  expect(names(sortRows(rows, columns, { column: 'load', descending: true }))).toEqual(['n2', 'n10', 'n9'])
  expect(names(sortRows(rows, columns, { column: 'load', descending: false }))).toEqual(['n10', 'n2', 'n9'])
  expect(sortRows(rows, columns, undefined)).toBe(rows)
})

it('sorts by a click, numbers from the largest', async () => {
  render(<Table label="servers" columns={columns} rows={rows} rowKey={(r) => r.name} />)
  await userEvent.click(screen.getByRole('button', { name: 'Load' }))
  expect(screen.getByRole('columnheader', { name: 'Load' }).getAttribute('aria-sort')).toBe('descending')
  expect(within(screen.getAllByRole('row')[1] as HTMLElement).getByText('n2')).toBeTruthy()
  await userEvent.click(screen.getByRole('button', { name: 'Load' }))
  expect(screen.getByRole('columnheader', { name: 'Load' }).getAttribute('aria-sort')).toBe('ascending')
})

it('keeps only rows in view in the page when there are many', () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ name: `n${i}`, load: i }))
  render(<Table label="servers" columns={columns} rows={many} rowKey={(r) => r.name} />)
  expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('501')
  expect(screen.getAllByRole('row').length).toBeLessThan(100)
})
