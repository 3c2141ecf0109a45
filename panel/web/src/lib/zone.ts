/** Local date and time of a zone, written 2026-11-23T12:41. */

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

const two = (n: number | string) => String(n).padStart(2, '0')

/** A local time as people of a language write it: 2026-11-23 12:41 or 23.11.2026 12:41. What is none stays as it is. */
export function showLocal(local: string, language: 'en' | 'ru'): string {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)$/.exec(local)
  if (!found) return local
  const [, year, month, day, time] = found
  return language === 'ru' ? `${day}.${month}.${year} ${time}` : `${year}-${month}-${day} ${time}`
}

const written = [/^(?<year>\d{4})-(?<month>\d\d?)-(?<day>\d\d?)[T ] *(?<hour>\d\d?):(?<minute>\d\d)$/, /^(?<day>\d\d?)\.(?<month>\d\d?)\.(?<year>\d{4}),? +(?<hour>\d\d?):(?<minute>\d\d)$/]

/** The local time that somebody has typed in either form, or null. */
export function readLocal(text: string): string | null {
  const g = written.map((form) => form.exec(text.trim())?.groups).find(Boolean)
  if (!g) return null
  const local = `${g.year}-${two(g.month!)}-${two(g.day!)}T${two(g.hour!)}:${g.minute}`
  const ms = Date.parse(`${local}Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(local) ? local : null // 31 February is none
}
