import { act, fireEvent, render, screen } from '@testing-library/react'
import { beforeAll, expect, it, vi } from 'vitest'
import type { ChartData, ChartFormat, ChartLabels } from './chart-types'
import { Cursor } from './cursor'
import { TimeChart } from './time-chart'

// jsdom has no canvas: uPlot measures texts and draws into nothing.
beforeAll(() => {
  const nothing = () => ({ width: 10, addColorStop() {} })
  const context = new Proxy({}, { get: () => nothing, set: () => true })
  vi.stubGlobal('Path2D', class { constructor() { return new Proxy(this, { get: () => nothing }) } })
  HTMLCanvasElement.prototype.getContext = (() => context) as never
})

const second = 1000
const format: ChartFormat = { time: (ms) => `at ${ms / second}`, value: String, axis: String, tick: String }
const labels: ChartLabels = { noData: '', time: '', asTable: '', hideTable: '', events: '', summary: () => '' }

/** The last minute until a moment, a point each 10 s. */
function Chart({ cursor, until }: { cursor: Cursor; until: number }) {
  const timestamps = [0, 1, 2, 3, 4, 5, 6].map((i) => until - (6 - i) * 10 * second)
  const data: ChartData = { timestamps, series: [{ name: 'a', label: 'a', mean: timestamps.map(() => 1), min: null, max: null }], stepSeconds: 10 }
  return <TimeChart name="CPU" data={data} from={until - 60 * second} to={until} format={format} labels={labels} cursor={cursor} />
}

it('keeps the cursor at its moment when newer points come', async () => {
  const cursor = new Cursor()
  const { container, rerender } = render(<Chart cursor={cursor} until={1000 * second} />)
  await act(async () => {}) // uPlot draws in a microtask
  const shown = () => container.querySelector('.chart-time:not([hidden])')?.textContent
  const plot = await screen.findByRole('img')
  fireEvent.keyDown(plot, { key: 'ArrowLeft' })
  fireEvent.keyDown(plot, { key: 'ArrowLeft' })
  expect(shown()).toBe('at 990')
  for (const until of [1010, 1020, 1030]) {
    rerender(<Chart cursor={cursor} until={until * second} />)
    await act(async () => {})
    expect(shown()).toBe('at 990')
  }
  fireEvent.keyDown(plot, { key: 'ArrowRight' })
  expect(shown()).toBe('at 1000')
})
