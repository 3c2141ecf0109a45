import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { InterfaceBytes, PortBytes } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Select } from '../../components/field'
import { Segmented } from '../../components/segmented'
import { Table } from '../../components/table'
import { createFormat, type Format, text } from '../../lib/format'
import { useFormat } from '../../lib/use-format'
import { type Bucket, portRows, type Unit, unitNames } from './traffic-buckets'
import { type Source, useTrafficHistory } from './traffic-queries'

interface TrafficHistoryProps {
  id: number
  interfaces: InterfaceBytes[]
  ports: PortBytes[]
  tracked: number[]
}

/** Bytes by hour, day or month, of everything or of one interface or port. */
export function TrafficHistory({ id, interfaces, ports, tracked }: TrafficHistoryProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const [unit, setUnit] = useState<Unit>('days')
  const [chosen, setChosen] = useState('')
  const [at, setAt] = useState<number | null>(null)
  const [table, setTable] = useState(false)
  const history = useTrafficHistory(id, unit, sourceOf(chosen))
  const buckets = history.data ?? []
  const empty = history.isSuccess && buckets.every((b) => b.rx === null && b.tx === null)
  const name = (b: Bucket) => bucketName(f, unit, b)
  const bytes = (v: number | null) => (v === null ? t('chart.noData') : text(f.bytes(v)))
  const shown = at === null ? undefined : buckets[at]
  return (
    <section className="card chart" aria-label={t('traffic.history.title')}>
      <div className="card-h">
        <h2>{t('traffic.history.title')}</h2>
        {unit !== 'hours' && <span className="cap">{t('traffic.history.utc')}</span>}
        <span className="grow" />
        <Select aria-label={t('traffic.history.source')} className="traffic-source" value={chosen} onChange={(e) => setChosen(e.target.value)}>
          <option value="">{t('traffic.history.all')}</option>
          {interfaces.map((i) => <option key={i.interface} value={`interface ${i.interface}`}>{i.interface}</option>)}
          {portRows(tracked, ports).map((p) => <option key={p.port} value={`port ${p.port}`}>{t('traffic.history.port', { port: p.port })}</option>)}
        </Select>
        <Segmented label={t('traffic.history.unit')} value={unit} options={unitNames.map((value) => ({ value, label: t(`traffic.history.${value}`) }))} onChange={(u) => { setUnit(u); setAt(null) }} />
      </div>
      {history.isPending && <span className="sk sk-late traffic-wait" aria-busy="true" />}
      {history.isError && !history.data && <ErrorState error={history.error} onRetry={() => void history.refetch()} />}
      {empty && <EmptyState title={t('traffic.history.none')} text={t('traffic.history.noneText')} />}
      {history.data && !empty && (
        <>
          <p className="traffic-read">
            <span>{shown ? name(shown) : t('traffic.history.sum')}</span>
            <span><i className="rx" />{t('now.download')} <b>{bytes(shown ? shown.rx : known(buckets, 'rx'))}</b></span>
            <span><i className="tx" />{t('now.upload')} <b>{bytes(shown ? shown.tx : known(buckets, 'tx'))}</b></span>
          </p>
          <Bars buckets={buckets} name={name} peak={(v) => text(f.bytes(v))} label={t('traffic.history.summary', { count: buckets.length, download: bytes(known(buckets, 'rx')), upload: bytes(known(buckets, 'tx')), gaps: buckets.filter((b) => b.rx === null).length })} onPoint={setAt} />
          <div className="chart-foot"><button type="button" className="link" aria-expanded={table} onClick={() => setTable(!table)}>{t(table ? 'chart.hideTable' : 'chart.asTable')}</button></div>
          {table && <Table label={t('traffic.history.title')} rows={buckets} rowKey={(b) => b.at} columns={[
            { id: 'at', title: t('chart.time'), sortBy: (b) => b.at, cell: name },
            { id: 'rx', title: t('now.download'), numeric: true, sortBy: (b) => b.rx, cell: (b) => bytes(b.rx) },
            { id: 'tx', title: t('now.upload'), numeric: true, sortBy: (b) => b.tx, cell: (b) => bytes(b.tx) },
          ]} />}
        </>
      )}
    </section>
  )
}

interface BarsProps {
  buckets: Bucket[]
  name: (b: Bucket) => string
  peak: (v: number) => string
  label: string
  onPoint: (index: number | null) => void
}

const ticks = 6

/** Downloads upwards, uploads downwards, on one scale; a bucket without data is hatched. */
function Bars({ buckets, name, peak, label, onPoint }: BarsProps) {
  const most = Math.max(1, ...buckets.flatMap((b) => [b.rx ?? 0, b.tx ?? 0]))
  const every = Math.ceil(buckets.length / ticks)
  const height = (v: number | null) => ({ height: `${((v ?? 0) / most) * 100}%` })
  return (
    <div className="traffic-bars" role="img" aria-label={label} onPointerLeave={() => onPoint(null)}>
      <span className="peak">{peak(most)}</span>
      {buckets.map((b, i) => (
        <div key={b.at} data-gap={b.rx === null && b.tx === null ? '' : undefined} onPointerEnter={() => onPoint(i)}>
          <span><i className="rx" style={height(b.rx)} /></span>
          <span><i className="tx" style={height(b.tx)} /></span>
          {i % every === every >> 1 && <small>{name(b)}</small>}
        </div>
      ))}
    </div>
  )
}

function sourceOf(chosen: string): Source {
  const [kind, name = ''] = chosen.split(' ')
  return kind === 'interface' ? { interface: name } : kind === 'port' ? { port: Number(name) } : null
}

/** Gaps count nothing. */
const known = (buckets: Bucket[], side: 'rx' | 'tx') => buckets.reduce((n, b) => n + (b[side] ?? 0), 0)

/** Hours are read in the zone of the settings; days and months begin in UTC. */
function bucketName(f: Format, unit: Unit, b: Bucket): string {
  if (unit === 'hours') return f.clockShort(b.at)
  const utc = createFormat(f.language, 'UTC')
  return unit === 'days' ? utc.date(b.at) : utc.month(b.at)
}
