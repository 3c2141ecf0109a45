import type { ChartData, ChartFormat } from './chart-types'

interface ChartTableProps {
  name: string
  data: ChartData
  format: ChartFormat
  timeLabel: string
}

/** The numbers of a chart as a table, newest first, at most 200 rows; for screen readers and for copying. */
export function ChartTable({ name, data, format, timeLabel }: ChartTableProps) {
  const rows = data.timestamps.map((time, i) => ({ time, i })).reverse().slice(0, 200)
  return (
    <div className="chart-table">
      <table aria-label={name}>
        <thead>
          <tr>
            <th scope="col">{timeLabel}</th>
            {data.series.map((s) => (
              <th scope="col" className="num" key={s.name + s.label}>{s.label}</th>
            ))}
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
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
