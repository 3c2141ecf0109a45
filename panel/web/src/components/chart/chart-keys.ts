import { type Cursor, nearest } from './cursor'

export interface ChartKeys {
  timestamps: number[]
  /** What is drawn, in milliseconds. */
  from: number
  to: number
  cursor: Cursor
  onZoom?: ((from: number, to: number) => void) | undefined
  onReset?: (() => void) | undefined
}

/**
 * Keys of a chart in focus: arrows move the cursor by a point, with Shift by ten; plus shows the half around the cursor,
 * minus the double; Esc releases the cursor and, when there is none, leaves the zoom.
 */
export function chartKey(event: React.KeyboardEvent, { timestamps, from, to, cursor, onZoom, onReset }: ChartKeys): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const now = cursor.get()
  const zoom = (factor: number, middle: number) => onZoom?.(middle - ((to - from) * factor) / 2, middle + ((to - from) * factor) / 2)
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
      zoom(0.5, Math.max(from + (to - from) / 4, Math.min(to - (to - from) / 4, now ?? (from + to) / 2)))
      break
    case '-':
    case '_':
      zoom(2, (from + to) / 2)
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
