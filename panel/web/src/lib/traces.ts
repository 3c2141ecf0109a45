/** The last hour of a server: 60 cells of a minute each, oldest first, NaN where there is nothing. */
export interface Trace {
  cpu: Float32Array
  ram: Float32Array
  rx: Float32Array
  tx: Float32Array
}

export const tracePoints = 60
const cell = 60_000
const kinds = ['cpu', 'ram', 'rx', 'tx'] as const
export type TraceKind = (typeof kinds)[number]
export type TraceValues = Record<TraceKind, number>

/** Keeps one Trace up to date without making new arrays. The last cell is the mean of the running minute. */
export class TraceRing implements Trace {
  readonly cpu = new Float32Array(tracePoints).fill(Number.NaN)
  readonly ram = new Float32Array(tracePoints).fill(Number.NaN)
  readonly rx = new Float32Array(tracePoints).fill(Number.NaN)
  readonly tx = new Float32Array(tracePoints).fill(Number.NaN)
  /** Number of the last cell: Unix time divided by a minute. */
  private last = 0
  private samples = 0

  /** Fills the ring with points that end at Unix milliseconds `end`; their step is a minute. */
  seed(points: Record<TraceKind, (number | null)[]>, end: number): void {
    this.last = Math.floor(end / cell)
    this.samples = 0
    for (const kind of kinds) {
      const from = points[kind].length - tracePoints
      for (let i = 0; i < tracePoints; i++) this[kind][i] = points[kind][from + i] ?? Number.NaN
    }
  }

  /** Moves on to the minute of `now`, leaving gaps; reports whether anything moved. */
  advance(now: number): boolean {
    const minute = Math.floor(now / cell)
    const steps = minute - this.last
    if (steps <= 0) return false
    for (const kind of kinds) {
      if (steps < tracePoints) this[kind].copyWithin(0, steps)
      this[kind].fill(Number.NaN, Math.max(0, tracePoints - steps))
    }
    this.last = minute
    this.samples = 0
    return true
  }

  push(values: TraceValues, at: number): void {
    this.advance(at)
    if (Math.floor(at / cell) < this.last) return // an answer that was late by more than a minute
    const n = this.samples++
    for (const kind of kinds) {
      const old = this[kind][tracePoints - 1] ?? Number.NaN
      const value = values[kind]
      if (!Number.isFinite(value)) continue
      this[kind][tracePoints - 1] = n > 0 && !Number.isNaN(old) ? (old * n + value) / (n + 1) : value
    }
  }
}
