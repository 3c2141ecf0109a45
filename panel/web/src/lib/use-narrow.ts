import { useSyncExternalStore } from 'react'

const query = matchMedia('(max-width: 1023px)')

function subscribe(listener: () => void): () => void {
  query.addEventListener('change', listener)
  return () => query.removeEventListener('change', listener)
}

/** Whether the menu is a bar at the bottom. */
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => query.matches)
