import { useQuery } from '@tanstack/react-query'
import type { ServerDetail } from '../api/types'
import { api } from './api'

/** Parts of a server that its owner opens or closes in AGENT_ALLOW. */
export type Domain = 'traffic' | 'haproxy' | 'certs' | 'firewall' | 'exec'

/** 'unknown' is said of an agent that has not told yet: only asking shows what it allows. 'pending' comes before the answer. */
export type Access = 'rw' | 'ro' | 'closed' | 'unknown' | 'pending'

const serverQuery = (id: number) => ({ queryKey: ['server', id, 'detail'], queryFn: ({ signal }: { signal: AbortSignal }) => api.get<ServerDetail>(`servers/${id}`, { signal }), retry: false })

/** What the owner of a server lets the panel do there, so that nothing is asked that would be refused. */
export function useAccess(id: number): (domain: Domain) => Access {
  const { data, isPending } = useQuery(serverQuery(id))
  const allow = data?.allow ?? {}
  return (domain) => {
    if (isPending) return 'pending'
    if (Object.keys(allow).length === 0) return 'unknown'
    return (allow[domain] as 'rw' | 'ro' | undefined) ?? 'closed'
  }
}
