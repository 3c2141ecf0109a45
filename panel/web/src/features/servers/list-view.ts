import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import type { LiveServer, ServerItem } from '../../api/types'
import type { Sort } from '../../components/table'
import { type ServerState, serverState } from '../../lib/fleet'

export const states: ServerState[] = ['online', 'attention', 'offline', 'loading', 'disabled']

/** What of the fleet is shown, and in which order. */
export interface ListView {
  query: string
  state: ServerState | null
  /** Undefined for all, null for those without a folder. */
  folder: string | null | undefined
  /** Undefined for the panel's own order. */
  sort: Sort | undefined
}

const names = { query: 'query', state: 'state', folder: 'folder', sort: 'sort' } as const

export function readView(params: URLSearchParams): ListView {
  const folder = params.get(names.folder)
  const sort = params.get(names.sort) ?? ''
  return {
    query: params.get(names.query) ?? '',
    state: states.find((s) => s === params.get(names.state)) ?? null,
    folder: folder === null ? undefined : folder || null,
    sort: sort ? { column: sort.replace(/^-/, ''), descending: sort.startsWith('-') } : undefined,
  }
}

/** Puts a view into an address and leaves the rest of it alone. */
export function writeView(view: ListView, old: URLSearchParams): URLSearchParams {
  const params = new URLSearchParams(old)
  for (const name of Object.values(names)) params.delete(name)
  if (view.query) params.set(names.query, view.query)
  if (view.state) params.set(names.state, view.state)
  if (view.folder !== undefined) params.set(names.folder, view.folder ?? '')
  if (view.sort) params.set(names.sort, (view.sort.descending ? '-' : '') + view.sort.column)
  return params
}

/** The view lives in the address, so a link shows the same list. */
export function useListView(): [ListView, (change: Partial<ListView>) => void] {
  const [params, setParams] = useSearchParams()
  const view = useMemo(() => readView(params), [params])
  const change = useCallback((part: Partial<ListView>) => setParams((old) => writeView({ ...readView(old), ...part }, old), { replace: true }), [setParams])
  return [view, change]
}

/** Every word of the query must be found in the name, address, folder or host name. */
export function shows(view: ListView, server: ServerItem, live: LiveServer | undefined): boolean {
  if (view.state && serverState(server, live) !== view.state) return false
  if (view.folder !== undefined && server.folder !== view.folder) return false
  const words = view.query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const text = [server.name, server.url, server.folder, server.metrics?.system.hostname, server.metrics?.server_name].filter(Boolean).join('\n').toLowerCase()
  return words.every((w) => text.includes(w))
}

/** Ascending, descending, then the panel's own order again. */
export function nextSort(old: Sort | undefined, column: string): Sort | undefined {
  if (old?.column !== column) return { column, descending: false }
  return old.descending ? undefined : { column, descending: true }
}
