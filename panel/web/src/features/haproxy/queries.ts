import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AuditResponse, CachedResponse, HAProxyChanged, HAProxyConfig, HAProxyProxy, HAProxyRule, HAProxyStats, LastHourResponse, Logs, Validation } from '../../api/types'
import { api, ApiError } from '../../lib/api'
import { operationsKey } from '../../lib/operations'

const pace = 5_000
/** A change can end with a reload, a rollback and a new connection; a renewal of all certificates takes five minutes. */
export const slow = { timeout: 400_000 }

export const base = (id: number) => `proxy/${id}/haproxy`

/** An agent's empty list may come as null. */
const whole = (d: CachedResponse): CachedResponse => ({
  ...d,
  rules: d.rules && { ...d.rules, rules: d.rules.rules ?? [] },
  certs: d.certs && { ...d.certs, certificates: (d.certs.certificates ?? []).map((c) => ({ ...c, used_by: c.used_by ?? [] })) },
})

/** What the agent said last. It is shown at once, with its age. */
export const useCached = (id: number) =>
  useQuery({ queryKey: ['haproxy', id, 'cached'], queryFn: ({ signal }) => api.get<CachedResponse>(`${base(id)}/cached`, { signal }), select: whole, refetchInterval: pace, retry: false, placeholderData: keepPreviousData })

export const useStats = (id: number, running: boolean) =>
  useQuery({ queryKey: ['haproxy', id, 'stats'], queryFn: ({ signal }) => api.get<HAProxyStats>(`${base(id)}/stats`, { signal }), refetchInterval: pace, retry: false, enabled: running })

/** The last hour of the whole page, a point a minute. */
export const useLastHour = (id: number, enabled: boolean) =>
  useQuery({ queryKey: ['haproxy', id, 'last-hour'], queryFn: ({ signal }) => api.get<LastHourResponse>(`${base(id)}/last-hour`, { signal }), refetchInterval: 60_000, retry: false, enabled })

/** What people have changed here, the newest first: not what was only checked. */
export const useChanges = (id: number) =>
  useQuery({
    queryKey: ['haproxy', id, 'changes'],
    queryFn: ({ signal }) => api.get<AuditResponse>('audit', { params: { server_id: id, query: '/haproxy', limit: 100 }, signal }),
    select: (page) => page.entries.filter((e) => !e.action.endsWith('/validate') && !e.action.endsWith('?dry_run=true')),
    refetchInterval: 30_000,
    retry: false,
  })

/** The last lines of the service's log; followed, they are asked for again and again. */
export const useLogs = (id: number, tail: number, follow: boolean) =>
  useQuery({
    queryKey: ['haproxy', id, 'logs', tail],
    queryFn: ({ signal }) => api.get<Logs>(`${base(id)}/logs`, { params: { tail }, signal }),
    refetchInterval: follow && 2_000,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0, // an old log would be taken for the present one
  })

export const checkFile = (id: number) => api.post<Validation>(`${base(id)}/validate`, undefined, slow)

/** The panel asks the agent anew after a change, which takes a moment: so the page looks again a few times. */
export function useRefresh(id: number): () => void {
  const client = useQueryClient()
  return () => {
    for (const ms of [0, 1500, 4000]) setTimeout(() => void client.invalidateQueries({ queryKey: ['haproxy', id] }), ms)
    void client.invalidateQueries({ queryKey: operationsKey })
  }
}

/** One request at a time, with its error. */
export function useSubmit() {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const run = async (work: () => Promise<void>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (e) {
      setError(e)
    }
    setBusy(false)
  }
  return { busy, error, run }
}

export const isAway = (error: unknown) => error instanceof ApiError && (error.code === 'agent_unreachable' || error.code === 'agent_timeout')

export const deliverLater = (id: number, kind: string, payload: object) => api.post('operations', { server_ids: [id], kind, payload })

export interface Preview {
  before: string
  after: string
  /** Of the file that was compared: only that one is changed. */
  hash: string
}

/** A request that changes the file. */
export interface FileChange {
  method: 'post' | 'put'
  path: string
  body?: object
}

const send = ({ method, path, body }: FileChange, params: Record<string, string | boolean>) => api[method]<HAProxyChanged>(path, body, { params, ...slow })

const missing: HAProxyConfig = { content: '', path: '', hash: '' }

/** The file; where there is none, an empty one without a hash. */
export const readConfig = (id: number) =>
  api.get<HAProxyConfig>(`${base(id)}/config`).catch((e: unknown) => {
    if (e instanceof ApiError && e.code === 'not_found') return missing
    throw e
  })

/** What a change would make of the file; HAProxy has checked it then. */
export async function preview(id: number, change: FileChange): Promise<Preview> {
  const now = await readConfig(id)
  const then = await send(change, { dry_run: true, if_config: now.hash })
  return { before: now.content, after: then.content ?? '', hash: now.hash }
}

export const apply = (change: FileChange, hash: string) => send(change, { if_config: hash })

export interface RuleStats {
  frontend?: HAProxyProxy
  server?: HAProxyProxy
}

/** The agent names the parts of a rule after it. */
export const frontendOf = ({ rule_type, name }: HAProxyRule) => `${rule_type}_${name}`

export function statsOf(stats: HAProxyStats | undefined, rule: HAProxyRule): RuleStats {
  const id = frontendOf(rule)
  return { frontend: stats?.frontends?.find((p) => p.proxy === id), server: stats?.servers?.find((p) => p.proxy === `backend_${id}`) }
}
