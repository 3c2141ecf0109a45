import type { LiveServer, ServerItem } from '../api/types'
import { useSay } from './words'

/** Why a server does not answer, in the user's language; "" if that is not known. */
export function useOfflineReason(): (server: Pick<ServerItem, 'last_error' | 'error_words'>, now?: Pick<LiveServer, 'error' | 'error_words'>) => string {
  const say = useSay()
  return (server, now) => (now?.error != null ? say(now.error_words, now.error) : say(server.error_words, server.last_error))
}
