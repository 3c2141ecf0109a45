import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { BulkResponse, CreateServerResponse, InstallResponse, JoinStatus, TestResponse } from '../../api/types'
import { api } from '../../lib/api'
import { foldersQuery, serversQuery } from '../../lib/fleet'

const pollJoin = 2000
const bulkTimeout = 120_000

/** Own servers do everything, those of others are only watched. */
export type Preset = 'full' | 'monitor'

export interface ServerInput {
  name: string
  url: string
  folder: string | null
}

export function refreshFleet(client: QueryClient): Promise<unknown> {
  return Promise.all([client.invalidateQueries({ queryKey: serversQuery.queryKey }), client.invalidateQueries({ queryKey: foldersQuery.queryKey })])
}

function useFleetMutation<In, Out>(run: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: run, onSettled: () => void refreshFleet(client) })
}

export const useCreateServer = () => useFleetMutation(({ folder, ...rest }: ServerInput & { preset: Preset }) => api.post<CreateServerResponse>('servers', { ...rest, ...(folder && { folder }) }))

export const useCreateServers = () => useFleetMutation((input: { servers: ServerInput[]; preset: Preset }) => api.post<BulkResponse>('servers/bulk', input, { timeout: bulkTimeout }))

export const useUpdateServer = () => useFleetMutation(({ id, change }: { id: number; change: Partial<ServerInput> }) => api.put(`servers/${id}`, change))

export const useNewInstall = () => useFleetMutation((id: number) => api.post<InstallResponse>(`servers/${id}/install`).then((r) => r.install))

export const useTestServer = () => useMutation({ mutationFn: (id: number) => api.post<TestResponse>(`servers/${id}/test`) })

/** What the panel sees while a server waits for its agent. `token` tells one wait from the next. */
export const useJoinStatus = (id: number, token: string) =>
  useQuery({
    queryKey: ['join-status', id, token],
    queryFn: ({ signal }) => api.get<JoinStatus>(`servers/${id}/join-status`, { signal }),
    refetchInterval: (query) => (query.state.data?.joined ? false : pollJoin),
    gcTime: 0,
    retry: false,
  })

/** Where connections of the panel come from, for rules of firewalls. */
export const usePanelAddress = () =>
  useQuery({
    queryKey: ['panel-ip'],
    queryFn: ({ signal }) => api.get<{ ip: string | null; domain: string | null }>('system/panel-ip', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  }).data?.ip ?? null
