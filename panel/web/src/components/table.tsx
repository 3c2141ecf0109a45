import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { type ReactNode, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

export interface Column<Row> {
  id: string
  title: string
  cell: (row: Row) => ReactNode
  /** Numbers stand on the right. */
  numeric?: boolean
  /** Makes the column sortable. */
  sortBy?: (row: Row) => string | number | null
  width?: number | string
  className?: string
}

export interface Sort {
  column: string
  descending: boolean
}

interface TableProps<Row> {
  label: string
  columns: Column<Row>[]
  rows: Row[]
  rowKey: (row: Row) => string | number
  /** The order at first; without it rows stay as they come. */
  initialSort?: Sort
  /** Height of the scrolling box of a virtual table. */
  maxHeight?: number | string
  /** Pixels; 32, or 46 with two lines. All rows have the same. */
  rowHeight?: number
  rowClass?: (row: Row) => string | undefined
}

const virtualAbove = 100

/** Rows of 32 px, sticky head, sorting; over 100 rows only those in view are in the page. */
export function Table<Row>({ label, columns, rows, rowKey, initialSort, maxHeight = '70vh', rowHeight = 32, rowClass }: TableProps<Row>) {
  const { t } = useTranslation('components')
  const [sort, setSort] = useState<Sort | undefined>(initialSort)
  const box = useRef<HTMLDivElement>(null)
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort])
  const virtual = sorted.length > virtualAbove
  const virtualizer = useVirtualizer({ count: virtual ? sorted.length : 0, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 12 })
  const window = virtualizer.getVirtualItems()
  const first = window[0]?.index ?? 0
  const last = window.at(-1)?.index ?? -1
  const shown = virtual ? sorted.slice(first, last + 1) : sorted
  const order = (column: Column<Row>) => setSort((old) => ({ column: column.id, descending: old?.column === column.id ? !old.descending : Boolean(column.numeric) }))
  return (
    <div ref={box} className={virtual ? 'tbl-wrap scrolls' : 'tbl-wrap'} style={virtual ? { maxHeight } : undefined} tabIndex={virtual ? 0 : undefined} role={virtual ? 'region' : undefined} aria-label={virtual ? label : undefined}>
      <table className="tbl" aria-label={label} aria-rowcount={virtual ? sorted.length + 1 : undefined}>
        <thead>
          <tr>
            {columns.map((c) => {
              const active = sort?.column === c.id
              const Arrow = sort?.descending ? ArrowDown : ArrowUp
              return (
                <th key={c.id} scope="col" className={[c.numeric ? 'num' : '', c.className].filter(Boolean).join(' ') || undefined} style={{ width: c.width }} aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined}>
                  {c.sortBy ? (
                    <button type="button" onClick={() => order(c)} title={t('sort', { column: c.title })}>
                      {c.title}
                      {active && <Arrow size={12} aria-hidden />}
                    </button>
                  ) : (
                    c.title
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {virtual && first > 0 && <tr className="pad" aria-hidden><td colSpan={columns.length} style={{ height: first * rowHeight }} /></tr>}
          {shown.map((row, i) => (
            <tr key={rowKey(row)} className={rowClass?.(row)} aria-rowindex={virtual ? first + i + 2 : undefined} style={{ height: rowHeight }}>
              {columns.map((c) => <td key={c.id} className={[c.numeric ? 'num' : '', c.className].filter(Boolean).join(' ') || undefined}>{c.cell(row)}</td>)}
            </tr>
          ))}
          {virtual && last < sorted.length - 1 && <tr className="pad" aria-hidden><td colSpan={columns.length} style={{ height: (sorted.length - 1 - last) * rowHeight }} /></tr>}
        </tbody>
      </table>
    </div>
  )
}

/** Missing values are last in both directions; equal ones keep their order. */
export function sortRows<Row>(rows: Row[], columns: Column<Row>[], sort: Sort | undefined): Row[] {
  const by = columns.find((c) => c.id === sort?.column)?.sortBy
  if (!sort || !by) return rows
  const direction = sort.descending ? -1 : 1
  return rows.toSorted((a, b) => {
    const [x, y] = [by(a), by(b)]
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    return direction * (typeof x === 'string' && typeof y === 'string' ? x.localeCompare(y, undefined, { numeric: true }) : Number(x) - Number(y))
  })
}
