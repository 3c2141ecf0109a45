import type { DayBytes, HourBytes, MonthBytes, PortBytes } from '../../api/types'

/** The units of the history: the path of the API, and how many fit. */
export const units = {
  hours: { path: 'hourly', count: 24 },
  days: { path: 'daily', count: 30 },
  months: { path: 'monthly', count: 12 },
} as const

export type Unit = keyof typeof units
export const unitNames = Object.keys(units) as Unit[]

/** Bytes of one hour, day or month; null is a gap. */
export interface Bucket {
  /** Its start in Unix milliseconds; buckets are those of UTC. */
  at: number
  rx: number | null
  tx: number | null
}

export const bucketsOf = (data: (HourBytes | DayBytes | MonthBytes)[]): Bucket[] =>
  data.map((b) => ({ at: startOf('hour' in b ? b.hour : 'date' in b ? b.date : b.month), rx: b.rx_bytes, tx: b.tx_bytes }))

/** "2026-11-27 14:00", "2026-11-27" or "2026-11", in UTC. */
function startOf(label: string): number {
  const [date = '', clock = '00:00'] = label.split(' ')
  return Date.parse(`${date.length === 7 ? `${date}-01` : date}T${clock}:00Z`)
}

export interface PortRow extends PortBytes {
  /** Counted now; others only have a history. */
  tracked: boolean
}

/** Every port that is counted or was, by number. A new one has no bytes yet. */
export function portRows(tracked: number[], counted: PortBytes[]): PortRow[] {
  const bytes = new Map(counted.map((p) => [p.port, p]))
  const ports = [...new Set([...tracked, ...bytes.keys()])].sort((a, b) => a - b)
  return ports.map((port) => ({ port, rx_bytes: 0, tx_bytes: 0, ...bytes.get(port), tracked: tracked.includes(port) }))
}

/** Why a text is not a port to add; null when it is one. */
export function portProblem(text: string, tracked: number[]): 'range' | 'known' | null {
  const port = Number(text.trim())
  if (!/^\d{1,5}$/.test(text.trim()) || port < 1 || port > 65_535) return 'range'
  return tracked.includes(port) ? 'known' : null
}
