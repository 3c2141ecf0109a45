import type { ChartResponse, DashboardChart } from '../../api/types'
import type { ChartData } from '../../components/chart/chart-types'
import type { Language } from '../../lib/format'

/** Joins an answer with its definition: labels are the titles of the series, or the legends where one query gives many. `legend` words those. */
export function chartData(response: ChartResponse, chart: DashboardChart, language: Language, legend = (text: string) => text): ChartData {
  return {
    timestamps: response.timestamps,
    stepSeconds: response.step_seconds,
    earliest: response.earliest,
    series: response.series.map((s) => ({
      name: s.name,
      label: (s.legend && legend(s.legend)) || (chart.series.find((d) => d.name === s.name)?.title[language] ?? s.name),
      mean: s.mean,
      min: s.min,
      max: s.max,
    })),
  }
}

/** The series of a mirrored chart as their sum: the threshold of an alert about both directions belongs to it. */
export function summed(data: ChartData): ChartData {
  const mean = data.timestamps.map((_, i) => data.series.reduce<number | null>((sum, s) => (sum === null || s.mean[i] == null ? null : sum + (s.mean[i] ?? 0)), 0))
  return { ...data, series: [{ name: 'sum', label: data.series.map((s) => s.label).join(' + '), mean, min: null, max: null }] }
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

const sparkPoints = 60

/** At most 60 points, each the mean of those it stands for; a stretch without any stays a gap. */
export function thin(values: (number | null)[]): (number | null)[] {
  const size = Math.ceil(values.length / sparkPoints)
  if (size <= 1) return values
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => {
    const known = values.slice(i * size, (i + 1) * size).filter((v) => v != null)
    return known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : null
  })
}
