import { type Cursor, nearest } from './cursor'

export interface ChartKeys {
  timestamps: number[]
  cursor: Cursor
  /** Shows another length of time. What is drawn may still be the range before the last key, so the owner of the range counts from its own. */
  onScale?: ((factor: number, around: number | null) => void) | undefined
  onReset?: (() => void) | undefined
}

/**
 * Keys of a chart in focus: arrows move the cursor by a point, with Shift by ten; plus shows the half around the cursor,
 * minus the double; Esc releases the cursor and, when there is none, leaves the zoom.
 */
export function chartKey(event: React.KeyboardEvent, { timestamps, cursor, onScale, onReset }: ChartKeys): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const now = cursor.get()
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowRight': {
      const count = timestamps.length
      const index = now == null ? count : nearest(timestamps, now)
      const by = (event.shiftKey ? 10 : 1) * (event.key === 'ArrowLeft' ? -1 : 1)
      cursor.set(timestamps[Math.max(0, Math.min(count - 1, index + by))] ?? null)
      break
    }
    case '+':
    case '=':
      onScale?.(0.5, now)
      break
    case '-':
    case '_':
      onScale?.(2, null)
      break
    case 'Escape':
      if (now == null) onReset?.()
      else cursor.set(null)
      break
    default:
      return
  }
  event.preventDefault()
}
