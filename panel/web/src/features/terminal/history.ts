import { recall, remember } from '../../lib/storage'

const key = 'terminal-history'
const kept = 100
/** Characters; a longer script is not worth the place. */
const longest = 4000

/** The commands of this browser, the newest last. */
export function readHistory(): string[] {
  try {
    const all: unknown = JSON.parse(recall(key) ?? '[]')
    return Array.isArray(all) ? all.filter((c) => typeof c === 'string') : []
  } catch {
    return []
  }
}

/** A command that was there already moves to the end. */
export function addToHistory(command: string): string[] {
  const all = readHistory()
  if (command.length > longest) return all
  const next = [...all.filter((c) => c !== command), command].slice(-kept)
  remember(key, JSON.stringify(next))
  return next
}

export function clearHistory(): void {
  remember(key, '[]')
}
