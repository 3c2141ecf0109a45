import { describe, expect, it } from 'vitest'
import { Cursor, nearest } from './cursor'
import { findGaps } from './gaps'
import { niceMax, tickStep, ticks, timeStep } from './scale'

describe('axis', () => {
  it.each([
    [100, false, 25],
    [8, false, 2],
    [0.9, false, 0.25],
    [1000, false, 250],
    [3, false, 1],
    [100 * 1024, true, 32 * 1024],
    [4 * 1024 * 1024, true, 1024 * 1024],
  ])('tickStep(%d, binary %s) = %d', (max, binary, want) => {
    expect(tickStep(max, binary)).toBeCloseTo(want, 9)
  })

  it('holds every value below its top, in few ticks', () => {
    for (let max = 0.001; max < 1e12; max *= 1.37) {
      for (const binary of [false, true]) {
        const top = niceMax(max, binary)
        expect(top).toBeGreaterThanOrEqual(max)
        const count = ticks(top, tickStep(max, binary), false).length
        expect(count).toBeGreaterThanOrEqual(2)
        expect(count).toBeLessThanOrEqual(7)
      }
    }
  })

  it('mirrors ticks around zero', () => {
    expect(ticks(4, 2, true)).toEqual([-4, -2, 0, 2, 4])
  })

  it('keeps time labels apart', () => {
    expect(timeStep(3600, 900)).toBe(600)
    expect(timeStep(86400, 900)).toBe(10800)
    expect(timeStep(3600, 300)).toBe(1800)
  })
})

describe('gaps', () => {
  const at = (...seconds: number[]) => seconds.map((s) => s * 1000)
  it('finds holes longer than 2.5 steps, and at the edges', () => {
    const t = at(0, 10, 20, 30, 40, 50, 60, 70, 80)
    expect(findGaps(t, [[1, 1, null, 1, 1, 1, 1, 1, 1]], 10)).toEqual([])
    expect(findGaps(t, [[1, 1, null, null, 1, 1, 1, 1, 1]], 10)).toEqual([{ from: 10000, to: 40000 }])
    expect(findGaps(t, [[null, null, null, null, 1, 1, 1, 1, 1]], 10)).toEqual([{ from: 0, to: 40000 }])
    expect(findGaps(t, [[1, 1, 1, 1, 1, null, null, null, null]], 10)).toEqual([{ from: 40000, to: 80000 }])
  })
  it('takes the time before the history began for no gap', () => {
    const t = at(0, 100, 200, 300, 400, 500, 600)
    const values = [[null, null, null, null, 1, 1, 1]]
    expect(findGaps(t, values, 100, 340_000)).toEqual([])
    expect(findGaps(t, values, 100, 50_000)).toEqual([{ from: 0, to: 400_000 }])
    expect(findGaps(t, values, 100, null)).toEqual([{ from: 0, to: 400_000 }])
  })
  it('counts only moments that no series has', () => {
    const t = at(0, 10, 20, 30, 40)
    expect(findGaps(t, [[1, null, null, null, 1], [null, 1, 1, 1, null]], 10)).toEqual([])
  })
})

describe('cursor', () => {
  it('finds the nearest point', () => {
    const t = [0, 10, 20, 30]
    expect([-5, 0, 4, 6, 15, 16, 99].map((x) => nearest(t, x))).toEqual([0, 0, 0, 1, 2, 2, 3])
    expect(nearest([], 5)).toBe(-1)
  })
  it('tells listeners of changes only', () => {
    const cursor = new Cursor()
    let calls = 0
    const off = cursor.subscribe(() => calls++)
    cursor.set(5)
    cursor.set(5)
    off()
    cursor.set(6)
    expect(calls).toBe(1)
    expect(cursor.get()).toBe(6)
  })
})
