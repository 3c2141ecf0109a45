import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { ChartResponse, DashboardPage, EventsResponse, Metrics, Processes } from '../../api/types'
import { api } from '../../lib/api'
import type { TimeRange } from '../../lib/range'

const everyScrape = 10_000
const rarely = 60_000

export const useDashboardPage = (page: string) =>
  useQuery({
    queryKey: ['dashboard', page],
    queryFn: ({ signal }) => api.get<DashboardPage>(`dashboards/${page}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** The whole document of now, with interfaces and disks that the live stream leaves out. */
export const useDocument = (id: number) =>
  useQuery({
    queryKey: ['server', id, 'document'],
    queryFn: ({ signal }) => api.get<Metrics>(`proxy/${id}/metrics`, { signal }),
    refetchInterval: rarely,
    retry: false,
  })

/** One chart over a range. A range up to now moves on with the scrapes; fixed ends stay. */
export const useChart = (id: number, chart: string, range: TimeRange, points: number, enabled = true) =>
  useQuery({
    queryKey: ['server', id, 'chart', chart, range, points],
    queryFn: ({ signal }) => api.get<ChartResponse>(`proxy/${id}/metrics/chart/${chart}`, { params: rangeParams(range, points), signal }),
    refetchInterval: 'period' in range ? (range.period === '1h' ? everyScrape : rarely) : false,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    enabled,
  })

/** What happened over a range. */
export const useEvents = (id: number, range: TimeRange) =>
  useQuery({
    queryKey: ['server', id, 'events', range],
    queryFn: ({ signal }) => api.get<EventsResponse>(`proxy/${id}/events`, { params: rangeParams(range), signal }),
    refetchInterval: 'period' in range ? (range.period === '1h' ? everyScrape : rarely) : false,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  })

function rangeParams(range: TimeRange, points?: number) {
  if ('period' in range) return { period: range.period }
  return { from_time: new Date(range.from).toISOString(), to_time: new Date(range.to).toISOString(), points }
}

export const useProcesses = (id: number, enabled: boolean) =>
  useQuery({
    queryKey: ['server', id, 'processes'],
    queryFn: ({ signal }) => api.get<Processes>(`proxy/${id}/processes`, { signal }),
    refetchInterval: everyScrape,
    retry: false,
    enabled,
  })
