import { useCallback, useSyncExternalStore } from 'react'
import type { LiveServer } from '../api/types'
import { type FleetTotals, LiveStore } from './live-store'

/** The one store of live values; src/app/live-connection.tsx fills it from the event stream. */
export const live = new LiveStore()

/** The newest values of one server; renders again only when they change. */
export function useLiveServer(id: number): LiveServer | undefined {
  const subscribe = useCallback((listener: () => void) => live.subscribe(id, listener), [id])
  return useSyncExternalStore(subscribe, () => live.server(id))
}

/** Sums over the fleet; renders at most once per message of the stream. */
export function useFleetTotals(): FleetTotals {
  return useSyncExternalStore(live.subscribeAll, live.totals)
}

/** Any figure computed from all servers; `select` must return a primitive or a remembered object. */
export function useFleetLive<T>(select: (all: ReadonlyMap<number, LiveServer>) => T): T {
  return useSyncExternalStore(live.subscribeAll, () => select(live.all()))
}
