import { useEffect, useLayoutEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import './chart.css'
import { colors } from '../../lib/colors'
import { useTheme } from '../../lib/theme'
import type { ChartData, ChartFormat, ChartLabels, ChartLimits, ChartThreshold } from './chart-types'
import { chartKey } from './chart-keys'
import { type Cursor, nearest } from './cursor'
import type { ChartEvent } from './lane'
import { plotColumns, plotOptions } from './plot'

export interface TimeChartProps {
  name: string
  data: ChartData
  /** The whole range in milliseconds, also where there is no data. */
  from: number
  to: number
  format: ChartFormat
  labels: ChartLabels
  cursor: Cursor
  height?: number
  mirror?: boolean
  /** Bytes: ticks at binary steps. */
  binary?: boolean
  maxFixed?: number | null
  limits?: ChartLimits | null
  threshold?: ChartThreshold | null
  events?: ChartEvent[]
  /** Words beside the marks, where they fit. */
  eventWords?: boolean
  /** A part of what is drawn was chosen. */
  onZoom?: (from: number, to: number) => void
  /** A key asked for a shorter or longer time. */
  onScale?: (factor: number, around: number | null) => void
  onReset?: () => void
}

const noEvents: ChartEvent[] = []

/** Lines over time with a band from minimum to maximum, gaps left open, and a cursor that all charts of the page share. */
export function TimeChart(props: TimeChartProps) {
  const { name, data, from, to, format, labels, cursor, height = 168 } = props
  const { mirror = false, binary = false, maxFixed = null, limits = null, threshold = null, events = noEvents, eventWords = false } = props
  const theme = useTheme()
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const actions = useRef(props)
  useEffect(() => {
    actions.current = props
  })

  useLayoutEffect(() => {
    const element = host.current
    if (!element) return
    const style = { data, mirror, binary, maxFixed, limits, threshold, colors: colors(), format, noData: labels.noData, events, eventWords }
    const base = plotOptions(style)
    const timeLabel = document.createElement('div')
    timeLabel.className = 'chart-time'
    let pointing = false // uPlot also reports a cursor that it draws anew, and one that we set
    let dragging = false // uPlot's own cursor is then the end of the selection
    /** Runs uPlot's handler and then ours. */
    const around = (after: () => void): uPlot.Cursor.MouseListenerFactory => (_u, _target, handler) => (event) => {
      handler(event)
      after()
      return null
    }
    const u = new uPlot(
      {
        ...base,
        width: element.clientWidth || 300,
        height,
        scales: { ...base.scales, x: { time: true, range: [from / 1000, to / 1000] } },
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false, dist: 6 },
          points: { size: 7, width: 2 },
          bind: {
            dblclick: () => () => {
              actions.current.onReset?.()
              return null
            },
            mousemove: (_u, _target, handler) => (event) => {
              pointing = true
              handler(event)
              pointing = false
              return null
            },
            mousedown: around(() => {
              dragging = true
            }),
            mouseup: around(() => {
              dragging = false
            }),
            mouseleave: (_u, _target, handler) => (event) => {
              if (dragging) handler(event) // it draws the selection up to the edge
              else cursor.set(null)
              return null
            },
          },
        },
        hooks: {
          ...base.hooks,
          ready: [
            (self) => {
              self.over.append(timeLabel)
              show() // not before: the scales come with the first drawing
            },
          ],
          setCursor: [
            (self) => {
              const index = self.cursor.idx
              if (pointing && index != null && (self.cursor.left ?? -1) >= 0) cursor.set((self.data[0][index] as number) * 1000)
            },
          ],
          setSelect: [
            (self) => {
              if (self.select.width < 6) return
              const at = (x: number) => self.posToVal(x, 'x') * 1000
              const range = [at(self.select.left), at(self.select.left + self.select.width)] as const
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              actions.current.onZoom?.(range[0], range[1])
            },
          ],
        },
      },
      plotColumns(data, mirror),
      element,
    )
    plot.current = u
    const show = () => {
      if (dragging) return
      const time = cursor.get()
      const index = time == null ? -1 : nearest(data.timestamps, time)
      if (index < 0) {
        u.setCursor({ left: -10, top: -10 })
        timeLabel.hidden = true
      } else {
        const moment = data.timestamps[index] as number
        const left = u.valToPos(moment / 1000, 'x')
        u.setCursor({ left, top: 0 })
        timeLabel.hidden = false
        timeLabel.textContent = format.time(moment)
        const half = timeLabel.offsetWidth / 2
        timeLabel.style.left = `${Math.max(0, Math.min(u.over.clientWidth - 2 * half, left - half))}px`
      }
    }
    const unsubscribe = cursor.subscribe(show)
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) u.setSize({ width: element.clientWidth, height })
    })
    resize.observe(element)
    return () => {
      resize.disconnect()
      unsubscribe()
      u.destroy()
      plot.current = null
    }
  }, [data, from, to, mirror, binary, maxFixed, limits, threshold, theme, format, labels.noData, cursor, height, events, eventWords])

  const { onScale, onReset } = props
  return (
    <div ref={host} role="img" aria-label={`${name}. ${labels.summary(summarize(data, format), events.length)}`} aria-keyshortcuts="ArrowLeft ArrowRight + - Escape" tabIndex={0}
      onKeyDown={(e) => chartKey(e, { timestamps: data.timestamps, cursor, onScale, onReset })} style={{ height }} className="chart-plot" />
  )
}

function summarize(data: ChartData, format: ChartFormat) {
  return data.series.map((s) => {
    const values = s.mean.filter((v) => v != null)
    const highs = (s.max ?? s.mean).filter((v) => v != null)
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    return {
      label: s.label,
      mean: values.length ? format.value(mean) : '–',
      max: highs.length ? format.value(highs.reduce((a, b) => Math.max(a, b), 0)) : '–',
      gaps: s.mean.length - values.length,
    }
  })
}
