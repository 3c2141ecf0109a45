import { describe, expect, it, vi } from 'vitest'
import { chartKey } from './chart-keys'
import { Cursor } from './cursor'

const timestamps = Array.from({ length: 101 }, (_, i) => 1000 * i)

function press(key: string, at: number | null = null, more: Partial<React.KeyboardEvent> = {}) {
  const cursor = new Cursor()
  cursor.set(at)
  const [onScale, onReset, preventDefault] = [vi.fn(), vi.fn(), vi.fn()]
  chartKey({ key, preventDefault, ...more } as unknown as React.KeyboardEvent, { timestamps, cursor, onScale, onReset })
  return { at: cursor.get(), scale: onScale.mock.calls[0], resets: onReset.mock.calls.length, taken: preventDefault.mock.calls.length === 1 }
}

describe('keys of a chart', () => {
  it('moves the cursor by points, and begins at the end', () => {
    expect(press('ArrowLeft').at).toBe(100_000)
    expect(press('ArrowLeft', 50_400).at).toBe(49_000)
    expect(press('ArrowRight', 50_000, { shiftKey: true }).at).toBe(60_000)
    expect(press('ArrowRight', 95_000, { shiftKey: true }).at).toBe(100_000)
    expect(press('ArrowLeft', 3000, { shiftKey: true }).at).toBe(0)
  })

  it('asks for the half around the cursor, and for the double', () => {
    expect(press('+').scale).toEqual([0.5, null])
    expect(press('=', 40_000).scale).toEqual([0.5, 40_000])
    expect(press('-', 40_000).scale).toEqual([2, null])
  })

  it('releases the cursor first and leaves the zoom next', () => {
    expect(press('Escape', 5000)).toMatchObject({ at: null, resets: 0, taken: true })
    expect(press('Escape')).toMatchObject({ resets: 1, taken: true })
  })

  it('leaves other keys and those of the browser alone', () => {
    expect(press('a')).toMatchObject({ taken: false })
    expect(press('+', null, { ctrlKey: true })).toMatchObject({ taken: false, scale: undefined })
  })
})
