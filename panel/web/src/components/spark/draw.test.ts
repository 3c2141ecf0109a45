import { expect, it } from 'vitest'
import { drawMirror, drawSpark, largest, runs } from './draw'

const gap = Number.NaN

it('finds unbroken stretches', () => {
  expect(runs([1, 2, gap, 3, null, null, 4, 5])).toEqual([{ from: 0, to: 1 }, { from: 3, to: 3 }, { from: 6, to: 7 }])
  expect(runs([gap, gap])).toEqual([])
  expect(runs(new Float32Array([gap, 0]))).toEqual([{ from: 1, to: 1 }])
})

it('finds the largest value beside gaps', () => {
  expect(largest([1, gap, 9, null], [gap, 3])).toBe(9)
  expect(largest([gap])).toBe(0)
})

/** Remembers where lines and hatched boxes are drawn. */
function paper() {
  const lines: [number, number][] = []
  const boxes: number[][] = []
  const ignore = () => {}
  const g = {
    lines, boxes, save: ignore, restore: ignore, clip: ignore, beginPath: ignore, closePath: ignore, stroke: ignore, fill: ignore, fillRect: ignore,
    moveTo: (x: number, y: number) => lines.push([x, y]), lineTo: (x: number, y: number) => lines.push([x, y]), rect: (...box: number[]) => boxes.push(box),
    createLinearGradient: () => ({ addColorStop: ignore }),
  }
  return g as unknown as CanvasRenderingContext2D & { lines: [number, number][]; boxes: number[][] }
}

it('draws percent on a scale of 0 to 100', () => {
  const g = paper()
  drawSpark(g, 103, 53, [0, 50, 100], { max: 100, fill: false })
  expect(g.lines).toEqual([[1.5, 51.5], [51.5, 26.5], [101.5, 1.5]])
})

it('hatches a gap instead of bridging it, also at the end', () => {
  const g = paper()
  drawSpark(g, 103, 50, [1, 1, gap, 1, gap], { fill: false })
  expect(g.boxes).toEqual([[26.5, 0, 50, 50], [76.5, 0, 26.5, 50]])
})

it('draws download up and upload down on one scale', () => {
  const g = paper()
  drawMirror(g, 100, 40, [0, 53], [0, 106])
  const [, highest] = [...g.lines].sort((a, b) => a[1] - b[1])[0]!
  const [, lowest] = [...g.lines].sort((a, b) => b[1] - a[1])[0]!
  expect(20 - highest).toBeGreaterThan(9)
  expect(lowest - 20).toBeCloseTo(2 * (20 - highest - 0.75) + 0.75, 5)
})
