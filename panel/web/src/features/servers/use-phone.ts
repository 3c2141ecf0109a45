import { useSyncExternalStore } from 'react'

const query = matchMedia('(max-width: 767px)')

function subscribe(listener: () => void): () => void {
  query.addEventListener('change', listener)
  return () => query.removeEventListener('change', listener)
}

/** Whether rows have two lines; virtual rows must know their height. */
export const usePhone = (): boolean => useSyncExternalStore(subscribe, () => query.matches)
