import type { LastHourResponse } from '../../api/types'
import type { Quantity } from '../../lib/format'

type Line = (number | null)[]

/** The present value of a line; null if the server is silent. */
export const newest = (line: Line | undefined): number | null => line?.at(-1) ?? null

/** Unix milliseconds of the newest value, null if there is none in the whole hour. */
export function heardAt(hour: LastHourResponse): number | null {
  const i = hour.connections.findLastIndex((v) => v !== null)
  return i < 0 ? null : hour.from + i * hour.step_seconds * 1000
}

export const text = (q: Quantity): string => [q.value, q.unit].filter(Boolean).join('\u00a0')
