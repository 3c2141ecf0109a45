import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Process } from '../../api/types'
import { ApiError } from '../../lib/api'
import { text } from '../../lib/format'
import { useFormat } from '../../lib/use-format'
import { useProcesses } from './queries'
import { SignalMenu } from './signal-menu'

const columns = ['pid', 'name', 'user', 'status', 'cpu_percent', 'memory_percent'] as const
type Column = (typeof columns)[number]
const numeric: readonly Column[] = ['pid', 'cpu_percent', 'memory_percent']
const shown = 50

interface ProcessesProps {
  serverId: number
  enabled: boolean
}

/** The whole process table of the node, asked for while the page is open; search by name, command, user or PID. */
export function ProcessesCard({ serverId, enabled }: ProcessesProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const query = useProcesses(serverId, enabled)
  const [filter, setFilter] = useState('')
  const [sort, setSort] = useState<{ by: Column; down: boolean }>({ by: 'cpu_percent', down: true })
  const [all, setAll] = useState(false)
  const found = useMemo(() => sorted(matching(query.data?.processes ?? [], filter), sort.by, sort.down), [query.data, filter, sort])
  const rows = all ? found : found.slice(0, shown)
  const sortBy = (by: Column) => setSort({ by, down: sort.by === by ? !sort.down : numeric.includes(by) && by !== 'pid' })
  return (
    <section className="card processes" aria-label={t('processes.title')}>
      <div className="card-h">
        <h2>{t('processes.title')}</h2>
        {query.data && <span className="t3">{f.count(query.data.count)}</span>}
        <span className="grow" />
        <input className="inp" type="search" value={filter} onChange={(e) => setFilter(e.target.value)} placeholder={t('processes.filter')} aria-label={t('processes.filter')} />
      </div>
      <div className="tbl-wrap">
        <table className="tbl">
          <thead>
            <tr>
              {columns.map((c) => (
                <th key={c} scope="col" className={`${numeric.includes(c) ? 'num' : ''} ${c === 'user' || c === 'status' ? 'hide-s' : ''}`} aria-sort={sort.by === c ? (sort.down ? 'descending' : 'ascending') : undefined}>
                  <button type="button" onClick={() => sortBy(c)}>
                    {t(`processes.${c}`)}
                    {sort.by === c && <span aria-hidden>{sort.down ? '↓' : '↑'}</span>}
                  </button>
                </th>
              ))}
              <th scope="col"><span className="sr">{t('signal.column')}</span></th>
            </tr>
          </thead>
          <tbody>
            {rows.map((p) => <Row key={p.pid} process={p} serverId={serverId} />)}
            {rows.length === 0 && (
              <tr>
                <td colSpan={columns.length + 1} className="t3" aria-busy={query.isPending && enabled}>
                  {!enabled ? t('processes.disabled') : query.isPending ? t('chart.loading') : query.isError ? t('processes.failed', { reason: reason(query.error) }) : t('processes.none')}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      {found.length > rows.length && (
        <div className="chart-foot">
          <span className="t3">{t('processes.shown', { shown: rows.length, total: found.length })}</span>
          <button type="button" className="link" onClick={() => setAll(true)}>{t('processes.all')}</button>
        </div>
      )}
    </section>
  )
}

function Row({ process: p, serverId }: { process: Process; serverId: number }) {
  const f = useFormat()
  return (
    <tr title={p.command}>
      <td className="mono t3 num">{p.pid}</td>
      <td className="b">{p.name}</td>
      <td className="t2 hide-s">{p.user}</td>
      <td className="t2 hide-s">{p.status}</td>
      <td className="num">
        <span className="cell-meter">
          <span className="meter hide-s"><i style={{ width: `${Math.min(100, p.cpu_percent)}%` }} /></span>
          <span>{f.percent(p.cpu_percent, 1)}</span>
        </span>
      </td>
      <td className="num t2" title={p.memory_bytes ? text(f.bytes(p.memory_bytes)) : undefined}>{f.percent(p.memory_percent, 1)}</td>
      <td className="num"><SignalMenu serverId={serverId} process={p} /></td>
    </tr>
  )
}

const reason = (error: unknown): string => (error instanceof ApiError ? error.detail : String(error))

export function matching(processes: Process[], filter: string): Process[] {
  const text = filter.trim().toLowerCase()
  if (!text) return processes
  return processes.filter((p) => String(p.pid) === text || [p.name, p.command, p.user].some((s) => s?.toLowerCase().includes(text)))
}

export function sorted(processes: Process[], by: Column, down: boolean): Process[] {
  const sign = down ? -1 : 1
  return processes.toSorted((a, b) => {
    const [x, y] = [a[by] ?? '', b[by] ?? '']
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))
    return sign * order || a.pid - b.pid
  })
}
