import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import type { ChartThreshold } from '../../components/chart/chart-types'

/** The chart that a link from an alert points at. */
export interface ChartTarget {
  chart: string
  threshold: ChartThreshold | null
  /** One line of a chart of many. */
  series: string
}

export function parseTarget(params: URLSearchParams): ChartTarget | null {
  const chart = params.get('chart')
  if (!chart) return null
  const value = params.get('threshold') === null ? Number.NaN : Number(params.get('threshold'))
  return { chart, threshold: Number.isFinite(value) ? { value, below: params.get('below') !== null } : null, series: params.get('series') ?? '' }
}

/** The target lives in the address, so a link shows the same chart with the same threshold. */
export function useChartTarget(): [ChartTarget | null, () => void] {
  const [params, setParams] = useSearchParams()
  const target = useMemo(() => parseTarget(params), [params])
  const clear = useCallback(() => setParams((old) => {
    const next = new URLSearchParams(old)
    for (const name of ['chart', 'threshold', 'below', 'series']) next.delete(name)
    return next
  }, { replace: true }), [setParams])
  return [target, clear]
}
