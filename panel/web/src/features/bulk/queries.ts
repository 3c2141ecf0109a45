import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { JobResponse, JobsResponse, LaterResponse } from '../../api/types'
import { api, apiUrl, checkSession } from '../../lib/api'
import { EventStream } from '../../lib/event-stream'
import { type Action, payload, type Values } from './actions'

const pace = 5_000

export const useJobs = () =>
  useQuery({ queryKey: ['bulk', 'jobs'], queryFn: ({ signal }) => api.get<JobsResponse>('bulk/jobs', { signal }).then((r) => r.jobs), refetchInterval: pace })

/** A job, followed by its own event stream until it has ended. */
export function useJob(id: string) {
  const client = useQueryClient()
  const query = useQuery({ queryKey: ['bulk', 'job', id], queryFn: ({ signal }) => api.get<JobResponse>(`bulk/jobs/${id}`, { signal }), staleTime: Number.POSITIVE_INFINITY, retry: false })
  const running = query.data !== undefined && query.data.job.ended_at === null
  useEffect(() => {
    if (!running) return
    return new EventStream({ url: () => apiUrl(`bulk/jobs/${id}/events`), on: { news: (news: JobResponse) => merge(client, id, news) }, onTrouble: () => void checkSession() }).start()
  }, [client, id, running])
  return query
}

function merge(client: QueryClient, id: string, news: JobResponse): void {
  const changed = new Map(news.results.map((r) => [r.server_id, r]))
  client.setQueryData<JobResponse>(['bulk', 'job', id], (old) => ({ job: news.job, results: old ? old.results.map((r) => changed.get(r.server_id) ?? r) : news.results }))
  if (news.job.ended_at) void client.invalidateQueries({ queryKey: ['bulk', 'jobs'] })
}

/** Starts the job; the answer comes at once and the work goes on. */
export const startJob = (action: Action, values: Values, ids: number[]) =>
  api.send<JobResponse>(action.method, `bulk/${action.path}`, { ...payload(action, values), server_ids: ids }, { headers: { Prefer: 'respond-async' } })

/** Starts a job that does the rest of one that has ended. */
export const startAgain = (id: string) => api.post<JobResponse>(`bulk/jobs/${id}/again`)

/** Has the servers that were offline get the change when they are back. */
export const queueRest = (id: string) => api.post<LaterResponse>(`bulk/jobs/${id}/later`)

/** Has the change made when the servers are back. */
export const queueOperation = (action: Action, values: Values, ids: number[]) =>
  api.post('operations', { server_ids: ids, kind: action.kind, payload: { ...payload(action, values), ...action.fixed } })
