/** Something that happened at a moment, or for a while; times are Unix milliseconds. */
export interface ChartEvent {
  id: string
  /** An alert is a triangle with a bar over its duration, anything else a diamond. */
  alert: boolean
  tone: Tone
  time: number
  /** Equal to `time` for a moment, null while it is not over. */
  end: number | null
  /** A few words for the lane. */
  label: string
  /** All there is to say, for the heading and the table. */
  text: string
}

export type Tone = 'plain' | 'warn' | 'crit'

/** One or several events in a few pixels. */
export interface Mark {
  x: number
  alert: boolean
  tone: Tone
  count: number
  /** What fits beside it: the count of several, the words of one, or nothing. */
  label: string
}

/** The duration of an alert. */
export interface Stretch {
  from: number
  to: number
  tone: Tone
}

interface Place {
  /** Of the time axis, in milliseconds. */
  from: number
  to: number
  /** Of the plot, in pixels. */
  left: number
  right: number
  /** Pixels that words take; without it there are none. */
  width?: ((text: string) => number) | undefined
}

/** Half a mark, and where words begin beside it. */
export const half = 5
export const beside = 9
const digit = 7

const rank: Record<Tone, number> = { plain: 0, warn: 1, crit: 2 }

/** How far to the right of its middle a mark takes the room: those of several have their number beside them. */
const reach = (count: number): number => (count > 1 ? beside + digit * String(count).length + half : 2 * half + 1)

/**
 * Places events on the lane above a plot. An event that would touch the mark before it becomes part of it; words stand
 * only where they end before the next mark. What began before the range has no mark, and an alert still has its stretch.
 */
export function lane(events: ChartEvent[], { from, to, left, right, width }: Place): { marks: Mark[]; stretches: Stretch[] } {
  const x = (ms: number) => left + ((ms - from) / (to - from)) * (right - left)
  const marks: Mark[] = []
  const stretches: Stretch[] = []
  for (const e of events.toSorted((a, b) => a.time - b.time)) {
    if (e.alert && e.time < to && (e.end ?? to) > from) stretches.push({ from: x(Math.max(from, e.time)), to: x(Math.min(to, e.end ?? to)), tone: e.tone })
    if (e.time <= from || e.time > to) continue
    const last = marks.at(-1)
    if (!last || x(e.time) - last.x >= reach(last.count)) {
      marks.push({ x: x(e.time), alert: e.alert, tone: e.tone, count: 1, label: e.label })
      continue
    }
    last.count++
    last.alert ||= e.alert
    if (rank[e.tone] > rank[last.tone]) last.tone = e.tone
    last.label = String(last.count)
  }
  marks.forEach((mark, i) => {
    const end = marks[i + 1] ? (marks[i + 1] as Mark).x - half - 3 : right
    if (mark.count === 1 && !(width && mark.x + beside + width(mark.label) <= end)) mark.label = ''
  })
  return { marks, stretches }
}

/** The events at a moment or within a distance of it; those that last count as long as they do. What began nearest comes first. */
export function eventsNear(events: ChartEvent[], time: number, within: number): ChartEvent[] {
  const distance = (e: ChartEvent) => Math.max(0, e.time - time, time - (e.end ?? Number.POSITIVE_INFINITY))
  return events.filter((e) => distance(e) <= within).sort((a, b) => Math.abs(a.time - time) - Math.abs(b.time - time))
}
