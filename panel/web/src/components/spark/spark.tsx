import { useCanvas } from '../../lib/frame'
import { drawMirror, drawSpark, type Points, type SparkStyle } from './draw'

interface SparkProps extends SparkStyle {
  values: Points
  height: number
  /** Told when `values` has changed in place. */
  follow?: (redraw: () => void) => () => void
  className?: string
}

/** A small line without axes. It is decoration beside a number: screen readers get the number. */
export function Spark({ values, height, follow, className = '', ...style }: SparkProps) {
  const ref = useCanvas((g, width, h) => drawSpark(g, width, h, values, style), follow)
  return <canvas ref={ref} className={`trace ${className}`.trim()} style={{ height }} aria-hidden />
}

interface MirrorTraceProps {
  rx: Points
  tx: Points
  height: number
  dim?: boolean
  follow?: (redraw: () => void) => () => void
  className?: string
}

/** The mirrored trace of a network: download up, upload down. */
export function MirrorTrace({ rx, tx, height, dim, follow, className = '' }: MirrorTraceProps) {
  const ref = useCanvas((g, width, h) => drawMirror(g, width, h, rx, tx, dim), follow)
  return <canvas ref={ref} className={`trace ${className}`.trim()} style={{ height }} aria-hidden />
}
