import { describe, expect, it, vi } from 'vitest'
import type { LiveServer } from '../api/types'
import { fleet } from '../test/fleet'
import { LiveStore } from './live-store'

const minute = 60_000
const start = Date.UTC(2026, 10, 23, 12)
const value = (id: number, change: Partial<LiveServer> = {}): LiveServer => ({
  id, status: 'online', at: start, cpu: 10, ram: 50, ram_used: 2, ram_total: 4, disk: 1, disk_used: 1, disk_total: 9, rx: 100, tx: 200,
  load1: 1, load5: 1, load15: 1, cores: 4, uptime: 1, tcp: 1, udp: 1, processes: 1, error: null, code: null, ...change,
})

describe('LiveStore', () => {
  it('tells only those who follow the changed server', () => {
    const store = new LiveStore()
    const [one, two, all] = [vi.fn(), vi.fn(), vi.fn()]
    store.subscribe(1, one)
    const leave = store.subscribe(2, two)
    store.subscribeAll(all)
    store.apply([value(1)], start)
    expect([one, two, all].map((f) => f.mock.calls.length)).toEqual([1, 0, 1])
    store.apply([value(1), value(2)], start + 1000)
    expect([one, two, all].map((f) => f.mock.calls.length)).toEqual([2, 1, 2])
    leave()
    store.apply([value(2)], start + 2000)
    expect(two).toHaveBeenCalledTimes(1)
  })

  it('weights CPU by cores and leaves out who does not answer', () => {
    const store = new LiveStore()
    store.apply([value(1, { cpu: 100, cores: 1 }), value(2, { cpu: 0, cores: 3, rx: 50 }), value(3, { status: 'offline', cpu: 99, cores: 64 }), value(4, { status: 'disabled' })], start)
    expect(store.totals()).toMatchObject({ cpu: 25, cores: 4, rx: 150, tx: 400, ramUsed: 4, ramTotal: 8, online: 2, offline: 1, disabled: 1, loading: 0 })
    expect(store.totals()).toBe(store.totals())
  })

  it('draws an offline server as a gap', () => {
    const store = new LiveStore()
    store.apply([value(1)], start)
    store.apply([value(1, { status: 'offline' })], start + minute)
    expect([...store.trace(1).rx.slice(58)]).toEqual([100, Number.NaN])
  })

  it('starts traces from history and goes on with live values', () => {
    const store = new LiveStore()
    const points = { cpu: [1, 2], ram: [1, 2], rx: [1, 2], tx: [1, 2] }
    store.seedTraces({ from: start - minute, step_seconds: 60, count: 2, servers: { 1: points }, total: points })
    store.apply([value(1, { at: start + minute, cpu: 7 })], start + minute)
    expect([...store.trace(1).cpu.slice(57)]).toEqual([1, 2, 7])
    expect([...store.totalTrace().rx.slice(57)]).toEqual([1, 2, 100])
  })

  it('takes over a list, forgets deleted servers and keeps newer values of the stream', () => {
    const store = new LiveStore()
    const servers = fleet(3, start).map((s) => ({ ...s, is_active: true, status: 'online' }))
    store.replace(servers)
    expect(store.all().size).toBe(3)
    store.apply([value(1, { at: start + minute, cpu: 77 })], start + minute)
    store.replace(servers.slice(0, 2))
    expect([...store.all().keys()]).toEqual([1, 2])
    expect(store.server(1)?.cpu).toBe(77)
  })
})
