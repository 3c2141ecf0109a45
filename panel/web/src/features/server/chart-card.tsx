import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DashboardChart } from '../../api/types'
import { Button } from '../../components/button'
import { ChartLegend } from '../../components/chart/chart-legend'
import { ChartNote } from '../../components/chart/chart-note'
import { ChartTable } from '../../components/chart/chart-table'
import type { ChartLabels } from '../../components/chart/chart-types'
import type { Cursor } from '../../components/chart/cursor'
import { HeatStrip } from '../../components/chart/heat-strip'
import type { ChartEvent } from '../../components/chart/lane'
import { TimeChart } from '../../components/chart/time-chart'
import type { TimeRange } from '../../lib/range'
import { useFormat } from '../../lib/use-format'
import { chartData, hasValues, summed } from './chart-data'
import { chartFormat } from './chart-format'
import { ChartMessage } from './chart-message'
import { MultiplesCard } from './multiples'
import { useChart } from './queries'
import type { ChartTarget } from './target'
import { ThresholdPill } from './threshold-pill'

const plotHeight = 190

export interface ChartCardProps {
  serverId: number
  chart: DashboardChart
  range: TimeRange
  points: number
  cursor: Cursor
  onRange: (range: TimeRange) => void
  onZoom: (from: number, to: number) => void
  onScale: (factor: number, around: number | null) => void
  onReset: () => void
  /** Limits that depend on the server, such as its number of cores. */
  limits?: DashboardChart['limits']
  /** The reader came from an alert about this chart. */
  target?: ChartTarget | null
  onClearTarget?: () => void
  /** What happened meanwhile; none when they are hidden. */
  events: ChartEvent[]
  /** The first chart of the page says what they are. */
  eventWords?: boolean
}

/** One chart of a dashboard page: heading, legend with values, plot; with its loading, empty and error states. */
export function ChartCard(props: ChartCardProps) {
  const { chart, target } = props
  const { t } = useTranslation('server')
  const f = useFormat()
  const [open, setOpen] = useState(!chart.collapsed || Boolean(target))
  const title = chart.title[f.language]
  if (open) return <OpenChart {...props} onFold={chart.collapsed ? () => setOpen(false) : undefined} />
  return (
    <section className="card chart" aria-label={title}>
      <div className="card-h">
        <h2>{title}</h2>
        <Button kind="ghost" size="small" onClick={() => setOpen(true)}>{t('chart.show')}</Button>
      </div>
    </section>
  )
}

function OpenChart({ serverId, chart, range, points, cursor, onRange, onZoom, onScale, onReset, limits = chart.limits, target = null, onClearTarget, events, eventWords, onFold }: ChartCardProps & { onFold?: () => void }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const query = useChart(serverId, chart.id, range, points)
  const format = useMemo(() => chartFormat(f, chart.unit), [f, chart.unit])
  const sum = chart.mirror && target?.threshold != null
  const series = useMemo(() => query.data && chartData(query.data, chart, f.language, chart.kind === 'heat' ? (n) => t('chart.core', { n }) : undefined), [query.data, chart, f.language, t])
  const data = useMemo(() => (series && sum ? summed(series) : series), [series, sum])
  const labels = useChartLabels()
  const [table, setTable] = useState(false)
  const title = chart.title[f.language]
  const filled = query.data && data && hasValues(query.data)

  const card = useScrolledTo(target)
  const threshold = target?.threshold ?? null
  const pill = target && <ThresholdPill target={target} format={format} onClear={onClearTarget} />

  if (chart.kind === 'multiples') return <MultiplesCard cardRef={card} chart={chart} query={query} data={filled ? data : undefined} format={format} target={target} pill={pill} onFold={onFold} />
  return (
    <section ref={card} className={target ? 'card chart aimed' : 'card chart'} aria-label={title} data-chart={chart.id}>
      <div className="card-h">
        <h2>{title}</h2>
        {pill}
        {filled && chart.kind === 'line' && <ChartNote events={events} data={data} cursor={cursor} />}
        {filled && chart.kind === 'line' && <ChartLegend data={data} format={format} cursor={cursor} noData={t('chart.noData')} />}
        {chart.kind === 'heat' && <HeatScale />}
      </div>
      <div className={query.isPlaceholderData ? 'plot old' : 'plot'} style={{ minHeight: chart.kind === 'heat' ? undefined : plotHeight }}>
        {filled && chart.kind === 'heat' && <HeatStrip name={title} data={data} from={query.data.from} to={query.data.to} format={format} cursor={cursor} onZoom={onZoom} onScale={onScale} onReset={onReset} />}
        {filled && chart.kind === 'line' && (
          <TimeChart
            name={title} data={data} from={query.data.from} to={query.data.to} format={format} labels={labels} cursor={cursor} height={plotHeight}
            mirror={chart.mirror && !sum} binary={chart.unit === 'bytes' || chart.unit === 'bytes_per_second'} maxFixed={chart.max_fixed} limits={limits} threshold={threshold}
            events={events} eventWords={eventWords} onZoom={onZoom} onScale={onScale} onReset={onReset}
          />
        )}
        {!filled && <ChartMessage query={query} range={range} earliest={query.data?.earliest ?? null} onRange={onRange} />}
      </div>
      {filled && (
        <div className="chart-foot">
          <button type="button" className="link" onClick={() => setTable(!table)} aria-expanded={table}>{table ? labels.hideTable : labels.asTable}</button>
          {onFold && <button type="button" className="link" onClick={onFold}>{t('chart.hide')}</button>}
        </div>
      )}
      {filled && table && <ChartTable name={title} data={data} format={format} labels={labels} events={events} />}
    </section>
  )
}

/** Brings the chart that a link points at into view, once. */
function useScrolledTo(target: ChartTarget | null) {
  const card = useRef<HTMLElement>(null)
  const aimed = target !== null
  useEffect(() => {
    if (aimed) card.current?.scrollIntoView({ block: 'center' })
  }, [aimed])
  return card
}

export function useChartLabels(): ChartLabels {
  const { t } = useTranslation('server')
  return useMemo(
    () => ({
      noData: t('chart.noData'),
      time: t('chart.time'),
      asTable: t('chart.asTable'),
      hideTable: t('chart.hideTable'),
      events: t('events.title'),
      summary: (series, events) => [...series.map((s) => t('chart.summary', s)), ...(events > 0 ? [t('events.summary', { count: events })] : [])].join(' '),
    }),
    [t],
  )
}

function HeatScale(): ReactNode {
  const f = useFormat()
  return (
    <span className="heat-scale" aria-hidden>
      <span>{f.percent(0)}</span>
      <i className="ramp" />
      <span>{f.percent(84)}</span>
      <i className="warn" />
      <span>{`${f.percent(85)}+`}</span>
      <i className="crit" />
      <span>{`${f.percent(95)}+`}</span>
    </span>
  )
}
