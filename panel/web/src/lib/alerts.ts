import { queryOptions, useQuery } from '@tanstack/react-query'
import type { ActiveAlert, ActiveResponse } from '../api/types'
import { api } from './api'

const refresh = 15_000

/** What is pending or firing. Rules are evaluated by the minute, so this is not part of the event stream. */
export const activeAlertsQuery = queryOptions({
  queryKey: ['alerts', 'active'],
  queryFn: ({ signal }) => api.get<ActiveResponse>('alerts/active', { signal }).then((r) => r.alerts),
  refetchInterval: refresh,
  staleTime: 5_000,
})

export const useActiveAlerts = () => useQuery(activeAlertsQuery)

/** Whether an alert is news for a person: it fires, is not silenced, and no trigger tells the same. */
export const isNews = (a: ActiveAlert): boolean => a.state === 'firing' && a.silenced_by.length === 0 && a.covered_by === ''

/** What an alert says in a language: its summary and the sentence with the numbers. */
export function wordsOf(a: ActiveAlert, language: 'en' | 'ru'): { summary: string; description: string } {
  const [summary, description] = language === 'ru' ? [a.summary_ru || a.summary, a.description_ru || a.description] : [a.summary, a.description]
  return { summary: summary || a.alertname, description: description || summary || a.alertname }
}

interface ChartPlace {
  serverId: number
  chart: string
  threshold?: number | null
  /** The type of the alert, for charts of many lines. */
  type?: string
  /** The alert is about values under the threshold. */
  below?: boolean
  /** When it began, and ended if it has, in Unix milliseconds. */
  from: number
  to: number | null
}

const states: Record<string, string> = { established: 'established', listen: 'listen', timewait: 'time_wait', closewait: 'close_wait', synsent: 'syn_sent', synrecv: 'syn_recv', finwait: 'fin_wait' }

/** The TCP state of a type: close_wait of tcp_closewait_spike. */
const stateOf = (type: string): string | undefined => states[/^tcp_([a-z]+)_/.exec(type)?.[1] ?? '']

const around = 30 * 60_000

/** The address of the chart that shows why an alert fired, with its threshold drawn. */
export function chartLink({ serverId, chart, threshold, type = '', below = type.endsWith('_drop'), from, to }: ChartPlace, now = Date.now()): string {
  const params = new URLSearchParams({ chart })
  if (threshold != null) params.set('threshold', String(threshold))
  const series = stateOf(type)
  if (series) params.set('series', series)
  if (below) params.set('below', '1')
  if (to !== null || now - from > around) {
    params.set('from', String(Math.round(from - around)))
    params.set('to', String(Math.round(Math.min(now, (to ?? now) + around))))
  }
  return `/servers/${serverId}?${params.toString()}`
}
