import { ArrowDown, ArrowDownUp, ArrowLeft, ArrowUp } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { InterfaceBytes, ServerItem } from '../../api/types'
import { LinkButton } from '../../components/button'
import { Card, Figure, Strip } from '../../components/card'
import { Cursor } from '../../components/chart/cursor'
import { CopyButton } from '../../components/copy-button'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { OneServer } from '../../components/one-server'
import { useTitle } from '../../components/page-header'
import { Value } from '../../components/quantity'
import { SkeletonRows } from '../../components/skeleton'
import { StateGlyph } from '../../components/state-glyph'
import { Table } from '../../components/table'
import { Tag } from '../../components/pill'
import { useServerState } from '../../lib/fleet'
import { periodOf, scaled, useTimeRange, zoomed } from '../../lib/range'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { ChartCard } from './chart-card'
import { useServerEvents } from './events'
import { useChart, useDashboardPage, useDocument } from './queries'
import { RangeBar } from './range-bar'
import './server.css'
import { TrafficHistory } from './traffic-history'
import { TrafficPorts } from './traffic-ports'
import { useTraffic } from './traffic-queries'
import './traffic.css'

const points = 720

/** How many bytes passed one server: in total, over time, by port and by interface. */
export function TrafficPage() {
  return <OneServer of={Loaded} />
}

function Loaded({ server }: { server: ServerItem }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const now = useNow(10_000)
  const state = useServerState(server)
  const traffic = useTraffic(server.id)
  const summary = traffic.data?.summary
  useTitle(`${t('traffic.title')} · ${server.name}`)
  return (
    <>
      <header className="head">
        <LinkButton to={`/servers/${server.id}`} kind="ghost" size="small" icon={ArrowLeft} aria-label={t('traffic.back')} title={t('traffic.back')}>{null}</LinkButton>
        <StateGlyph state={state} quiet />
        <h1>{t('traffic.of', { name: server.name })}</h1>
        <span className="grow" />
        {traffic.data && <span className="cap">{t('traffic.age', { age: f.age(Date.parse(traffic.data.cached_at), now) })}</span>}
      </header>
      <main className="scroll" id="content" tabIndex={0}>
        <div className="stack">
          {state === 'offline' && <p className="traffic-note" role="status">{t('traffic.offline')}</p>}
          <Totals total={summary?.total ?? server.traffic} />
          <Sockets id={server.id} />
          <Speed id={server.id} />
          <TrafficHistory id={server.id} interfaces={summary?.by_interface ?? []} ports={summary?.by_port ?? []} tracked={traffic.data?.tracked_ports ?? []} />
          {traffic.isPending && <Card title={t('traffic.ports.title')} flush><SkeletonRows rows={4} /></Card>}
          {traffic.isError && !traffic.data && <Card title={t('traffic.ports.title')} flush><ErrorState error={traffic.error} onRetry={() => void traffic.refetch()} /></Card>}
          {traffic.data && summary && (
            <div className="traffic-lists">
              <TrafficPorts server={server} days={summary.days} ports={summary.by_port} known={traffic.data.tracked_ports} ask={state === 'online' || state === 'attention'} />
              <Interfaces days={summary.days} rows={summary.by_interface} />
            </div>
          )}
        </div>
      </main>
    </>
  )
}

/** The list of servers knows the last totals, so they are there before the summary. */
function Totals({ total }: { total: ServerItem['traffic'] }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const note = total ? t('traffic.period', { count: total.days }) : undefined
  const figure = (Icon: typeof ArrowDown, label: string, bytes: number | null | undefined, tone = '') => (
    <Figure label={<><Icon size={14} className={tone} aria-hidden />{label}</>} value={<Value of={f.bytes(bytes)} />} note={note} />
  )
  return (
    <Strip label={t('traffic.totals')} className="traffic-tiles">
      {figure(ArrowDown, t('now.download'), total?.rx_bytes, 'dn')}
      {figure(ArrowUp, t('now.upload'), total?.tx_bytes, 'up')}
      {figure(ArrowDownUp, t('traffic.total'), total && total.rx_bytes + total.tx_bytes)}
    </Strip>
  )
}

const tcpStates = ['established', 'listen', 'time_wait', 'close_wait', 'syn_sent', 'syn_recv', 'fin_wait', 'other'] as const

