import { useCallback, useState } from 'react'
import { type Colors, alpha, colors } from '../../lib/colors'
import { type Draw, useCanvas } from '../../lib/frame'
import type { ChartData, ChartFormat } from './chart-types'
import { hatch } from '../spark/draw'
import { chartKey } from './chart-keys'
import { type Cursor, nearest } from './cursor'
import { findGaps } from './gaps'
import { timeStep } from './scale'

interface HeatStripProps {
  name: string
  /** One series per row, in percent. */
  data: ChartData
  from: number
  to: number
  format: ChartFormat
  cursor: Cursor
  /** A part of what is drawn was chosen. */
  onZoom?: (from: number, to: number) => void
  /** A key asked for a shorter or longer time. */
  onScale?: (factor: number, around: number | null) => void
  onReset?: () => void
}

const leastDrag = 6 // px; less is a click
const left = 52
const right = 48
const bottom = 18

/** One row per core, one column per point: one hue below 85 percent, then amber, then red. Zooms and follows the cursor as a line chart does. */
export function HeatStrip({ name, data, from, to, format, cursor, onZoom, onScale, onReset }: HeatStripProps) {
  const rows = data.series.length
  const rowHeight = rows > 32 ? 4 : rows > 4 ? 16 : 24
  const height = rows * rowHeight + bottom
  /** Where the mouse was pressed and where it is, in pixels. */
  const [drag, setDrag] = useState<[number, number] | null>(null)
  const draw: Draw = (g, width) => paint(g, width, height, { data, from, to, format, rowHeight, time: cursor.get(), drag })
  const follow = useCallback((redraw: () => void) => cursor.subscribe(redraw), [cursor])
  const canvas = useCanvas(draw, follow)

  const place = (event: React.PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect()
    const x = event.clientX - box.left
    return { x: Math.max(left, Math.min(box.width - right, x)), share: (x - left) / (box.width - left - right), width: box.width }
  }
  const press = (event: React.PointerEvent) => {
    if (event.pointerType !== 'mouse' || event.button !== 0 || !onZoom) return
    event.currentTarget.setPointerCapture(event.pointerId)
    const { x } = place(event)
    setDrag([x, x])
  }
  const move = (event: React.PointerEvent) => {
    const { x, share } = place(event)
    if (drag) setDrag([drag[0], x])
    const index = nearest(data.timestamps, from + share * (to - from))
    cursor.set(share < 0 || share > 1 ? null : (data.timestamps[index] ?? null))
  }
  const release = (event: React.PointerEvent) => {
    if (!drag) return
    setDrag(null)
    const { x, width } = place(event)
    const [a, b] = [Math.min(drag[0], x), Math.max(drag[0], x)]
    const at = (px: number) => from + ((px - left) / (width - left - right)) * (to - from)
    if (b - a >= leastDrag) onZoom?.(at(a), at(b))
  }
  return (
    <canvas ref={canvas} role="img" aria-label={name} aria-keyshortcuts="ArrowLeft ArrowRight + - Escape" tabIndex={0} className="chart-heat" style={{ height }}
      onPointerDown={press} onPointerMove={move} onPointerUp={release} onPointerCancel={() => setDrag(null)} onPointerLeave={() => cursor.set(null)} onDoubleClick={onReset}
      onKeyDown={(e) => chartKey(e, { timestamps: data.timestamps, cursor, onScale, onReset })} />
  )
}

interface Painting {
  data: ChartData
  from: number
  to: number
  format: ChartFormat
  rowHeight: number
  time: number | null
  drag: [number, number] | null
}

function paint(g: CanvasRenderingContext2D, width: number, height: number, p: Painting): void {
  if (width < left + right + 20) return
  const c = colors()
  g.font = '10.5px "Geist Variable", Geist, system-ui, sans-serif'
  g.textBaseline = 'middle'
  const plotWidth = width - left - right
  const x = (t: number) => left + ((t - p.from) / (p.to - p.from)) * plotWidth
  const cell = (p.data.stepSeconds * 1000 * plotWidth) / (p.to - p.from)
  const palette = makePalette(c)
  const means = p.data.series.map((s) => s.mean)
  for (const gap of findGaps(p.data.timestamps, means, p.data.stepSeconds, p.data.earliest)) hatch(g, x(gap.from), 0, x(gap.to) - x(gap.from), height - bottom - 2)
  const at = p.time == null ? p.data.timestamps.length - 1 : nearest(p.data.timestamps, p.time)
  p.data.series.forEach((row, r) => {
    const y = r * p.rowHeight
    const gap = p.rowHeight > 6 ? 2 : 0
    row.mean.forEach((v, i) => {
      if (v == null) return
      g.fillStyle = palette[Math.round(Math.max(0, Math.min(100, v)))] as string
      const end = x(p.data.timestamps[i] as number) // a point stands at the end of its step
      g.fillRect(Math.max(left, end - cell), y, Math.min(cell + 0.6, end - left), p.rowHeight - gap)
    })
    if (p.rowHeight < 10) return
    g.fillStyle = c.axis
    g.textAlign = 'right'
    g.fillText(row.label, left - 6, y + p.rowHeight / 2 - 1)
    const v = row.mean[at]
    g.fillStyle = c.text
    g.fillText(v == null ? '–' : p.format.value(v), width - 4, y + p.rowHeight / 2 - 1)
  })
  g.fillStyle = c.axis
  g.textAlign = 'center'
  const every = timeStep((p.to - p.from) / 1000, plotWidth) * 1000
  for (let t = Math.ceil(p.from / every) * every; t <= p.to; t += every) {
    if (x(t) > left + 14 && x(t) < left + plotWidth - 10) g.fillText(p.format.tick(t, (p.to - p.from) / 1000), x(t), height - 7)
  }
  if (p.time != null) {
    g.fillStyle = c.text
    g.fillRect(Math.round(x(p.time)), 0, 1, height - bottom)
  }
  if (p.drag) {
    g.fillStyle = alpha(c.accent, 0.25)
    g.fillRect(Math.min(...p.drag), 0, Math.abs(p.drag[1] - p.drag[0]), height - bottom)
  }
}

let palettes: { key: string; colors: string[] } | null = null

function makePalette(c: Colors): string[] {
  if (palettes?.key !== c.heat0 + c.heat3) {
    const colors = Array.from({ length: 101 }, (_, v) => {
      if (v >= 95) return c['crit-f']
      if (v >= 85) return c['warn-f']
      if (v < 30) return mix(c.heat0, c.heat1, v / 30)
      if (v < 60) return mix(c.heat1, c.heat2, (v - 30) / 30)
      return mix(c.heat2, c.heat3, (v - 60) / 25)
    })
    palettes = { key: c.heat0 + c.heat3, colors }
  }
  return palettes.colors
}

function mix(a: string, b: string, share: number): string {
  const channel = (hex: string, i: number) => parseInt(hex.slice(i, i + 2), 16)
  const part = (i: number) => Math.round(channel(a, i) + (channel(b, i) - channel(a, i)) * share).toString(16).padStart(2, '0')
  return `#${part(1)}${part(3)}${part(5)}`
}
