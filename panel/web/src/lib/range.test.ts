import { expect, it } from 'vitest'
import { parseRange, rangeParams } from './range'

const parse = (s: string) => parseRange(new URLSearchParams(s))

it('reads a period, and takes an hour for what it does not know', () => {
  expect(parse('period=7d')).toEqual({ period: '7d' })
  expect(parse('')).toEqual({ period: '1h' })
  expect(parse('period=9y')).toEqual({ period: '1h' })
})

it('reads fixed ends, and refuses nonsense', () => {
  expect(parse('from=1000&to=3600000&period=7d')).toEqual({ from: 1000, to: 3_600_000 })
  expect(parse('from=5000&to=4000')).toEqual({ period: '1h' })
  expect(parse('from=x&to=9')).toEqual({ period: '1h' })
  expect(parse('from=1000&to=2000')).toEqual({ period: '1h' }) // under ten seconds nothing can be drawn
})

it('writes what it reads and keeps other parameters', () => {
  for (const range of [{ period: '30d' } as const, { from: 10_000, to: 90_000 }, { period: '1h' } as const]) {
    const written = rangeParams(range, new URLSearchParams('tab=traffic&period=24h&from=1&to=2'))
    expect(written.get('tab')).toBe('traffic')
    expect(parseRange(written)).toEqual(range)
  }
  expect(rangeParams({ period: '1h' }, new URLSearchParams('period=24h')).toString()).toBe('')
})
