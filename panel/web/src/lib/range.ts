import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'

export const periods = ['1h', '24h', '7d', '30d', '365d'] as const
export type Period = (typeof periods)[number]

export const periodSeconds: Record<Period, number> = { '1h': 3600, '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400, '365d': 365 * 86_400 }

/** A period up to now, or fixed ends in Unix milliseconds. */
export type TimeRange = { period: Period } | { from: number; to: number }

const defaultPeriod: Period = '1h'
const shortest = 10_000

export function parseRange(params: URLSearchParams): TimeRange {
  const from = Number(params.get('from'))
  const to = Number(params.get('to'))
  if (Number.isFinite(from) && Number.isFinite(to) && from > 0 && to - from >= shortest) return { from, to }
  const period = params.get('period') as Period
  return { period: periods.includes(period) ? period : defaultPeriod }
}

export function rangeParams(range: TimeRange, params: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const name of ['period', 'from', 'to']) next.delete(name)
  if ('period' in range) {
    if (range.period !== defaultPeriod) next.set('period', range.period)
  } else {
    next.set('from', String(Math.round(range.from)))
    next.set('to', String(Math.round(range.to)))
  }
  return next
}

/** The time range of the page; it lives in the address, so a link shows the same range. */
export function useTimeRange(): [TimeRange, (range: TimeRange) => void] {
  const [params, setParams] = useSearchParams()
  const range = useMemo(() => parseRange(params), [params])
  const setRange = useCallback((next: TimeRange) => setParams((old) => rangeParams(next, old), { replace: false }), [setParams])
  return [range, setRange]
}
