import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { BanStatus } from '../../api/types'
import { api, ApiError } from '../../lib/api'
import { sessionQuery } from '../../lib/session'

/** Why signing in failed. The panel drops a wrong password without an answer, so the page asks for its ban status. */
export type LoginFailure =
  | { kind: 'wrong'; attemptsLeft: number }
  | { kind: 'banned'; until: number }
  | { kind: 'unreachable' }
  | { kind: 'refused'; detail: string }

export const banStatus = () => api.get<BanStatus>('auth/ban-status', { anonymous: true, timeout: 10_000 })

/** The end of a ban in Unix milliseconds: the later one of memory and database. */
export function bannedUntil(status: BanStatus): number | null {
  const ends = [status.memory_info.banned_until, status.db_info?.banned_until].flatMap((v) => (v ? [Date.parse(v)] : []))
  return ends.length > 0 ? Math.max(...ends) : null
}

export async function explainFailure(error: unknown): Promise<LoginFailure> {
  if (error instanceof ApiError && error.status >= 400) return { kind: 'refused', detail: error.detail }
  try {
    const status = await banStatus()
    const until = bannedUntil(status)
    return until === null ? { kind: 'wrong', attemptsLeft: status.memory_info.attempts_left } : { kind: 'banned', until }
  } catch {
    return { kind: 'unreachable' }
  }
}

export function useBanStatus() {
  return useQuery({ queryKey: ['ban-status'], queryFn: banStatus, retry: false, staleTime: 0, gcTime: 0 })
}

export function useLogin() {
  const client = useQueryClient()
  return useMutation<void, LoginFailure, string>({
    mutationFn: async (password) => {
      try {
        await api.post('auth/login', { password }, { anonymous: true })
      } catch (error) {
        throw await explainFailure(error)
      }
    },
    onSuccess: () => client.setQueryData(sessionQuery.queryKey, { authenticated: true }),
  })
}