/** Sockets of this moment, by the state that the kernel names. */
function Sockets({ id }: { id: number }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const found = useDocument(id).data?.system.connections_detailed
  return (
    <div className="traffic-sockets">
      <section className="card" aria-label={t('traffic.tcp')}>
        <div className="card-h"><h2>{t('traffic.tcp')}</h2><span className="grow" /><b>{f.count(found?.tcp.total)}</b></div>
        <dl className="traffic-states">
          {tcpStates.map((s) => <div key={s}><dt className="mono"><i className={s} />{s.toUpperCase()}</dt><dd>{f.count(found?.tcp[s])}</dd></div>)}
        </dl>
      </section>
      <section className="card" aria-label={t('traffic.udp')}>
        <div className="card-h"><h2>{t('traffic.udp')}</h2></div>
        <p className="traffic-udp"><b>{f.count(found?.udp.total)}</b><span className="t3">{t('traffic.sockets')}</span></p>
      </section>
    </div>
  )
}

/** The speed and the TCP states over time: charts of the server page, with its range. */
function Speed({ id }: { id: number }) {
  const page = useDashboardPage('server')
  const [range, setRange] = useTimeRange()
  const [cursor] = useState(() => new Cursor())
  const network = useChart(id, 'network', range, points).data
  const events = useServerEvents(id, range)
  const least = 6000 * (network?.interval_seconds ?? 10)
  const leave = () => setRange((now) => ({ period: periodOf(now) }))
  const zoom = (from: number, to: number) => setRange((now) => zoomed(now, from, to, least))
  const scale = (factor: number, around: number | null) => setRange((now) => scaled(now, factor, around, least))
  const shared = { serverId: id, range, points, cursor, onRange: setRange, onZoom: zoom, onScale: scale, onReset: leave, events: events.charted }
  const charts = (page.data?.charts ?? []).filter((c) => c.id === 'network' || c.id === 'tcp_states')
  return (
    <>
      <RangeBar range={range} stepSeconds={network?.step_seconds ?? null} events={events.count} onRange={setRange} />
      {page.isError && <ErrorState error={page.error} onRetry={() => void page.refetch()} />}
      {page.isPending && <span className="sk sk-late" aria-busy="true" style={{ height: 250 }} />}
      {charts.map((chart) => <ChartCard key={chart.id} {...shared} chart={{ ...chart, collapsed: chart.id !== 'network' }} eventWords />)}
    </>
  )
}

function Interfaces({ days, rows }: { days: number; rows: InterfaceBytes[] }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const counted = rows.filter((r) => r.counted)
  const sum = (side: 'rx_bytes' | 'tx_bytes') => counted.reduce((n, r) => n + r[side], 0)
  const lines = rows.map((r) => [r.interface, r.rx_bytes, r.tx_bytes].join('\t'))
  return (
    <Card title={t('traffic.interfaces.title')} note={t('traffic.period', { count: days })} flush actions={rows.length > 0 && <CopyButton text={lines.join('\n')} label={t('traffic.interfaces.copy')} />}>
      {rows.length === 0 ? <EmptyState title={t('traffic.interfaces.none')} text={t('traffic.interfaces.noneText')} /> : (
        <>
          <Table label={t('traffic.interfaces.title')} rows={rows} rowKey={(r) => r.interface} columns={[
            { id: 'name', title: t('traffic.interfaces.name'), sortBy: (r) => r.interface, cell: (r) => <><span className="mono">{r.interface}</span>{!r.counted && <> <Tag title={t('traffic.interfaces.apartHint')}>{t('traffic.interfaces.apart')}</Tag></>}</> },
            { id: 'rx', title: t('now.download'), numeric: true, sortBy: (r) => r.rx_bytes, cell: (r) => <Value of={f.bytes(r.rx_bytes)} /> },
            { id: 'tx', title: t('now.upload'), numeric: true, sortBy: (r) => r.tx_bytes, cell: (r) => <Value of={f.bytes(r.tx_bytes)} /> },
          ]} />
          <p className="traffic-sum"><b>{t('traffic.total')}</b><span className="grow" /><span><ArrowDown size={12} className="dn" aria-label={t('now.download')} /> <Value of={f.bytes(sum('rx_bytes'))} /></span><span><ArrowUp size={12} className="up" aria-label={t('now.upload')} /> <Value of={f.bytes(sum('tx_bytes'))} /></span></p>
        </>
      )}
    </Card>
  )
}
