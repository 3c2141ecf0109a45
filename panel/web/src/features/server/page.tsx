import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DashboardChart, LiveServer, ServerItem } from '../../api/types'
import { Cursor } from '../../components/chart/cursor'
import { ErrorState } from '../../components/error-state'
import { OneServer } from '../../components/one-server'
import { useCommands } from '../../lib/commands'
import { useLiveServer } from '../../lib/live'
import { liveOf } from '../../lib/live-values'
import { periodOf, periods, scaled, useTimeRange, zoomed } from '../../lib/range'
import { ChartCard } from './chart-card'
import { useServerEvents } from './events'
import { EventsCard } from './events-card'
import { ServerHeader } from './header'
import { NowStrip } from './now-strip'
import { ProcessesCard } from './processes-card'
import { useChart, useDashboardPage, useDocument } from './queries'
import { RangeBar } from './range-bar'
import './server.css'
import { SystemCard } from './system-card'
import { useChartTarget } from './target'

const points = 720
/** A zoom shows at least so many scrapes. */
const leastPoints = 6

/** Everything about one server: who it is, now, its history, its processes. */
export function ServerPage() {
  return <OneServer of={Loaded} skeleton={<ServerSkeleton />} />
}

function Loaded({ server }: { server: ServerItem }) {
  const { t } = useTranslation('server')
  const id = server.id
  const streamed = useLiveServer(id)
  const document = useDocument(id).data
  const page = useDashboardPage('server')
  const [range, setRange] = useTimeRange()
  const [cursor] = useState(() => new Cursor())
  const first = useChart(id, 'cpu', range, points).data
  const events = useServerEvents(id, range)
  const least = leastPoints * 1000 * (first?.interval_seconds ?? 10)
  const zoom = (from: number, to: number) => setRange((now) => zoomed(now, from, to, least))
  const scale = (factor: number, around: number | null) => setRange((now) => scaled(now, factor, around, least))
  const leave = () => setRange((now) => ({ period: periodOf(now) }))
  const [target, clearTarget] = useChartTarget()
  useCommands(periods.map((p, i) => ({ id: `period-${p}`, label: t('range.command', { period: t(`period.${p}`) }), keys: `P ${i + 1}`, run: () => setRange({ period: p }) })))
  useCommands('from' in range ? [{ id: 'zoom-leave', label: t('range.reset', { period: t(`period.${range.back}`) }), keys: 'Escape', run: leave }] : [])
  const now = useMemo(() => streamed ?? liveOf(server), [streamed, server])
  const charts = page.data?.charts ?? []
  const shared = { serverId: id, range, points, cursor, onRange: setRange, onZoom: zoom, onScale: scale, onReset: leave, events: events.charted }
  return (
    <>
      <ServerHeader server={server} now={now} document={document} />
      <main className="scroll" id="content" tabIndex={0}>
        <div className="stack">
          <NowStrip serverId={id} now={now} />
          <RangeBar range={range} stepSeconds={first?.step_seconds ?? null} events={events.count} onRange={setRange} />
          {page.isError && <ErrorState error={page.error} onRetry={() => void page.refetch()} />}
          <div className="charts">
            {charts.map((chart, i) => (
              <div key={chart.id} className={chart.kind === 'heat' ? 'wide' : undefined}>
                <ChartCard {...shared} chart={chart} eventWords={i === 0} limits={limitsOf(chart, now)} target={target?.chart === chart.id ? target : null} onClearTarget={clearTarget} />
              </div>
            ))}
          </div>
          {events.shown && <EventsCard query={events.query} events={events.all} cursor={cursor} />}
          <div className="g2 low">
            <ProcessesCard serverId={id} enabled={server.is_active} />
            <SystemCard server={server} document={document} />
          </div>
        </div>
      </main>
    </>
  )
}

/** A load average is judged by the number of cores, which a definition cannot know. */
function limitsOf(chart: DashboardChart, now: LiveServer | undefined): DashboardChart['limits'] {
  if (chart.id !== 'load' || !now?.cores) return chart.limits
  return { warn: 0.85 * now.cores, crit: now.cores }
}

function ServerSkeleton() {
  const { t } = useTranslation('server')
  return (
    <main className="scroll sk-late" id="content" aria-busy="true">
      <span className="sr">{t('chart.loading')}</span>
      <div className="stack">
        <span className="sk" style={{ height: 56 }} />
        <span className="sk" style={{ height: 112 }} />
        <div className="charts">
          {[0, 1, 2, 3].map((i) => <span key={i} className="sk" style={{ height: 250 }} />)}
        </div>
      </div>
    </main>
  )
}
