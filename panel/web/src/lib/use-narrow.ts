import { useSyncExternalStore } from 'react'

function media(text: string): () => boolean {
  const query = matchMedia(text)
  const subscribe = (listener: () => void) => {
    query.addEventListener('change', listener)
    return () => query.removeEventListener('change', listener)
  }
  return () => useSyncExternalStore(subscribe, () => query.matches)
}

/** Whether the menu is a bar at the bottom. */
export const useNarrow = media('(max-width: 1023px)')

/** Whether there is one column: tables keep three or four columns and use a second line. */
export const usePhone = media('(max-width: 767px)')
