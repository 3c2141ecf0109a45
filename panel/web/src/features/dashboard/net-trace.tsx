import { useCallback } from 'react'
import { alpha, colors } from '../../lib/colors'
import { type Draw, useCanvas } from '../../lib/frame'
import { live } from '../../lib/live'
import { limits } from '../../lib/limits'
import type { Trace } from '../../lib/traces'

interface NetTraceProps {
  id: number | 'fleet'
  height: number
  /** Grey: the server does not answer, its last trace is history. */
  dim?: boolean
}

const traceOf = (id: number | 'fleet'): Trace => (id === 'fleet' ? live.totalTrace() : live.trace(id))

function useFollow(id: number | 'fleet') {
  return useCallback((redraw: () => void) => (id === 'fleet' ? live.subscribeAll(redraw) : live.subscribe(id, redraw)), [id])
}

/** The last hour of the network: download above the line, upload below it, one scale. Gaps stay open and are hatched. */
export function NetTrace({ id, height, dim = false }: NetTraceProps) {
  const draw: Draw = (g, width) => {
    const c = colors()
    const { rx, tx } = traceOf(id)
    const middle = height / 2
    const top = Math.max(1e-9, highest(rx), highest(tx)) * 1.06
    hatchGaps(g, rx, width, height)
    mirror(g, rx, width, middle, -(middle - 1.5) / top, dim ? c['s-f'] : c['s-a'])
    mirror(g, tx, width, middle, (middle - 1.5) / top, dim ? c['s-f'] : c['s-b'])
    g.fillStyle = c.line2
    g.fillRect(0, middle - 0.5, width, 1)
  }
  return <canvas ref={useCanvas(draw, useFollow(id))} className="trace" style={{ height }} aria-hidden />
}

/** The last hour of CPU or memory of the fleet, from 0 to 100 percent. */
export function PercentTrace({ kind }: { kind: 'cpu' | 'ram' }) {
  const draw: Draw = (g, width, height) => {
    const values = live.totalTrace()[kind]
    const c = colors()
    const top = values[values.length - 1] ?? 0
    const color = top >= limits[kind].crit ? c['crit-f'] : top >= limits[kind].warn ? c['warn-f'] : c['s-a']
    hatchGaps(g, values, width, height)
    mirror(g, values, width, height - 1, -(height - 3) / 100, color)
  }
  return <canvas ref={useCanvas(draw, useFollow('fleet'))} className="trace" style={{ height: 64 }} aria-hidden />
}

/** Draws a line and its fill from a base line; scale is pixels per unit, negative upwards. */
function mirror(g: CanvasRenderingContext2D, values: Float32Array, width: number, base: number, scale: number, color: string): void {
  const x = (i: number) => (i / (values.length - 1)) * width
  g.lineWidth = 1.25
  g.lineJoin = 'round'
  g.strokeStyle = color
  g.fillStyle = alpha(color, 0.14)
  for (const [from, to] of runs(values)) {
    g.beginPath()
    for (let i = from; i <= to; i++) g[i === from ? 'moveTo' : 'lineTo'](x(i), base + (values[i] as number) * scale)
    if (from === to) g.lineTo(x(from) + 1, base + (values[from] as number) * scale)
    g.stroke()
    g.lineTo(x(to), base)
    g.lineTo(x(from), base)
    g.closePath()
    g.fill()
  }
}

function hatchGaps(g: CanvasRenderingContext2D, values: Float32Array, width: number, height: number): void {
  const x = (i: number) => (i / (values.length - 1)) * width
  const known = runs(values)
  let end = 0
  const gaps: [number, number][] = known.map(([from, to]) => {
    const gap: [number, number] = [end, from]
    end = to
    return gap
  })
  gaps.push([end, values.length - 1])
  g.strokeStyle = colors().hatch
  g.lineWidth = 1
  for (const [from, to] of gaps) {
    if (to - from < 2 || from === 0) continue // before the first value there may have been no server
    const [left, span] = [x(from) + 1, x(to) - x(from) - 1]
    g.save()
    g.beginPath()
    g.rect(left, 3, span, height - 6)
    g.clip()
    g.beginPath()
    for (let i = -height; i < span + height; i += 5) {
      g.moveTo(left + i, height)
      g.lineTo(left + i + height, 0)
    }
    g.stroke()
    g.restore()
  }
}

/** First and last index of each stretch of numbers. */
function runs(values: Float32Array): [number, number][] {
  const out: [number, number][] = []
  let start = -1
  for (let i = 0; i <= values.length; i++) {
    const known = i < values.length && !Number.isNaN(values[i])
    if (known && start < 0) start = i
    if (!known && start >= 0) {
      out.push([start, i - 1])
      start = -1
    }
  }
  return out
}

function highest(values: Float32Array): number {
  let max = 0
  for (const v of values) if (v > max) max = v
  return max
}
