/** Local date and time of a zone, as <input type="datetime-local"> writes them: 2026-11-23T12:41. */

function wallClock(ms: number, timeZone: string): string {
  const intl = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' })
  const found: Record<string, string> = {}
  for (const p of intl.formatToParts(ms)) found[p.type] = p.value
  return `${found.year}-${found.month}-${found.day}T${found.hour}:${found.minute}`
}

export const toLocalInput = wallClock

/** The moment of a local time, or null when the text is none. A time that the clocks skip becomes the one after the skip. */
export function fromLocalInput(text: string, timeZone: string): number | null {
  const wanted = Date.parse(`${text}Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) || Number.isNaN(wanted)) return null
  const offset = (ms: number) => Date.parse(`${wallClock(ms, timeZone)}Z`) - Math.floor(ms / 60_000) * 60_000
  const first = wanted - offset(wanted)
  return wanted - offset(first)
}
