import { useInfiniteQuery } from '@tanstack/react-query'
import type { AuditResponse } from '../../api/types'
import { api } from '../../lib/api'

const pageSize = 100

/** The log from the newest entry on, or from the one that is given; more pages on demand. */
export function useAudit(query: string, serverId: number | null, entry: number | null) {
  return useInfiniteQuery({
    queryKey: ['audit', query, serverId, entry],
    queryFn: ({ pageParam, signal }) => api.get<AuditResponse>('audit', { params: { query, server_id: serverId, before_id: pageParam, limit: pageSize }, signal }),
    initialPageParam: entry === null ? null : entry + 1,
    getNextPageParam: (last) => last.next_before_id,
    placeholderData: (old) => old,
    staleTime: 0,
  })
}
