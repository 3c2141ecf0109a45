import { type RefObject, useEffect, useRef } from 'react'
import { onThemeChange } from './theme'

// All canvases that changed are drawn in one animation frame; sizes are known beforehand, so drawing never reads layout.
const due = new Set<() => void>()
let frame = 0

function run(): void {
  frame = 0
  const jobs = [...due]
  due.clear()
  for (const job of jobs) job()
}

export function drawSoon(job: () => void): void {
  due.add(job)
  frame ||= requestAnimationFrame(run)
}

export type Draw = (g: CanvasRenderingContext2D, width: number, height: number) => void

const maxPixelRatio = 2

/**
 * Keeps a canvas drawn: after each render, when it is resized, comes into view or the theme changes, and when `follow`
 * says so. Canvases outside of the view are not drawn.
 */
export function useCanvas(draw: Draw, follow?: (redraw: () => void) => () => void): RefObject<HTMLCanvasElement | null> {
  const ref = useRef<HTMLCanvasElement>(null)
  const latest = useRef(draw)
  const redraw = useRef(() => {})

  useEffect(() => {
    latest.current = draw
    redraw.current()
  })

  useEffect(() => {
    const canvas = ref.current
    if (!canvas) return
    let [width, height, visible] = [0, 0, false]
    const job = () => {
      const g = visible && width > 0 ? canvas.getContext('2d') : null
      if (!g) return
      const ratio = Math.min(maxPixelRatio, devicePixelRatio || 1)
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
      if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h]
      g.setTransform(ratio, 0, 0, ratio, 0, 0)
      g.clearRect(0, 0, width, height)
      latest.current(g, width, height)
    }
    redraw.current = () => drawSoon(job)
    const sizes = new ResizeObserver(([entry]) => {
      if (entry) ({ width, height } = entry.contentRect)
      drawSoon(job)
    })
    const views = new IntersectionObserver(([entry]) => {
      visible = entry?.isIntersecting ?? false
      if (visible) drawSoon(job)
    })
    sizes.observe(canvas)
    views.observe(canvas)
    const stopTheme = onThemeChange(() => drawSoon(job))
    return () => {
      due.delete(job)
      sizes.disconnect()
      views.disconnect()
      stopTheme()
    }
  }, [])

  useEffect(() => follow?.(() => redraw.current()), [follow])
  return ref
}
