import uPlot from 'uplot'
import { type Colors, alpha } from '../../lib/colors'
import type { ChartData, ChartFormat, ChartLimits, ChartThreshold } from './chart-types'
import { eventHooks, laneHeight } from './draw-lane'
import { type Gap, findGaps } from './gaps'
import type { ChartEvent } from './lane'
import { niceMax, tickStep, ticks, timeStep } from './scale'
import { seriesColor } from './series-color'

export interface PlotStyle {
  data: ChartData
  mirror: boolean
  binary: boolean
  maxFixed: number | null
  limits: ChartLimits | null
  /** Of the alert that the reader came from; it takes the place of the limits. */
  threshold: ChartThreshold | null
  colors: Colors
  format: ChartFormat
  noData: string
  events: ChartEvent[]
  /** The events have their words beside them. */
  eventWords: boolean
}

const font = '10.5px "Geist Variable", Geist, system-ui, sans-serif'

/** In a mirrored chart every second series goes below the zero line. */
const sign = (mirror: boolean, index: number): 1 | -1 => (mirror && index % 2 === 1 ? -1 : 1)

/** uPlot's columns: seconds, then mean, minimum and maximum of each series; nulls stay nulls. */
export function plotColumns(data: ChartData, mirror: boolean): uPlot.AlignedData {
  const columns: (number | null)[][] = [data.timestamps.map((t) => t / 1000)]
  data.series.forEach((s, i) => {
    const k = sign(mirror, i)
    const flip = (values: (number | null)[]) => (k === 1 ? values : values.map((v) => (v == null ? null : -v)))
    columns.push(flip(s.mean), flip(s.min ?? s.mean), flip(s.max ?? s.mean))
  })
  return columns as uPlot.AlignedData
}

export function highest(data: ChartData): number {
  let max = 0
  for (const s of data.series) for (const v of s.max ?? s.mean) if (v != null && v > max) max = v
  return max
}

/** A vertical gradient that is the series' colour below the first limit, amber above it and red above the second. */
function limitStroke(u: uPlot, base: string, limits: ChartLimits, colors: Colors): CanvasGradient | string {
  const top = u.bbox.top
  const bottom = top + u.bbox.height
  if (!Number.isFinite(top) || bottom <= top) return base
  const gradient = u.ctx.createLinearGradient(0, top, 0, bottom)
  const at = (v: number) => Math.min(1, Math.max(0, (u.valToPos(v, 'y', true) - top) / (bottom - top)))
  const [crit, warn] = [at(limits.crit), at(limits.warn)]
  gradient.addColorStop(0, colors['crit-f'])
  gradient.addColorStop(crit, colors['crit-f'])
  gradient.addColorStop(crit, colors['warn-f'])
  gradient.addColorStop(warn, colors['warn-f'])
  gradient.addColorStop(warn, base)
  gradient.addColorStop(1, base)
  return gradient
}

/** Red beyond the threshold of an alert, the series' colour on its other side. */
function thresholdStroke(u: uPlot, base: string, { value, below }: ChartThreshold, colors: Colors): CanvasGradient | string {
  const top = u.bbox.top
  const bottom = top + u.bbox.height
  if (!Number.isFinite(top) || bottom <= top) return base
  const at = Math.min(1, Math.max(0, (u.valToPos(value, 'y', true) - top) / (bottom - top)))
  const gradient = u.ctx.createLinearGradient(0, top, 0, bottom)
  const [over, under] = below ? [base, colors['crit-f']] : [colors['crit-f'], base]
  for (const [place, color] of [[0, over], [at, over], [at, under], [1, under]] as const) gradient.addColorStop(place, color)
  return gradient
}

function seriesOptions(style: PlotStyle): uPlot.Series[] {
  const { data, mirror, limits, threshold, colors } = style
  const stroke = (color: string): uPlot.Series.Stroke => {
    if (mirror) return color
    if (threshold) return (u) => thresholdStroke(u, color, threshold, colors)
    return limits ? (u) => limitStroke(u, color, limits, colors) : color
  }
  return [
    {},
    ...data.series.flatMap((s, i): uPlot.Series[] => {
      const color = colors[seriesColor(i)]
      const edge: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } }
      return [
        {
          label: s.label,
          stroke: i === 0 ? stroke(color) : color,
          width: 1.5,
          fill: i === 0 || mirror ? alpha(color, 0.1) : undefined,
          fillTo: 0,
          points: { show: lonely, fill: color, size: 3 },
        },
        edge,
        { ...edge },
      ]
    }),
  ]
}

/** A point between two gaps would be an invisible line of length zero: show it as a dot. */
const lonely: uPlot.Series.Points.Show = (u, seriesIndex, from, to) => {
  const values = u.data[seriesIndex] as (number | null)[]
  for (let i = from; i <= to; i++) if (values[i] != null && values[i - 1] == null && values[i + 1] == null) return true
  return false
}

function bands(style: PlotStyle): uPlot.Band[] {
  return style.data.series.flatMap((s, i) => {
    if (!s.min && !s.max) return []
    const color = style.colors[seriesColor(i)]
    const [low, high] = [i * 3 + 2, i * 3 + 3]
    const upper = sign(style.mirror, i) === 1
    return [{ series: (upper ? [high, low] : [low, high]) as [number, number], fill: alpha(color, 0.22) }]
  })
}

