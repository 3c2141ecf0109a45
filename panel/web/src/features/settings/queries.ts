import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { CreateTokenResponse, HealthResponse, SessionsResponse, StorageResponse, TokensResponse, VersionResponse } from '../../api/types'
import { api } from '../../lib/api'

const sessionsQuery = queryOptions({ queryKey: ['sessions'], queryFn: ({ signal }) => api.get<SessionsResponse>('auth/sessions', { signal }).then((r) => r.sessions), staleTime: 0 })
const tokensQuery = queryOptions({ queryKey: ['tokens'], queryFn: ({ signal }) => api.get<TokensResponse>('tokens', { signal }).then((r) => r.tokens), staleTime: 0 })

export const scopes = ['metrics:read', 'visits:read', 'fleet:read', 'fleet:write'] as const

export const useSessions = () => useQuery(sessionsQuery)
export const useTokens = () => useQuery(tokensQuery)

const healthPeriod = 15_000

/** The panel's own state has no place in the event stream: it is asked for while its card is open. */
export const useHealth = () => useQuery({ queryKey: ['health'], queryFn: ({ signal }) => api.get<HealthResponse>('system/health', { signal }), refetchInterval: healthPeriod, staleTime: 0 })

export const useStorage = () => useQuery({ queryKey: ['storage'], queryFn: ({ signal }) => api.get<StorageResponse>('system/storage', { signal }), refetchInterval: 4 * healthPeriod, staleTime: 0 })

export const useVersion = () => useQuery({ queryKey: ['version'], queryFn: ({ signal }) => api.get<VersionResponse>('system/version', { signal }) })

export function useEndSession() {
  const client = useQueryClient()
  return useMutation({
    /** null ends all others. */
    mutationFn: (id: string | null) => api.delete(id === null ? 'auth/sessions' : `auth/sessions/${encodeURIComponent(id)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  })
}

export function useCreateToken() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (token: { name: string; scopes: string[] }) => api.post<CreateTokenResponse>('tokens', token),
    onSuccess: () => client.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  })
}

export function useDeleteToken() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: number) => api.delete(`tokens/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  })
}

export function useChangePassword() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (change: { current_password: string; new_password: string }) => api.put('auth/password', change),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  })
}
