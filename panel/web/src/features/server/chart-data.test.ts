import { describe, expect, it } from 'vitest'
import type { ChartResponse, DashboardChart } from '../../api/types'
import { chartData, deviation, hasValues, newest, summed, thin } from './chart-data'

const chart: DashboardChart = {
  id: 'tcp', title: { en: 'TCP', ru: 'TCP' }, unit: 'number', kind: 'line', mirror: false, collapsed: false, limits: null, max_fixed: null,
  series: [{ name: 'state', title: { en: 'state', ru: 'состояние' } }],
}
const response: ChartResponse = {
  chart: 'tcp', from: 0, to: 20_000, step_seconds: 10, interval_seconds: 10, timestamps: [10_000, 20_000], earliest: null,
  series: [
    { name: 'state', legend: 'listen', mean: [1, null], min: null, max: null },
    { name: 'state', legend: '', mean: [null, null], min: null, max: null },
  ],
}

describe('chart data', () => {
  it('takes legends before titles', () => {
    expect(chartData(response, chart, 'ru').series.map((s) => s.label)).toEqual(['listen', 'состояние'])
  })
  it('knows an empty answer', () => {
    expect(hasValues(response)).toBe(true)
    expect(hasValues({ ...response, series: response.series.slice(1) })).toBe(false)
  })
  it('takes the newest value, over a step that has none yet', () => {
    expect(newest([1, 2, null])).toBe(2)
    expect(newest([1, null, null, null])).toBeNull()
    expect(newest([])).toBeNull()
  })
  it('thins to means, gaps stay gaps', () => {
    const values = Array.from({ length: 120 }, (_, i) => (i < 2 ? null : i))
    expect(thin(values)).toHaveLength(60)
    expect(thin(values).slice(0, 3)).toEqual([null, 2.5, 4.5])
    expect(thin([1, null])).toEqual([1, null])
  })
  it('compares with the usual level', () => {
    const usual = Array.from({ length: 20 }, () => 100 as number | null)
    expect(deviation([...usual, 186])).toBeCloseTo(86)
    expect(deviation([...usual, null])).toBeCloseTo(0)
    expect(deviation([100, 100])).toBeNull()
    expect(deviation(Array.from({ length: 20 }, () => 0))).toBeNull()
  })
})

it('adds both directions for a threshold over both; a gap in one is a gap', () => {
  const line = (label: string, mean: (number | null)[]) => ({ name: label, label, mean, min: mean, max: mean })
  const data = { timestamps: [1, 2, 3], stepSeconds: 1, earliest: null, series: [line('down', [1, 2, null]), line('up', [10, 20, 30])] }
  expect(summed(data).series).toEqual([{ name: 'sum', label: 'down + up', mean: [11, 22, null], min: null, max: null }])
})
