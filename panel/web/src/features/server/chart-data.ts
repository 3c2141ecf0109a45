import type { ChartResponse, DashboardChart } from '../../api/types'
import type { ChartData } from '../../components/chart/chart-types'
import type { Language } from '../../lib/format'

/** Joins an answer with its definition: labels are the titles of the series, or the legends where one query gives many. */
export function chartData(response: ChartResponse, chart: DashboardChart, language: Language): ChartData {
  return {
    timestamps: response.timestamps,
    stepSeconds: response.step_seconds,
    series: response.series.map((s) => ({
      name: s.name,
      label: s.legend || (chart.series.find((d) => d.name === s.name)?.title[language] ?? s.name),
      mean: s.mean,
      min: s.min,
      max: s.max,
    })),
  }
}

/** Whether there is any value at all. */
export const hasValues = (response: ChartResponse): boolean => response.series.some((s) => s.mean.some((v) => v != null))

/** The newest value of a series; the last step may not have one yet. */
export function newest(values: (number | null)[]): number | null {
  for (let i = values.length - 1; i >= Math.max(0, values.length - 3); i--) if (values[i] != null) return values[i] ?? null
  return null
}

/** Deviation in percent of the newest value from the median of the others; null when there is too little to compare. */
export function deviation(values: (number | null)[]): number | null {
  const now = newest(values)
  const known = values.filter((v) => v != null).sort((a, b) => a - b)
  const usual = known[known.length >> 1]
  if (now == null || known.length < 10 || !usual) return null
  return ((now - usual) / usual) * 100
}
