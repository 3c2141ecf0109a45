import { queryOptions, useQuery } from '@tanstack/react-query'
import type { FoldersResponse, LiveServer, ServerItem, ServersResponse, SparklinesResponse } from '../api/types'
import { api } from './api'
import { useLiveServer } from './live'
import { level, loadLevel } from './limits'

/** The servers in the order of the dashboard. The event stream has it fetched again when the list changes. */
export const serversQuery = queryOptions({
  queryKey: ['servers'],
  queryFn: ({ signal }) => api.get<ServersResponse>('servers', { params: { include_metrics: true }, signal }).then((r) => r.servers),
  staleTime: 60_000,
})

export const foldersQuery = queryOptions({
  queryKey: ['folders'],
  queryFn: ({ signal }) => api.get<FoldersResponse>('servers/folders', { signal }).then((r) => r.folders),
  staleTime: 60_000,
})

/** The last hour of every server, one point a minute: what the traces start from. */
export const sparklinesQuery = queryOptions({
  queryKey: ['sparklines'],
  queryFn: ({ signal }) => api.get<SparklinesResponse>('fleet/sparklines', { params: { minutes: 60, points: 60 }, signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

export const useServers = () => useQuery(serversQuery)
export const useFolders = () => useQuery(foldersQuery)

export function useServer(id: number): ServerItem | undefined {
  return useQuery({ ...serversQuery, select: (servers) => servers.find((s) => s.id === id) }).data
}

export type ServerState = 'online' | 'attention' | 'offline' | 'disabled' | 'loading'

/** What a server's shape shows. Attention means that a figure of it is over a limit. */
export function serverState(server: Pick<ServerItem, 'is_active' | 'status'>, live?: LiveServer): ServerState {
  if (!server.is_active) return 'disabled'
  const status = live?.status ?? server.status
  if (status === 'offline' || status === 'error') return 'offline'
  if (status !== 'online') return 'loading'
  return live && overLimit(live) ? 'attention' : 'online'
}

function overLimit(v: LiveServer): boolean {
  return Boolean(level('cpu', v.cpu) || level('ram', v.ram) || level('disk', v.disk) || loadLevel(v.load1, v.cores) === 'crit')
}

export function useServerState(server: ServerItem): ServerState {
  return serverState(server, useLiveServer(server.id))
}

/** Address of a server as people know it: the host without scheme and port. */
export function hostOf(url: string): string {
  try {
    return new URL(url.includes('://') ? url : `https://${url}`).hostname
  } catch {
    return url
  }
}
