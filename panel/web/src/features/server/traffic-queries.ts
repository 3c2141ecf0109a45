import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { CachedTrafficResponse, DailyResponse, HourlyResponse, MonthlyResponse, TrackedPorts } from '../../api/types'
import { api } from '../../lib/api'
import { type Bucket, bucketsOf, type Unit, units } from './traffic-buckets'

const everyMinute = 60_000

/** Totals of the period of the settings; the panel keeps them ready. */
export const useTraffic = (id: number) =>
  useQuery({
    queryKey: ['server', id, 'traffic', 'cached'],
    queryFn: ({ signal }) => api.get<CachedTrafficResponse>(`proxy/${id}/traffic/cached`, { signal }),
    refetchInterval: everyMinute,
  })

/** What the agent itself says: whether it counts ports for this panel at all, and which. */
export const useTrackedPorts = (id: number, enabled: boolean) =>
  useQuery({
    queryKey: ['server', id, 'traffic', 'tracked'],
    queryFn: ({ signal }) => api.get<TrackedPorts>(`proxy/${id}/traffic/ports/tracked`, { signal }).then((r) => r.tracked_ports),
    retry: false,
    enabled,
  })

/** All interfaces that count, or one interface or port. */
export type Source = { interface: string } | { port: number } | null

export const useTrafficHistory = (id: number, unit: Unit, source: Source) =>
  useQuery({
    queryKey: ['server', id, 'traffic', 'history', unit, source],
    queryFn: ({ signal }): Promise<Bucket[]> =>
      api.get<HourlyResponse | DailyResponse | MonthlyResponse>(`proxy/${id}/traffic/${units[unit].path}`, { params: { [unit]: units[unit].count, ...source }, signal }).then((r) => bucketsOf(r.data)),
    placeholderData: keepPreviousData,
    refetchInterval: everyMinute,
  })

/** Starts or ends the counting of a port; afterwards totals and ports are asked for again. */
export function useChangePort(id: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ port, action }: { port: number; action: 'add' | 'remove' }) => api.post(`proxy/${id}/traffic/ports/${action}`, { port }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['server', id, 'traffic'] }),
  })
}
