import { expect, it } from 'vitest'
import { type TimeRange, longest, parseRange, rangeParams, scaled, zoomed } from './range'

const parse = (s: string) => parseRange(new URLSearchParams(s))

it('reads a period, and takes an hour for what it does not know', () => {
  expect(parse('period=7d')).toEqual({ period: '7d' })
  expect(parse('')).toEqual({ period: '1h' })
  expect(parse('period=9y')).toEqual({ period: '1h' })
})

it('reads fixed ends with the period behind them, and refuses nonsense', () => {
  expect(parse('from=1000&to=3600000&period=7d')).toEqual({ from: 1000, to: 3_600_000, back: '7d' })
  expect(parse('from=1000&to=3600000')).toEqual({ from: 1000, to: 3_600_000, back: '1h' })
  expect(parse('from=5000&to=4000')).toEqual({ period: '1h' })
  expect(parse('from=x&to=9&period=24h')).toEqual({ period: '24h' })
  expect(parse('from=1000&to=2000')).toEqual({ period: '1h' }) // under ten seconds nothing can be drawn
})

it('writes what it reads and keeps other parameters', () => {
  for (const range of [{ period: '30d' } as const, { from: 10_000, to: 90_000, back: '1h' } as const, { from: 10_000, to: 90_000, back: '365d' } as const, { period: '1h' } as const]) {
    const written = rangeParams(range, new URLSearchParams('tab=traffic&period=24h&from=1&to=2'))
    expect(written.get('tab')).toBe('traffic')
    expect(parseRange(written)).toEqual(range)
  }
  expect(rangeParams({ period: '1h' }, new URLSearchParams('period=24h')).toString()).toBe('')
})

it('zooms into a part, however small, and never beyond now', () => {
  const now = 1_000_000_000
  expect(zoomed({ period: '24h' }, now - 7_200_400, now - 3_600_400, 60_000, now)).toEqual({ from: now - 7_200_000, to: now - 3_600_000, back: '24h' })
  expect(zoomed({ period: '7d' }, now - 600_001, now - 600_000, 60_000, now)).toEqual({ from: now - 630_000, to: now - 570_000, back: '7d' })
  expect(zoomed({ period: '1h' }, now - 5000, now + 5000, 60_000, now)).toEqual({ from: now - 60_000, to: now, back: '1h' })
  // What was zoomed before keeps its way back.
  expect(zoomed({ from: 1, to: 2, back: '30d' }, now - 120_000, now - 60_000, 60_000, now)).toMatchObject({ back: '30d' })
})

it('halves around a moment and stays inside', () => {
  const now = 1_800_000_000_000
  const minute = 60_000
  const half = (around: number | null, least = minute) => {
    const r = scaled({ from: now - 60 * minute, to: now - 20 * minute, back: '24h' }, 0.5, around == null ? null : now - around * minute, least, now)
    return 'from' in r && [(now - r.from) / minute, (now - r.to) / minute, r.back]
  }
  expect(half(null)).toEqual([50, 30, '24h'])
  expect(half(45)).toEqual([55, 35, '24h'])
  expect(half(59)).toEqual([60, 40, '24h'])
  expect(half(21)).toEqual([40, 20, '24h'])
  expect(half(500)).toEqual([60, 40, '24h'])
  expect(half(40, 30 * minute)).toEqual([55, 25, '24h'])
})

it('widens to the double, up to now and to what is kept', () => {
  const now = 1_800_000_000_000
  const wider = (range: TimeRange) => scaled(range, 2, null, 0, now)
  expect(wider({ from: now - 300_000, to: now - 200_000, back: '24h' })).toEqual({ from: now - 350_000, to: now - 150_000, back: '24h' })
  expect(wider({ period: '1h' })).toEqual({ from: now - 7_200_000, to: now, back: '1h' })
  const most = wider({ from: now - 500 * 86_400_000, to: now, back: '365d' })
  expect('from' in most && most.to - most.from).toBe(longest)
})
