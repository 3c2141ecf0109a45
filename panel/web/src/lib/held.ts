import { useQuery } from '@tanstack/react-query'
import type { HeldResponse } from '../api/types'
import { api } from './api'

/** Seconds that a person gets to keep a change of a firewall; the node counts them. */
export const holdSeconds = 45
export const heldKey = ['firewall', 'changes']
const pace = 3_000

/** Changes of firewalls that wait for a person, on any server. The event stream tells when there is one; while one waits its end is looked for. */
export const useHeld = () =>
  useQuery({
    queryKey: heldKey,
    queryFn: ({ signal }) => api.get<HeldResponse>('firewall/changes', { signal }).then((r) => r.changes),
    refetchInterval: ({ state }) => state.data?.some((c) => c.outcome === '') && pace,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
