import { describe, expect, it } from 'vitest'
import type { ServerItem } from '../../api/types'
import { countStates, groupServers, layout, matches, moved } from './groups'

const server = (id: number, folder: string | null = null, more: Partial<ServerItem> = {}): ServerItem => ({
  id, name: `s${id}`, url: 'https://192.0.2.1:9100', position: id, is_active: true, folder, last_seen: null, last_error: null, error_code: null,
  restricted: false, agent_version: '', joined: true, status: 'online', metrics: null, traffic: null, ...more,
})
const ids = (servers: ServerItem[]) => servers.map((s) => s.id)
const folders = [{ name: 'Europe', position: 1 }, { name: 'Asia', position: 2 }]

describe('groups', () => {
  it('keeps the order of folders and of servers, and empty folders', () => {
    const groups = groupServers([server(1, 'Asia'), server(2), server(3, 'Asia')], folders)
    expect(groups.map((g) => [g.name, ids(g.servers)])).toEqual([['Europe', []], ['Asia', [1, 3]], [null, [2]]])
  })
  it('shows a folder that is not listed yet, and one group without any', () => {
    expect(groupServers([server(1, 'New')], []).map((g) => g.name)).toEqual(['New'])
    expect(groupServers([], []).map((g) => g.name)).toEqual([null])
  })
  it('counts by state', () => {
    const servers = [server(1), server(2, null, { is_active: false }), server(3, null, { status: 'offline' }), server(4, null, { status: 'loading' })]
    expect(countStates(servers, new Map())).toEqual({ all: 4, online: 2, attention: 0, offline: 1, disabled: 1 })
    expect(matches('loading', 'online')).toBe(true)
    expect(matches('offline', 'online')).toBe(false)
  })
  it('cuts into lines', () => {
    const groups = groupServers([1, 2, 3, 4, 5].map((i) => server(i, 'Europe')), folders)
    expect(layout(groups, new Set(), 2).map((l) => l.key)).toEqual(['f:Europe', 'c:Europe:0', 'c:Europe:2', 'c:Europe:4', 'f:Asia', 'e:Asia'])
    expect(layout(groups, new Set(['Europe', 'Asia']), 2).map((l) => l.key)).toEqual(['f:Europe', 'f:Asia'])
  })
})

describe('drag and drop', () => {
  const all = [server(1, 'A'), server(2, 'A'), server(3, 'A'), server(4, 'B')]
  it.each([
    [1, 'A', 3, [2, 3, 1, 4]],
    [3, 'A', 1, [3, 1, 2, 4]],
    [1, 'B', 4, [2, 3, 1, 4]],
    [4, 'A', 2, [1, 4, 2, 3]],
    [1, 'B', null, [2, 3, 4, 1]],
    [4, 'A', null, [1, 2, 3, 4]],
    [1, 'C', null, [2, 3, 4, 1]],
    [1, 'A', 1, [1, 2, 3, 4]],
    [9, 'A', 1, [1, 2, 3, 4]],
  ] as const)('server %d into %s over %s', (id, folder, over, want) => {
    const result = moved(all, id, folder, over)
    expect(ids(result)).toEqual(want)
    if (id !== 9 && over !== id) expect(result.find((s) => s.id === id)?.folder).toBe(folder)
  })
})
