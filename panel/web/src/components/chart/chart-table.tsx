import type { ChartData, ChartFormat, ChartLabels } from './chart-types'
import type { ChartEvent } from './lane'

interface ChartTableProps {
  name: string
  data: ChartData
  format: ChartFormat
  labels: ChartLabels
  events: ChartEvent[]
}

/** The numbers of a chart as a table, newest first, at most 200 rows, and what happened in each step; for screen readers and for copying. */
export function ChartTable({ name, data, format, labels, events }: ChartTableProps) {
  const happened = (end: number) => events.filter((e) => e.time <= end && e.time > end - data.stepSeconds * 1000).map((e) => e.text).join('; ')
  const rows = data.timestamps.map((time, i) => ({ time, i })).reverse().slice(0, 200)
  return (
    <div className="chart-table">
      <table aria-label={name}>
        <thead>
          <tr>
            <th scope="col">{labels.time}</th>
            {data.series.map((s) => (
              <th scope="col" className="num" key={s.name + s.label}>{s.label}</th>
            ))}
            {events.length > 0 && <th scope="col">{labels.events}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ time, i }) => (
            <tr key={time}>
              <td>{format.time(time)}</td>
              {data.series.map((s) => {
                const v = s.mean[i]
                return <td className="num" key={s.name + s.label}>{v == null ? '–' : format.value(v)}</td>
              })}
              {events.length > 0 && <td>{happened(time)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
