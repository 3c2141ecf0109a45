import type { ChartData, ChartFormat } from './chart-types'
import { type Cursor, nearest, useCursor } from './cursor'
import { seriesColor } from './series-color'

interface ChartLegendProps {
  data: ChartData
  format: ChartFormat
  cursor: Cursor
  noData: string
}

/** Names and values of the series: at the cursor, or the last ones. No box ever covers the data. */
export function ChartLegend({ data, format, cursor, noData }: ChartLegendProps) {
  const time = useCursor(cursor)
  const last = data.timestamps.length - 1
  return (
    <ul className="chart-legend">
      {data.series.map((s, i) => {
        const index = time == null ? lastKnown(s.mean, last) : nearest(data.timestamps, time)
        const value = s.mean[index]
        const [low, high] = [s.min?.[index], s.max?.[index]]
        return (
          <li key={s.name + s.label}>
            <i style={{ background: `var(--${seriesColor(i)})` }} />
            {s.label}
            <b>{value == null ? noData : format.value(value)}</b>
            {data.series.length === 1 && low != null && high != null && high > low && (
              <span>{`${format.value(low)}–${format.value(high)}`}</span>
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** Without a cursor the newest value counts; the last step may not have one yet. */
function lastKnown(values: (number | null)[], last: number): number {
  for (let i = last; i >= Math.max(0, last - 2); i--) if (values[i] != null) return i
  return last
}
