import type uPlot from 'uplot'
import { type Colors, alpha } from '../../lib/colors'
import { type ChartEvent, type Tone, beside, half, lane } from './lane'

/** Height of the lane above the plot, in pixels. */
export const laneHeight = 18

const colorOf = (tone: Tone, colors: Colors): string => (tone === 'plain' ? colors.text2 : colors[tone === 'crit' ? 'crit-f' : 'warn-f'])

/** Draws events before the lines (washes) and after them (lane, and dashes down to the axis). */
export function eventHooks(events: ChartEvent[], words: boolean, colors: Colors, font: string): { before: (u: uPlot) => void; after: (u: uPlot) => void } {
  /** Runs with the canvas in CSS pixels, and the lane of the width that the plot has now. */
  const paint = (u: uPlot, draw: (g: CanvasRenderingContext2D, found: ReturnType<typeof lane>, top: number, height: number) => void) => {
    const { min, max } = u.scales.x ?? {}
    if (events.length === 0 || min == null || max == null) return
    const ratio = devicePixelRatio || 1
    const g = u.ctx
    g.save()
    g.scale(ratio, ratio)
    g.font = font
    const left = u.bbox.left / ratio
    const place = { from: min * 1000, to: max * 1000, left, right: left + u.bbox.width / ratio, width: words ? (text: string) => g.measureText(text).width : undefined }
    draw(g, lane(events, place), u.bbox.top / ratio, u.bbox.height / ratio)
    g.restore()
  }
  return {
    before: (u) => paint(u, (g, { stretches }, top, height) => {
      for (const s of stretches) {
        g.fillStyle = alpha(colorOf(s.tone, colors), 0.07)
        g.fillRect(s.from, top, s.to - s.from, height)
      }
    }),
    after: (u) => paint(u, (g, { marks, stretches }, top, height) => {
      for (const s of stretches) {
        g.fillStyle = colorOf(s.tone, colors)
        g.fillRect(s.from, top - 3, Math.max(1, s.to - s.from), 3)
      }
      g.textBaseline = 'middle'
      g.textAlign = 'left'
      for (const m of marks) {
        const x = Math.round(m.x) + 0.5
        const color = colorOf(m.tone, colors)
        g.strokeStyle = alpha(color, 0.6)
        g.lineWidth = 1
        g.setLineDash([2, 3])
        g.beginPath()
        g.moveTo(x, top - 2)
        g.lineTo(x, top + height)
        g.stroke()
        g.setLineDash([])
        g.fillStyle = color
        g.beginPath()
        if (m.alert) triangle(g, x)
        else diamond(g, x)
        g.fill()
        g.fillStyle = colors.text2
        if (m.label) g.fillText(m.label, x + beside, middle)
      }
    }),
  }
}

const middle = 7.5

function diamond(g: CanvasRenderingContext2D, x: number): void {
  g.moveTo(x, middle - half)
  g.lineTo(x + half, middle)
  g.lineTo(x, middle + half)
  g.lineTo(x - half, middle)
  g.closePath()
}

function triangle(g: CanvasRenderingContext2D, x: number): void {
  g.moveTo(x, middle - half)
  g.lineTo(x + half, middle + half - 0.5)
  g.lineTo(x - half, middle + half - 0.5)
  g.closePath()
}
