import { describe, expect, it } from 'vitest'
import type { ServerItem } from '../../api/types'
import type { Group } from './groups'
import { cellAt, layoutMap } from './map-layout'

const group = (name: string | null, count: number): Group => ({
  name,
  servers: Array.from({ length: count }, (_, i) => ({ id: i, name: `${name}-${i}` }) as ServerItem),
})

describe('fleet map', () => {
  it('puts columns of five side by side, folder by folder', () => {
    const { cells, headings } = layoutMap([group('A', 7), group('empty', 0), group(null, 2)], 800, 118, 'no folder')
    expect(headings.map((h) => h.text)).toEqual(['A', 'no folder'])
    expect(cells.slice(0, 6).map((c) => [c.x, c.y])).toEqual([[0, 18], [0, 38], [0, 58], [0, 78], [0, 98], [26, 18]])
    expect(cells[7]?.x).toBe(2 * 26 + 16)
  })

  it.each([[500, 900], [500, 330], [60, 330], [1, 330], [2000, 330]])('keeps %d servers inside %d pixels without overlap', (count, width) => {
    const { cells } = layoutMap([group('A', count)], width, 118, '')
    expect(cells).toHaveLength(count)
    for (const c of cells) {
      expect(c.x + c.width).toBeLessThanOrEqual(width + 0.01)
      expect(c.y + c.height).toBeLessThanOrEqual(118.01)
    }
    expect(new Set(cells.map((c) => `${c.x.toFixed(2)} ${c.y.toFixed(2)}`)).size).toBe(count)
  })

  it('finds the cell below the pointer', () => {
    const { cells } = layoutMap([group('A', 7)], 800, 118, '')
    expect(cellAt(cells, 30, 20)?.server.name).toBe('A-5')
    expect(cellAt(cells, 30, 60)).toBeUndefined()
  })

  it('is empty without servers', () => {
    expect(layoutMap([group(null, 0)], 800, 118, '').cells).toEqual([])
  })
})
