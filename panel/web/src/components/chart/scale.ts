const decimalSteps = [1, 2, 2.5, 5, 10]
const binarySteps = [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 512, 1024]

/** The distance of axis ticks so that about four of them reach max: 1-2-2.5-5 steps, or binary ones for bytes. */
export function tickStep(max: number, binary: boolean): number {
  const raw = Math.max(max, 1e-9) / 4
  if (binary && raw >= 1) {
    const power = 1024 ** Math.floor(Math.log(raw) / Math.log(1024))
    return (binarySteps.find((s) => s >= raw / power) ?? 1024) * power
  }
  const power = 10 ** Math.floor(Math.log10(raw))
  return (decimalSteps.find((s) => s * power >= raw * 0.9999) ?? 10) * power
}

/** The top of the axis: the first tick above max. */
export function niceMax(max: number, binary: boolean): number {
  const step = tickStep(max, binary)
  return Math.max(step, Math.ceil((max * 1.02) / step) * step)
}

/** Ticks from zero to max; both ways for a mirrored chart. */
export function ticks(max: number, step: number, mirrored: boolean): number[] {
  const up: number[] = []
  for (let v = 0; v <= max * 1.0001; v += step) up.push(v)
  return mirrored ? [...up.slice(1).reverse().map((v) => -v), ...up] : up
}

const timeSteps = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000,
  5184000, 7776000,
]

/** The distance in seconds of time ticks, for a span and a width in CSS pixels: one per 90 pixels at most. */
export function timeStep(spanSeconds: number, width: number): number {
  const least = spanSeconds / Math.max(1, Math.floor(width / 90))
  return timeSteps.find((s) => s >= least) ?? spanSeconds
}
