import { useSyncExternalStore } from 'react'

/** One value outside of React that components can follow. */
export interface External<T> {
  get(): T
  set(value: T): void
  subscribe(listener: () => void): () => void
}

export function external<T>(initial: T): External<T> {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useExternal<T>(store: External<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}
