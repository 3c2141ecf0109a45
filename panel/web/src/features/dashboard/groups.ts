import type { Folder, LiveServer, ServerItem } from '../../api/types'
import { type ServerState, serverState } from '../../lib/fleet'

/** Servers of one folder, in order; name is null for those without a folder, which come last. */
export interface Group {
  name: string | null
  servers: ServerItem[]
}

/** Puts servers into their folders, both in the order of the panel. Empty folders stay. */
export function groupServers(servers: ServerItem[], folders: Folder[]): Group[] {
  const byName = new Map<string | null, ServerItem[]>(folders.map((f) => [f.name, []]))
  for (const server of servers) {
    const list = byName.get(server.folder)
    if (list) list.push(server)
    else byName.set(server.folder, [server])
  }
  const loose = byName.get(null) ?? []
  byName.delete(null)
  const groups: Group[] = [...byName].map(([name, list]) => ({ name, servers: list }))
  if (loose.length > 0 || groups.length === 0) groups.push({ name: null, servers: loose })
  return groups
}

export type Filter = 'all' | 'online' | 'attention' | 'offline' | 'disabled'
export const filters: Filter[] = ['all', 'online', 'attention', 'offline', 'disabled']

/** A server that waits for its first answer is online as far as filters go: nothing is wrong with it yet. */
export function matches(state: ServerState, filter: Filter): boolean {
  return filter === 'all' || state === filter || (filter === 'online' && state === 'loading')
}

/** How many servers each filter leaves. */
export function countStates(servers: ServerItem[], live: ReadonlyMap<number, LiveServer>): Record<Filter, number> {
  const counts: Record<Filter, number> = { all: servers.length, online: 0, attention: 0, offline: 0, disabled: 0 }
  for (const s of servers) {
    const state = serverState(s, live.get(s.id))
    for (const f of filters) if (f !== 'all' && matches(state, f)) counts[f]++
  }
  return counts
}

/** One line of the scrolled area: a folder's heading, a row of cards, or one server of the list. */
export type Line =
  | { kind: 'folder'; key: string; group: Group; folded: boolean }
  | { kind: 'cards'; key: string; folder: string | null; servers: ServerItem[] }
  | { kind: 'empty'; key: string; folder: string | null }

/** Cuts groups into lines of `columns` cards, so that only the lines in view need to exist. */
export function layout(groups: Group[], folded: ReadonlySet<string>, columns: number): Line[] {
  const lines: Line[] = []
  for (const group of groups) {
    const id = group.name ?? ''
    const isFolded = folded.has(id)
    lines.push({ kind: 'folder', key: `f:${id}`, group, folded: isFolded })
    if (isFolded) continue
    if (group.servers.length === 0) lines.push({ kind: 'empty', key: `e:${id}`, folder: group.name })
    for (let i = 0; i < group.servers.length; i += columns) {
      lines.push({ kind: 'cards', key: `c:${id}:${i}`, folder: group.name, servers: group.servers.slice(i, i + columns) })
    }
  }
  return lines
}

/**
 * The order of all servers after one of them was dropped: before the server `over`, or at the end of the folder when it
 * was dropped on the folder itself.
 */
export function moved(servers: ServerItem[], id: number, folder: string | null, over: number | null): ServerItem[] {
  const dragged = servers.find((s) => s.id === id)
  if (!dragged || over === id) return servers
  const from = servers.indexOf(dragged)
  const rest = servers.filter((s) => s.id !== id)
  const next = { ...dragged, folder }
  if (over == null) {
    const last = rest.findLastIndex((s) => s.folder === folder)
    return last < 0 ? [...rest, next] : rest.toSpliced(last + 1, 0, next)
  }
  const target = servers.findIndex((s) => s.id === over)
  const at = rest.findIndex((s) => s.id === over)
  const after = from < target && dragged.folder === folder // moving down pushes the target up
  return rest.toSpliced(at + (after ? 1 : 0), 0, next)
}
