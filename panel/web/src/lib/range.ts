import { type SetStateAction, useCallback, useLayoutEffect, useMemo, useRef } from 'react'
import { useSearchParams } from 'react-router'

export const periods = ['1h', '24h', '7d', '30d', '365d'] as const
export type Period = (typeof periods)[number]

export const periodSeconds: Record<Period, number> = { '1h': 3600, '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400, '365d': 365 * 86_400 }

/** A period up to now, or fixed ends in Unix milliseconds with the period to which the way back leads. */
export type TimeRange = { period: Period } | { from: number; to: number; back: Period }

const defaultPeriod: Period = '1h'
const shortest = 10_000
/** The panel refuses more: no sample is kept for longer. */
export const longest = 2 * 366 * 86_400_000

/** The period in force, or the one behind a free range. */
export const periodOf = (range: TimeRange): Period => ('period' in range ? range.period : range.back)

/** The ends of a range. */
export const endsOf = (range: TimeRange, now = Date.now()): { from: number; to: number } =>
  'period' in range ? { from: now - periodSeconds[range.period] * 1000, to: now } : { from: range.from, to: range.to }

/** A part of a range, of at least `least` milliseconds around what was asked for, and not beyond now. */
export function zoomed(range: TimeRange, from: number, to: number, least = 60_000, now = Date.now()): TimeRange {
  const middle = (from + to) / 2
  const half = Math.max((to - from) / 2, least / 2)
  const end = Math.min(middle + half, now)
  const whole = (ms: number) => Math.round(ms / 1000) * 1000
  return { from: whole(end - 2 * half), to: whole(end), back: periodOf(range) }
}

/** A range as many times as long: a shorter one lies around a moment and inside, a longer one has the same middle and ends now at most. */
export function scaled(range: TimeRange, factor: number, around: number | null = null, least?: number, now = Date.now()): TimeRange {
  const { from, to } = endsOf(range, now)
  const half = Math.min((to - from) * factor, longest) / 2
  const middle = around == null || factor > 1 ? (from + to) / 2 : Math.max(from + half, Math.min(to - half, around))
  return zoomed(range, middle - half, middle + half, least, now)
}

export function parseRange(params: URLSearchParams): TimeRange {
  const named = params.get('period') as Period
  const period = periods.includes(named) ? named : defaultPeriod
  const from = Number(params.get('from'))
  const to = Number(params.get('to'))
  if (Number.isFinite(from) && Number.isFinite(to) && from > 0 && to - from >= shortest) return { from, to, back: period }
  return { period }
}

export function rangeParams(range: TimeRange, params: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const name of ['period', 'from', 'to']) next.delete(name)
  const period = periodOf(range)
  if (period !== defaultPeriod) next.set('period', period)
  if ('from' in range) {
    next.set('from', String(Math.round(range.from)))
    next.set('to', String(Math.round(range.to)))
  }
  return next
}

/**
 * The time range of the page; it lives in the address, so a link shows the same range. Keys come faster than charts are
 * drawn: a function gets the range that was set last, as with a state of React, and each range is rendered before the next
 * key is looked at. In a transition, the router's usual way, a range that was already left could be rendered late and count
 * as the last one.
 */
export function useTimeRange(): [TimeRange, (range: SetStateAction<TimeRange>) => void] {
  const [params, setParams] = useSearchParams()
  const range = useMemo(() => parseRange(params), [params])
  const last = useRef(range)
  useLayoutEffect(() => {
    last.current = range
  }, [range])
  const setRange = useCallback((next: SetStateAction<TimeRange>) => {
    last.current = typeof next === 'function' ? next(last.current) : next
    setParams(rangeParams(last.current, params), { flushSync: true })
  }, [params, setParams])
  return [range, setRange]
}
