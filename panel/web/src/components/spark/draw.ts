import { alpha, type ColorName, colors } from '../../lib/colors'
import type { Limit } from '../../lib/limits'

/** Values in time order, evenly spaced; NaN or null is a gap. */
export type Points = ArrayLike<number | null>

interface Run {
  from: number
  to: number
}

const gapOf = (v: number | null | undefined) => v == null || Number.isNaN(v)
const at = (values: Points, i: number) => values[i] as number

/** Unbroken stretches of values. */
export function runs(values: Points): Run[] {
  const found: Run[] = []
  let from = -1
  for (let i = 0; i <= values.length; i++) {
    const gap = i === values.length || gapOf(values[i])
    if (!gap && from < 0) from = i
    if (gap && from >= 0) {
      found.push({ from, to: i - 1 })
      from = -1
    }
  }
  return found
}

export function largest(...all: Points[]): number {
  let max = 0
  for (const values of all) for (let i = 0; i < values.length; i++) if (!gapOf(values[i])) max = Math.max(max, at(values, i))
  return max
}

const hatchStep = 5

/** Marks a place without data. */
export function hatch(g: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  if (width < 1) return
  g.save()
  g.beginPath()
  g.rect(x, y, width, height)
  g.clip()
  g.strokeStyle = colors().hatch
  g.lineWidth = 1
  g.beginPath()
  for (let i = -height; i < width + height; i += hatchStep) {
    g.moveTo(x + i, y + height)
    g.lineTo(x + i + height, y)
  }
  g.stroke()
  g.restore()
}

/** The series' colour below the limits, amber and red above them. */
export function limitStroke(g: CanvasRenderingContext2D, top: number, bottom: number, max: number, base: string, limit: Limit | undefined): string | CanvasGradient {
  if (!limit) return base
  const gradient = g.createLinearGradient(0, top, 0, bottom)
  const place = (v: number) => Math.max(0, Math.min(1, 1 - v / max))
  const { 'crit-f': crit, 'warn-f': warn } = colors()
  const stops: [number, string][] = [[0, crit], [place(limit.crit), crit], [place(limit.crit), warn], [place(limit.warn), warn], [place(limit.warn), base], [1, base]]
  for (const [offset, color] of stops) gradient.addColorStop(offset, color)
  return gradient
}

export interface SparkStyle {
  /** Fixed end of the scale, as 100 for percent; otherwise the data decides. It starts at zero. */
  max?: number
  limit?: Limit
  /** A dashed line at the threshold of an alert; the scale reaches it. */
  line?: number
  color?: ColorName
  fill?: boolean
  /** Slate, for what no longer answers. */
  dim?: boolean
}

const lineWidth = 1.25
const edge = 1.5

export function drawSpark(g: CanvasRenderingContext2D, width: number, height: number, values: Points, style: SparkStyle = {}): void {
  const last = values.length - 1
  const max = style.max ?? Math.max(1e-9, largest(values) * 1.12, (style.line ?? 0) * 1.12)
  const color = colors()[style.dim ? 's-f' : (style.color ?? 's-a')]
  const x = (i: number) => edge + (i / last) * (width - 2 * edge)
  const y = (v: number) => height - edge - (Math.min(v, max) / max) * (height - 2 * edge)
  let end = 0
  g.lineJoin = 'round'
  g.lineWidth = lineWidth
  for (const { from, to } of runs(values)) {
    if (end > 0) hatch(g, x(end), 0, x(from) - x(end), height) // before the first value there may have been no server
    end = to
    trace(g, from, to, x, (i) => y(at(values, i)))
    g.strokeStyle = limitStroke(g, edge, height - edge, max, color, style.limit)
    g.stroke()
    if (style.fill !== false) fillTo(g, x(to), x(from), height, alpha(color, 0.12))
  }
  if (end < last) hatch(g, x(end), 0, width - x(end), height)
  if (style.line !== undefined && style.line <= max) {
    g.strokeStyle = alpha(colors()['crit-f'], 0.7)
    g.lineWidth = 1
    g.setLineDash([3, 3])
    g.beginPath()
    g.moveTo(0, y(style.line))
    g.lineTo(width, y(style.line))
    g.stroke()
    g.setLineDash([])
  }
}

/** Download above the line, upload below it, the same scale both ways. */
export function drawMirror(g: CanvasRenderingContext2D, width: number, height: number, rx: Points, tx: Points, dim = false): void {
  const last = rx.length - 1
  const max = Math.max(1e-9, largest(rx, tx) * 1.06)
  const middle = height / 2
  const palette = colors()
  const x = (i: number) => (i / last) * width
  g.lineJoin = 'round'
  g.lineWidth = lineWidth
  for (const [values, sign, name] of [[rx, 1, 's-a'], [tx, -1, 's-b']] as const) {
    const color = palette[dim ? 's-f' : name]
    for (const { from, to } of runs(values)) {
      trace(g, from, to, x, (i) => middle - sign * (0.75 + (at(values, i) / max) * (middle - 1.5)))
      g.strokeStyle = color
      g.stroke()
      fillTo(g, x(to), x(from), middle, alpha(color, 0.14))
    }
  }
  g.fillStyle = palette.line2
  g.fillRect(0, middle - 0.5, width, 1)
  let end = 0
  for (const { from, to } of runs(rx)) {
    if (end > 0) hatch(g, x(end), 3, x(from) - x(end), height - 6)
    end = to
  }
  if (end < last) hatch(g, x(end), 3, width - x(end), height - 6)
}

function trace(g: CanvasRenderingContext2D, from: number, to: number, x: (i: number) => number, y: (i: number) => number): void {
  g.beginPath()
  g.moveTo(x(from), y(from))
  if (from === to) g.lineTo(x(from) + 1, y(from)) // a single value is a dot
  for (let i = from + 1; i <= to; i++) g.lineTo(x(i), y(i))
}

function fillTo(g: CanvasRenderingContext2D, right: number, left: number, base: number, color: string): void {
  g.lineTo(right, base)
  g.lineTo(left, base)
  g.closePath()
  g.fillStyle = color
  g.fill()
}
