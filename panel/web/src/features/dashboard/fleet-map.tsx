import { useCallback, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { LiveServer, ServerItem } from '../../api/types'
import { Segmented } from '../../components/segmented'
import { colors } from '../../lib/colors'
import { type ServerState, hostOf, serverState } from '../../lib/fleet'
import { text } from '../../lib/format'
import { type Draw, useCanvas } from '../../lib/frame'
import { live } from '../../lib/live'
import { useOfflineReason } from '../../lib/offline-reason'
import { useFormat } from '../../lib/use-format'
import { type Filter, type Group, matches } from './groups'
import { type Cell, cellAt, layoutMap } from './map-layout'

const mapHeight = 118
const metrics = ['cpu', 'ram', 'net'] as const
type Metric = (typeof metrics)[number]

interface FleetMapProps {
  groups: Group[]
  filter: Filter
}

/** One cell per server; brightness is the metric, red and amber cells carry a shape. Hover tells, click opens. */
export function FleetMap({ groups, filter }: FleetMapProps) {
  const { t } = useTranslation('dashboard')
  const navigate = useNavigate()
  const [metric, setMetric] = useState<Metric>('cpu')
  const [hover, setHover] = useState<{ cell: Cell; x: number; y: number } | null>(null)
  const cells = useRef<Cell[]>([])
  const nameless = t('folder.none')
  const draw: Draw = (g, width, height) => {
    const layout = layoutMap(groups, width, height, nameless)
    cells.current = layout.cells
    paintHeadings(g, layout.headings)
    const busiest = metric === 'net' ? Math.max(1, ...[...live.all().values()].map(traffic)) : 1
    for (const cell of layout.cells) paintCell(g, cell, metric, filter, busiest)
  }
  const canvas = useCanvas(draw, live.subscribeAll)
  const find = useCallback((event: React.PointerEvent | React.MouseEvent) => {
    const box = event.currentTarget.getBoundingClientRect()
    return cellAt(cells.current, event.clientX - box.left, event.clientY - box.top)
  }, [])
  const servers = useMemo(() => groups.flatMap((g) => g.servers), [groups])
  return (
    <section className="card map" aria-label={t('map.title')}>
      <div className="card-h">
        <h2>{t('map.title')}</h2>
        <span className="cap hide-s">{t('map.hint')}</span>
        <span className="grow" />
        <Segmented label={t('map.metric')} value={metric} options={metrics.map((m) => ({ value: m, label: t(`map.${m}`) }))} onChange={setMetric} />
      </div>
      <div className="map-plot">
        <canvas
          ref={canvas} role="img" aria-label={t('map.summary', { count: servers.length })} style={{ height: mapHeight }}
          onPointerMove={(e) => {
            const cell = find(e)
            setHover(cell ? { cell, x: e.clientX, y: e.clientY } : null)
          }}
          onPointerLeave={() => setHover(null)}
          onClick={(e) => {
            const cell = find(e)
            if (cell) void navigate(`/servers/${cell.server.id}`)
          }}
        />
      </div>
      {hover && <MapTip server={hover.cell.server} x={hover.x} y={hover.y} />}
    </section>
  )
}

function MapTip({ server, x, y }: { server: ServerItem; x: number; y: number }) {
  const { t } = useTranslation('dashboard')
  const offlineReason = useOfflineReason()
  const f = useFormat()
  const now = live.server(server.id)
  const state = serverState(server, now)
  const detail = state === 'disabled' ? t('state.disabled') : state === 'offline' ? offlineReason(server, now) : t('map.values', { cpu: f.percent(now?.cpu), ram: f.percent(now?.ram), tx: text(f.rateOfBytes(now?.tx)) })
  return (
    <div className="tip map-tip" style={{ left: Math.min(x + 12, innerWidth - 280), top: y + 14 }}>
      <b>{server.name}</b> <span className="mono t3">{hostOf(server.url)}</span>
      <div className="t2">{detail}</div>
    </div>
  )
}

const traffic = (v: LiveServer): number => (v.rx || 0) + (v.tx || 0)

function paintHeadings(g: CanvasRenderingContext2D, headings: { text: string; x: number; width: number }[]): void {
  g.font = '11px "Geist Variable", Geist, system-ui, sans-serif'
  g.textBaseline = 'top'
  g.fillStyle = colors().text3
  for (const h of headings) {
    let shown = h.text
    while (g.measureText(shown).width > h.width && shown.length > 3) shown = `${shown.slice(0, -2)}…`
    g.fillText(shown, h.x, 0)
  }
}

function paintCell(g: CanvasRenderingContext2D, cell: Cell, metric: Metric, filter: Filter, busiest: number): void {
  const c = colors()
  const now = live.server(cell.server.id)
  const state = serverState(cell.server, now)
  const [width, height] = [cell.width - 2, cell.height - 2]
  g.globalAlpha = matches(state, filter) ? 1 : 0.22
  g.beginPath()
  if (state === 'disabled' || state === 'loading') {
    g.roundRect(cell.x + 0.5, cell.y + 0.5, width - 1, height - 1, 2.5)
    g.strokeStyle = c.line2
    g.lineWidth = 1
    g.setLineDash(state === 'loading' ? [2, 2] : [])
    g.stroke()
    g.setLineDash([])
  } else {
    g.roundRect(cell.x, cell.y, width, height, 2.5)
    g.fillStyle = state === 'offline' ? c['crit-f'] : state === 'attention' ? c['warn-f'] : shade(percentOf(now, metric, busiest))
    g.fill()
    paintShape(g, state, cell.x + width / 2, cell.y + height / 2, Math.min(width, height) / 5)
  }
  g.globalAlpha = 1
}

function percentOf(now: LiveServer | undefined, metric: Metric, busiest: number): number {
  if (!now) return 0
  return metric === 'net' ? (traffic(now) / busiest) * 100 : now[metric] || 0
}

/** State is a shape, so that the map reads in greyscale: a cross for offline, a triangle for attention. */
function paintShape(g: CanvasRenderingContext2D, state: ServerState, x: number, y: number, r: number): void {
  if (state !== 'offline' && state !== 'attention') return
  const c = colors()
  g.beginPath()
  if (state === 'offline') {
    g.strokeStyle = c.surface
    g.lineWidth = 1.6
    g.moveTo(x - r, y - r)
    g.lineTo(x + r, y + r)
    g.moveTo(x + r, y - r)
    g.lineTo(x - r, y + r)
    g.stroke()
  } else {
    g.fillStyle = c.surface
    g.moveTo(x, y - r)
    g.lineTo(x + 1.15 * r, y + r)
    g.lineTo(x - 1.15 * r, y + r)
    g.fill()
  }
}

/** The load ramp: one hue from dark to bright. */
function shade(percent: number): string {
  const c = colors()
  return percent < 45 ? mix(c.heat0, c.heat1, percent / 45) : mix(c.heat1, c.heat2, Math.min(1, (percent - 45) / 45))
}

function mix(a: string, b: string, share: number): string {
  const part = (i: number) => {
    const [from, to] = [Number.parseInt(a.slice(i, i + 2), 16), Number.parseInt(b.slice(i, i + 2), 16)]
    return Math.round(from + (to - from) * share)
  }
  return `rgb(${part(1)} ${part(3)} ${part(5)})`
}
