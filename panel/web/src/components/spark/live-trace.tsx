import { useCallback } from 'react'
import { live } from '../../lib/live'
import type { TraceKind } from '../../lib/traces'
import type { SparkStyle } from './draw'
import { MirrorTrace, Spark } from './spark'

const follower = (id: number | 'total') => (redraw: () => void) => (id === 'total' ? live.subscribeAll(redraw) : live.subscribe(id, redraw))

interface LiveProps {
  /** A server, or the whole fleet. */
  of: number | 'total'
  height: number
  dim?: boolean
  className?: string
}

/** The network of the last hour; redraws by itself without rendering anything. */
export function LiveMirror({ of, ...rest }: LiveProps) {
  const trace = of === 'total' ? live.totalTrace() : live.trace(of)
  const follow = useCallback((redraw: () => void) => follower(of)(redraw), [of])
  return <MirrorTrace rx={trace.rx} tx={trace.tx} follow={follow} {...rest} />
}

/** One figure of the last hour; percent kinds get the scale 0 to 100. */
export function LiveSpark({ of, kind, ...rest }: LiveProps & SparkStyle & { kind: TraceKind }) {
  const trace = of === 'total' ? live.totalTrace() : live.trace(of)
  const follow = useCallback((redraw: () => void) => follower(of)(redraw), [of])
  const max = rest.max ?? (kind === 'cpu' || kind === 'ram' ? 100 : undefined)
  return <Spark values={trace[kind]} follow={follow} {...rest} max={max} />
}
