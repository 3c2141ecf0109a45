import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import type { DashboardChart, LiveServer } from '../../api/types'
import { Cursor } from '../../components/chart/cursor'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { PageBody } from '../../components/page-header'
import { useCommands } from '../../lib/commands'
import { useServers } from '../../lib/fleet'
import { useLiveServer } from '../../lib/live'
import { liveOf } from '../../lib/live-values'
import { periodOf, periods, scaled, useTimeRange, zoomed } from '../../lib/range'
import { ChartCard } from './chart-card'
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
  const { t } = useTranslation('server')
  const id = Number(useParams().id)
  const servers = useServers()
  const server = servers.data?.find((s) => s.id === id)
  if (servers.isPending) return <ServerSkeleton />
  if (servers.isError) return <PageBody><ErrorState error={servers.error} onRetry={() => void servers.refetch()} /></PageBody>
  if (!server) return <PageBody><EmptyState title={t('missing.title')} text={t('missing.text')} /></PageBody>
  return <Loaded key={id} id={id} />
}

function Loaded({ id }: { id: number }) {
  const { t } = useTranslation('server')
  const server = useServers().data?.find((s) => s.id === id)
  const streamed = useLiveServer(id)
  const document = useDocument(id).data
  const page = useDashboardPage('server')
  const [range, setRange] = useTimeRange()
  const [cursor] = useState(() => new Cursor())
  const first = useChart(id, 'cpu', range, points).data
  const least = leastPoints * 1000 * (first?.interval_seconds ?? 10)
  const zoom = (from: number, to: number) => setRange((now) => zoomed(now, from, to, least))
  const scale = (factor: number, around: number | null) => setRange((now) => scaled(now, factor, around, least))
  const leave = () => setRange((now) => ({ period: periodOf(now) }))
  const [target, clearTarget] = useChartTarget()
  useCommands(periods.map((p, i) => ({ id: `period-${p}`, label: t('range.command', { period: t(`period.${p}`) }), keys: `P ${i + 1}`, run: () => setRange({ period: p }) })))
  useCommands('from' in range ? [{ id: 'zoom-leave', label: t('range.reset', { period: t(`period.${range.back}`) }), keys: 'Escape', run: leave }] : [])
  const now = useMemo(() => streamed ?? (server && liveOf(server)), [streamed, server])
  if (!server) return null
  const charts = page.data?.charts ?? []
  const shared = { serverId: id, range, points, cursor, onRange: setRange, onZoom: zoom, onScale: scale, onReset: leave }
  return (
    <>
      <ServerHeader server={server} now={now} document={document} />
      <main className="scroll" id="content" tabIndex={0}>
        <div className="stack">
          <NowStrip serverId={id} now={now} />
          <RangeBar range={range} stepSeconds={first?.step_seconds ?? null} onRange={setRange} />
          {page.isError && <ErrorState error={page.error} onRetry={() => void page.refetch()} />}
          <div className="charts">
            {charts.map((chart) => (
              <div key={chart.id} className={chart.kind === 'heat' ? 'wide' : undefined}>
                <ChartCard {...shared} chart={chart} limits={limitsOf(chart, now)} target={target?.chart === chart.id ? target : null} onClearTarget={clearTarget} />
              </div>
            ))}
          </div>
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
