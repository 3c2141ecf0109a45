import type { ChartData } from './chart-types'
import { type Cursor, useCursor } from './cursor'
import { EventGlyph } from './event-glyph'
import { type ChartEvent, eventsNear } from './lane'

interface ChartNoteProps {
  events: ChartEvent[]
  data: ChartData
  cursor: Cursor
}

/** What happened at the cursor, in the heading of a chart. It takes what room the heading has left, so that nothing moves. */
export function ChartNote({ events, data, cursor }: ChartNoteProps) {
  const time = useCursor(cursor)
  const length = (data.timestamps.at(-1) ?? 0) - (data.timestamps[0] ?? 0)
  const near = time == null ? [] : eventsNear(events, time, Math.max(data.stepSeconds * 1000, length / 80))
  const [first] = near
  return (
    <span className="chart-note">
      {first && (
        <>
          <EventGlyph alert={first.alert} tone={first.tone} />
          <span className="ell" title={near.map((e) => e.text).join('\n')}>{first.text}</span>
          {near.length > 1 && <span>{`+${near.length - 1}`}</span>}
        </>
      )}
    </span>
  )
}
