import { type AddressProblem, readAddress } from './address'

// The panel's limits.
export const longestName = 100
export const longestFolder = 200
export const mostServers = 1000

export type LineProblem =
  | { kind: 'fields' | 'extra' | 'name' | 'folder' }
  | { kind: 'address'; why: AddressProblem }
  | { kind: 'twice'; line: number }
  | { kind: 'taken'; name: string }
  /** The panel refused it. */
  | { kind: 'refused'; detail: string }

/** One server of a pasted list. */
export interface ParsedLine {
  /** Counted from 1, as an editor does. */
  line: number
  /** The line as it stands in the text. */
  raw: string
  name: string
  address: string
  /** Null without a folder. */
  folder: string | null
  problem: LineProblem | null
}

/**
 * Reads one server a line: name, address, folder. Fields are separated by tabs, semicolons, commas or spaces; the first of
 * these that a line has decides, so that names may contain spaces. Empty lines and what follows a field beginning with #
 * are left out. `taken` maps the addresses of the panel's servers to their names.
 */
export function parseList(text: string, taken: ReadonlyMap<string, string> = new Map()): ParsedLine[] {
  const seen = new Map<string, number>()
  const lines: ParsedLine[] = []
  for (const [i, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const fields = fieldsOf(raw)
    if (fields.length === 0) continue
    const [name = '', address = '', folder = ''] = fields
    const line = i + 1
    lines.push({ line, raw, name, address, folder: folder || null, problem: problemOf(fields, line, seen, taken) })
  }
  return lines
}

function fieldsOf(raw: string): string[] {
  const line = raw.trim()
  const separator = ['\t', ';', ','].find((s) => line.includes(s))
  const all = separator ? line.split(separator).map((f) => f.trim()) : line.split(/\s+/)
  const comment = all.findIndex((f) => f.startsWith('#'))
  const fields = comment < 0 ? all : all.slice(0, comment)
  while (fields.at(-1) === '') fields.pop()
  // Between spaces everything after the address is the folder: "Near East" is one.
  return separator || fields.length <= 3 ? fields : [fields[0]!, fields[1]!, fields.slice(2).join(' ')]
}

function problemOf(fields: string[], line: number, seen: Map<string, number>, taken: ReadonlyMap<string, string>): LineProblem | null {
  const [name = '', address = '', folder = ''] = fields
  if (!name || !address) return { kind: 'fields' }
  if (fields.length > 3) return { kind: 'extra' }
  if ([...name].length > longestName) return { kind: 'name' }
  if ([...folder].length > longestFolder) return { kind: 'folder' }
  const read = readAddress(address)
  if (typeof read === 'string') return { kind: 'address', why: read }
  const key = read.url.toLowerCase()
  const first = seen.get(key)
  if (first !== undefined) return { kind: 'twice', line: first }
  seen.set(key, line)
  const owner = taken.get(key)
  return owner === undefined ? null : { kind: 'taken', name: owner }
}

/** The addresses in use, for parseList. */
export function takenAddresses(servers: readonly { url: string; name: string }[]): Map<string, string> {
  return new Map(servers.map((s) => [s.url.toLowerCase(), s.name]))
}