function drawGaps(u: uPlot, gaps: Gap[], style: PlotStyle): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio || 1
  for (const gap of gaps) {
    const left = Math.max(bbox.left, u.valToPos(gap.from / 1000, 'x', true))
    const right = Math.min(bbox.left + bbox.width, u.valToPos(gap.to / 1000, 'x', true))
    if (right - left < 2) continue
    ctx.save()
    ctx.beginPath()
    ctx.rect(left, bbox.top, right - left, bbox.height)
    ctx.clip()
    ctx.strokeStyle = style.colors.hatch
    ctx.lineWidth = ratio
    ctx.beginPath()
    for (let x = left - bbox.height; x < right; x += 5 * ratio) {
      ctx.moveTo(x, bbox.top + bbox.height)
      ctx.lineTo(x + bbox.height, bbox.top)
    }
    ctx.stroke()
    ctx.fillStyle = style.colors.line2
    ctx.fillRect(left, bbox.top, ratio, bbox.height)
    ctx.fillRect(right - ratio, bbox.top, ratio, bbox.height)
    if (right - left > 60 * ratio) {
      ctx.font = font.replace('10.5px', `${10.5 * ratio}px`)
      ctx.textAlign = 'center'
      ctx.textBaseline = 'middle'
      const width = ctx.measureText(style.noData).width + 10 * ratio
      if (width < right - left) {
        const [x, y] = [(left + right) / 2, bbox.top + bbox.height / 2]
        ctx.fillStyle = style.colors.surface
        ctx.fillRect(x - width / 2, y - 9 * ratio, width, 18 * ratio)
        ctx.fillStyle = style.colors.axis
        ctx.fillText(style.noData, x, y)
      }
    }
    ctx.restore()
  }
}

function drawLimit(u: uPlot, limit: number, color: string): void {
  const ratio = devicePixelRatio || 1
  const y = Math.round(u.valToPos(limit, 'y', true))
  if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) return
  u.ctx.save()
  u.ctx.strokeStyle = alpha(color, 0.7)
  u.ctx.lineWidth = ratio
  u.ctx.setLineDash([3 * ratio, 3 * ratio])
  u.ctx.beginPath()
  u.ctx.moveTo(u.bbox.left, y)
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y)
  u.ctx.stroke()
  u.ctx.restore()
}

function axes(style: PlotStyle, top: number): uPlot.Axis[] {
  const { colors, format, mirror, binary } = style
  const step = style.maxFixed != null ? style.maxFixed / 4 : tickStep(top, binary)
  const line = { stroke: colors.grid, width: 1 }
  return [
    {
      stroke: colors.axis, font, grid: line, ticks: { show: false }, size: 22, gap: 6,
      splits: (u, _axis, min, max) => {
        const every = timeStep(max - min, u.bbox.width / (devicePixelRatio || 1))
        const offset = new Date(min * 1000).getTimezoneOffset() * 60
        const out: number[] = []
        for (let t = Math.ceil((min - offset) / every) * every + offset; t <= max; t += every) out.push(t)
        return out
      },
      values: (u, splits) => splits.map((t) => format.tick(t * 1000, (u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0))),
    },
    {
      stroke: colors.axis, font, grid: line, ticks: { show: false }, gap: 6,
      size: (u, values) => {
        const longest = (values ?? []).reduce((a, b) => (b.length > a.length ? b : a), '')
        u.ctx.font = font
        return Math.ceil(u.ctx.measureText(longest).width) + 14
      },
      splits: () => ticks(top, step, mirror),
      values: (_u, splits) => splits.map((v, i) => (mirror && splits.length > 7 && i % 2 === 1 ? '' : format.axis(Math.abs(v)))),
    },
  ]
}

/** Everything that uPlot needs to draw a chart in our manner; size, cursor and selection belong to the component. */
export function plotOptions(style: PlotStyle): Pick<uPlot.Options, 'series' | 'bands' | 'scales' | 'axes' | 'hooks' | 'legend' | 'padding'> {
  const top = style.maxFixed ?? niceMax(Math.max(highest(style.data), style.threshold?.value ?? 0), style.binary)
  const events = eventHooks(style.events, style.eventWords, style.colors, `500 ${font}`)
  const gaps = findGaps(style.data.timestamps, style.data.series.map((s) => s.mean), style.data.stepSeconds, style.data.earliest)
  return {
    legend: { show: false },
    padding: [laneHeight, 6, 0, 0],
    series: seriesOptions(style),
    bands: bands(style),
    scales: { x: { time: true }, y: { range: [style.mirror ? -top : 0, top] } },
    axes: axes(style, top),
    hooks: {
      drawAxes: [events.before, (u) => drawGaps(u, gaps, style)],
      draw: [
        (u) => {
          const limit = style.threshold?.value ?? style.limits?.crit
          if (limit !== undefined && !style.mirror) drawLimit(u, limit, style.colors['crit-f'])
          if (!style.mirror) return
          const ratio = devicePixelRatio || 1
          u.ctx.fillStyle = style.colors.line2
          u.ctx.fillRect(u.bbox.left, Math.round(u.valToPos(0, 'y', true)), u.bbox.width, ratio)
        },
        events.after,
      ],
    },
  }
}
