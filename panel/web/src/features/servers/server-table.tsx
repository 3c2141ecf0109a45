import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react'
import { type KeyboardEvent, type RefObject, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import type { Column, Sort } from '../../components/table'
import { useCommands } from '../../lib/commands'
import { nextSort } from './list-view'
import type { Selection } from './selection'
import { usePhone } from './use-phone'

interface ServerTableProps {
  servers: ServerItem[]
  columns: Column<ServerItem>[]
  sort: Sort | undefined
  onSort: (sort: Sort | undefined) => void
  selection: Selection
  /** What scrolls: the page. */
  scroller: RefObject<HTMLElement | null>
}

const virtualAbove = 100
const rowHeight = 36
const phoneRowHeight = 56

/** The list itself. Unlike the shared table it has selection, a cursor for the keyboard and its order in the address. */
export function ServerTable({ servers, columns, sort, onSort, selection, scroller }: ServerTableProps) {
  const { t } = useTranslation('servers')
  const body = useRef<HTMLTableSectionElement>(null)
  const height = usePhone() ? phoneRowHeight : rowHeight
  const virtual = servers.length > virtualAbove
  const virtualizer = useVirtualizer({ count: virtual ? servers.length : 0, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 12 })
  const window = virtualizer.getVirtualItems()
  const first = virtual ? (window[0]?.index ?? 0) : 0
  const last = virtual ? (window.at(-1)?.index ?? -1) : servers.length - 1
  const shown = servers.slice(first, last + 1)

  const focusRow = (index: number) => {
    const server = servers[index]
    if (!server) return
    const link = () => body.current?.querySelector<HTMLElement>(`[data-id="${server.id}"] a`)
    if (!link()) virtualizer.scrollToIndex(index)
    requestAnimationFrame(() => link()?.focus())
  }
  const current = () => Number(document.activeElement?.closest<HTMLElement>('[data-id]')?.dataset.id ?? -1)
  const step = (by: number, extend: boolean) => {
    const at = servers.findIndex((s) => s.id === current())
    const next = at < 0 ? 0 : Math.min(servers.length - 1, Math.max(0, at + by))
    focusRow(next)
    if (extend && servers[next]) selection.toggle(servers[next].id, true)
  }
  const mark = (extend: boolean) => {
    if (servers.some((s) => s.id === current())) selection.toggle(current(), extend)
  }
  useCommands([
    { id: 'row-next', label: t('keys.next'), keys: 'J', hidden: true, run: () => step(1, false) },
    { id: 'row-previous', label: t('keys.previous'), keys: 'K', hidden: true, run: () => step(-1, false) },
    { id: 'row-next-extend', label: t('keys.next'), keys: 'Shift+J', hidden: true, run: () => step(1, true) },
    { id: 'row-previous-extend', label: t('keys.previous'), keys: 'Shift+K', hidden: true, run: () => step(-1, true) },
    { id: 'row-select', label: t('keys.select'), keys: 'X', hidden: true, run: () => mark(false) },
    { id: 'row-select-extend', label: t('keys.select'), keys: 'Shift+X', hidden: true, run: () => mark(true) },
  ])
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!by || !(event.target instanceof HTMLAnchorElement)) return
    event.preventDefault()
    step(by, event.shiftKey)
  }
  const pad = (rows: number) => rows > 0 && <tr className="pad" aria-hidden><td style={{ height: rows * height }} /></tr>
  return (
    <table className="tbl servers" aria-label={t('title')} aria-rowcount={servers.length + 1} onKeyDown={onKeyDown}>
      <Head columns={columns} sort={sort} onSort={onSort} selection={selection} count={servers.length} />
      <tbody ref={body}>
        {pad(first)}
        {shown.map((s, i) => {
          const selected = selection.ids.has(s.id)
          return (
            <tr key={s.id} data-id={s.id} aria-rowindex={first + i + 2} aria-selected={selected} className={s.is_active ? undefined : 'is-disabled'} style={{ height }}>
              <td className="c-check"><RowCheck server={s} selected={selected} onToggle={selection.toggle} /></td>
              {columns.map((c) => <td key={c.id} className={cellClass(c)}>{c.cell(s)}</td>)}
            </tr>
          )
        })}
        {pad(servers.length - 1 - last)}
      </tbody>
    </table>
  )
}

const cellClass = (c: Column<ServerItem>) => [c.numeric ? 'num' : '', c.className].filter(Boolean).join(' ')

/** The click tells whether Shift is held; a change does not. */
function RowCheck({ server, selected, onToggle }: { server: ServerItem; selected: boolean; onToggle: Selection['toggle'] }) {
  const { t } = useTranslation('servers')
  return <input type="checkbox" className="check" aria-label={t('row.select', { name: server.name })} checked={selected} onChange={() => {}} onClick={(e) => onToggle(server.id, e.shiftKey)} />
}

function Head({ columns, sort, onSort, selection, count }: Pick<ServerTableProps, 'columns' | 'sort' | 'onSort' | 'selection'> & { count: number }) {
  const { t } = useTranslation('servers')
  const { t: common } = useTranslation('components')
  const some = selection.ids.size > 0
  const all = selection.ids.size === count
  return (
    <thead>
      <tr>
        <th scope="col" className="c-check">
          <input type="checkbox" className="check" aria-label={t('selectAll')} checked={some && all} ref={(el) => { if (el) el.indeterminate = some && !all }} onChange={() => (some && all ? selection.clear() : selection.all())} />
        </th>
        {columns.map((c) => {
          const active = sort?.column === c.id
          const Arrow = !active ? ArrowUpDown : sort.descending ? ArrowDown : ArrowUp
          return (
            <th key={c.id} scope="col" className={cellClass(c)} style={{ width: c.width }} aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined}>
              {c.sortBy ? (
                <button type="button" title={common('sort', { column: c.title })} onClick={() => onSort(nextSort(sort, c.id))}>
                  <span className={c.id === 'state' ? 'sr' : undefined}>{c.title}</span>
                  {(active || c.id === 'state') && <Arrow size={12} aria-hidden />}
                </button>
              ) : (
                <span className="sr">{c.title || t('column.menu')}</span>
              )}
            </th>
          )
        })}
      </tr>
    </thead>
  )
}
