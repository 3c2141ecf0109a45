import { colors, alpha } from '../../lib/colors'
import { type Draw, useCanvas } from '../../lib/frame'
import type { ChartLimits } from './chart-types'

interface SparklineProps {
  values: (number | null)[]
  /** The top of the scale; without it the highest value is. The bottom is zero. */
  max?: number
  limits?: ChartLimits | null
  color?: 's-a' | 's-b'
}

const pad = 1.5

/** A line without axes; gaps stay open, and what is over a limit takes its colour. */
export function Sparkline({ values, max, limits, color = 's-a' }: SparklineProps) {
  const draw: Draw = (g, width, height) => {
    const c = colors()
    const known = values.filter((v) => v != null)
    const top = max ?? Math.max(1e-9, ...known) * 1.12
    const x = (i: number) => pad + (i / Math.max(1, values.length - 1)) * (width - 2 * pad)
    const y = (v: number) => height - pad - (v / top) * (height - 2 * pad)
    const level = Math.max(-Infinity, ...known.slice(-3))
    const base = limits && level >= limits.crit ? c['crit-f'] : limits && level >= limits.warn ? c['warn-f'] : c[color]
    g.lineWidth = 1.25
    g.lineJoin = 'round'
    g.strokeStyle = base
    g.fillStyle = alpha(base, 0.12)
    for (const [from, to] of runs(values)) {
      g.beginPath()
      for (let i = from; i <= to; i++) g[i === from ? 'moveTo' : 'lineTo'](x(i), y(values[i] ?? 0))
      g.stroke()
      g.lineTo(x(to), height)
      g.lineTo(x(from), height)
      g.closePath()
      g.fill()
    }
  }
  return <canvas ref={useCanvas(draw)} className="spark" aria-hidden />
}

/** First and last index of each stretch without a gap. */
export function runs(values: (number | null)[]): [number, number][] {
  const out: [number, number][] = []
  let start = -1
  for (let i = 0; i <= values.length; i++) {
    const known = i < values.length && values[i] != null
    if (known && start < 0) start = i
    if (!known && start >= 0) {
      out.push([start, i - 1])
      start = -1
    }
  }
  return out
}
