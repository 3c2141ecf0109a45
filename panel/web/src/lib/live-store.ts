import type { LiveServer, ServerItem, SparklinesResponse } from '../api/types'
import { liveOf } from './live-values'
import { TraceRing, type Trace } from './traces'

/** Sums over the servers that answer; CPU is weighted by cores. Rates are bytes per second. */
export interface FleetTotals {
  cpu: number
  cores: number
  ramUsed: number
  ramTotal: number
  rx: number
  tx: number
  online: number
  offline: number
  loading: number
  disabled: number
}

const wholeFleet = 0

/**
 * The newest values of every server, written by id. A component follows one server or the totals, so that a message
 * about ten servers renders ten cards.
 */
export class LiveStore {
  private readonly values = new Map<number, LiveServer>()
  private readonly rings = new Map<number, TraceRing>()
  private readonly totalRing = new TraceRing()
  private readonly listeners = new Map<number, Set<() => void>>()
  private totalsCache: FleetTotals | null = null

  server = (id: number): LiveServer | undefined => this.values.get(id)
  all = (): ReadonlyMap<number, LiveServer> => this.values
  /** The same object for as long as the server exists: it changes in place, followers are told. */
  trace = (id: number): Trace => this.ring(id)
  totalTrace = (): Trace => this.totalRing

  totals = (): FleetTotals => (this.totalsCache ??= sum(this.values.values()))

  /** Follows one server. */
  subscribe(id: number, listener: () => void): () => void {
    let set = this.listeners.get(id)
    if (!set) this.listeners.set(id, (set = new Set()))
    set.add(listener)
    return () => set.delete(listener)
  }

  /** Follows everything: told at most once per message. */
  subscribeAll = (listener: () => void): (() => void) => this.subscribe(wholeFleet, listener)

  /** Takes over a list as the panel sent it; servers that are not in it are forgotten. */
  replace(servers: ServerItem[]): void {
    const listed = new Set(servers.map((s) => s.id))
    for (const id of this.values.keys()) {
      if (!listed.has(id)) {
        this.values.delete(id)
        this.rings.delete(id)
      }
    }
    const changed: number[] = []
    for (const server of servers) {
      const old = this.values.get(server.id)
      const value = liveOf(server)
      if (old && old.at > value.at && old.status === value.status) continue // the stream was faster
      this.values.set(server.id, value)
      changed.push(server.id)
    }
    this.notify(changed)
  }

  seedTraces(history: SparklinesResponse): void {
    const end = history.from + (history.count - 1) * history.step_seconds * 1000
    for (const [id, points] of Object.entries(history.servers)) this.ring(Number(id)).seed(points, end)
    this.totalRing.seed(history.total, end)
    this.notify([...this.rings.keys()])
  }

  apply(changes: LiveServer[], now = Date.now()): void {
    for (const value of changes) {
      const old = this.values.get(value.id)
      this.values.set(value.id, value)
      if (value.status === 'online' && value.at > 0 && value.at !== old?.at) this.ring(value.id).push(value, value.at)
    }
    this.totalsCache = null
    const totals = this.totals()
    const changed = new Set(changes.map((v) => v.id))
    if (totals.online > 0) {
      this.totalRing.push({ cpu: totals.cpu, ram: percent(totals.ramUsed, totals.ramTotal), rx: totals.rx, tx: totals.tx }, now)
    }
    for (const [id, ring] of this.rings) if (ring.advance(now)) changed.add(id)
    this.notify(changed)
  }

  private ring(id: number): TraceRing {
    let ring = this.rings.get(id)
    if (!ring) this.rings.set(id, (ring = new TraceRing()))
    return ring
  }

  private notify(ids: Iterable<number>): void {
    this.totalsCache = null
    for (const id of ids) for (const listener of this.listeners.get(id) ?? []) listener()
    for (const listener of this.listeners.get(wholeFleet) ?? []) listener()
  }
}

function percent(part: number, whole: number): number {
  return whole > 0 ? (100 * part) / whole : Number.NaN
}

function sum(servers: Iterable<LiveServer>): FleetTotals {
  const t: FleetTotals = { cpu: 0, cores: 0, ramUsed: 0, ramTotal: 0, rx: 0, tx: 0, online: 0, offline: 0, loading: 0, disabled: 0 }
  for (const v of servers) {
    t[v.status]++
    if (v.status !== 'online') continue
    t.cpu += v.cpu * v.cores || 0
    t.cores += v.cores
    t.ramUsed += v.ram_used
    t.ramTotal += v.ram_total
    t.rx += v.rx || 0
    t.tx += v.tx || 0
  }
  t.cpu = t.cores > 0 ? t.cpu / t.cores : Number.NaN
  return t
}
