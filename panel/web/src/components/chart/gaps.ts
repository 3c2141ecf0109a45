/** A hole in the data, bounded by the last point before and the first point after it, in milliseconds. */
export interface Gap {
  from: number
  to: number
}

/** The beginning of the history is known to the minute. */
const roughly = 120_000

/**
 * Finds where no series has a value for longer than 2.5 steps. Missing values after the last point count up to the edge
 * of the range, those before the first one from its beginning, unless the history begins later (`earliest`): what was
 * before is no gap.
 */
export function findGaps(timestamps: number[], series: (number | null)[][], stepSeconds: number, earliest: number | null = null): Gap[] {
  const gaps: Gap[] = []
  const least = stepSeconds * 2500
  const last = timestamps.length - 1
  let start = -1
  for (let i = 0; i <= last; i++) {
    const empty = series.every((values) => values[i] == null)
    if (empty && start < 0) start = Math.max(0, i - 1)
    if (start >= 0 && (!empty || i === last)) {
      const gap = { from: timestamps[start] as number, to: timestamps[i] as number }
      const unborn = earliest != null && earliest > gap.from && gap.to - earliest <= Math.max(least, roughly)
      if (gap.to - gap.from > least && !unborn) gaps.push(gap)
      start = -1
    }
  }
  return gaps
}
