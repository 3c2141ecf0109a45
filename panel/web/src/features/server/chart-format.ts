import type { ChartUnit } from '../../api/types'
import type { ChartFormat } from '../../components/chart/chart-types'
import { type Format, text } from '../../lib/format'

/** How a unit of the dashboards is written: in the legend, and shorter on the axis. */
export function chartFormat(f: Format, unit: ChartUnit): ChartFormat {
  const value = valueFormat(f, unit)
  return { value, axis: (v) => (v === 0 ? '0' : shorten(unit === 'percent' ? f.percent(v) : value(v))), time: f.clock, tick: f.tick }
}

function valueFormat(f: Format, unit: ChartUnit): (v: number) => string {
  switch (unit) {
    case 'percent':
      return (v) => f.percent(v, 1)
    case 'bits_per_second':
      return (v) => text(f.rate(v))
    case 'bytes_per_second':
      return (v) => text(f.throughput(v))
    case 'bytes':
      return (v) => text(f.bytes(v))
    case 'celsius':
      return (v) => `${f.number(v, 0)}\u00a0°C`
    case 'number':
      return (v) => (Number.isInteger(v) || v >= 100 ? f.count(v) : f.number(v))
  }
}

/** "2.00 Gbit/s" is "2 Gbit/s" on an axis, whose steps are round. Three digits after a comma are thousands. */
const shorten = (s: string): string => s.replace(/([.,])(\d{1,2})(?!\d)/, (_, point: string, digits: string) => {
  const kept = digits.replace(/0+$/, '')
  return kept && point + kept
})
