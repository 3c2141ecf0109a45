import { useQuery } from '@tanstack/react-query'
import { api } from './api'

/** A change that waits for its server, or what became of it. */
export interface Operation {
  id: number
  server_id: number
  server_name: string
  kind: string
  title: string
  state: string
  message: string
  created_at: string
  expires_at: string
  done_at: string | null
}

const pace = 5_000

export const useOperations = () =>
  useQuery({ queryKey: ['bulk', 'operations'], queryFn: ({ signal }) => api.get<{ operations: Operation[] }>('operations', { signal }).then((r) => r.operations), refetchInterval: pace })
