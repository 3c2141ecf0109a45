import { useSyncExternalStore } from 'react'

/** The one cursor that all charts of a page share: a moment in milliseconds, or null. */
export class Cursor {
  private time: number | null = null
  private readonly listeners = new Set<() => void>()

  get = (): number | null => this.time

  set = (time: number | null): void => {
    if (time === this.time) return
    this.time = time
    for (const listener of this.listeners) listener()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}

export const useCursor = (cursor: Cursor): number | null => useSyncExternalStore(cursor.subscribe, cursor.get)

/** The index of the point nearest to a moment; -1 without points. Timestamps ascend. */
export function nearest(timestamps: number[], time: number): number {
  let low = 0
  let high = timestamps.length - 1
  if (high < 0) return -1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((timestamps[middle] as number) < time) low = middle + 1
    else high = middle
  }
  if (low > 0 && time - (timestamps[low - 1] as number) < (timestamps[low] as number) - time) return low - 1
  return low
}
