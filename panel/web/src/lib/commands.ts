import type { LucideIcon } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { external, useExternal } from './external'
import { recall, remember } from './storage'

/** Something the user can do from the palette or by a key. */
export interface Command {
  id: string
  label: string
  icon?: LucideIcon
  /** Keys as `event.code` without "Key"/"Digit", in order: "N", "G D", "P 1", "Slash", "Shift+Slash", "BracketLeft". */
  keys?: string
  /** Only a key, not listed in the palette. */
  hidden?: boolean
  run: () => void
}

const registered = external<readonly Command[]>([])

/** Offers commands while the component is mounted. Later ones win over earlier ones with the same keys. */
export function useCommands(commands: Command[]): void {
  const latest = useRef(commands)
  useEffect(() => {
    latest.current = commands
  })
  const shape = JSON.stringify(commands.map((c) => [c.id, c.label, c.keys, c.hidden]))
  useEffect(() => {
    const mine = latest.current.map((c) => ({ ...c, run: () => latest.current.find((l) => l.id === c.id)?.run() }))
    registered.set([...registered.get(), ...mine])
    return () => registered.set(registered.get().filter((c) => !mine.includes(c)))
  }, [shape])
}

export const useRegisteredCommands = (): readonly Command[] => useExternal(registered)

const lettersKey = 'shortcuts'
const letters = external(recall(lettersKey) !== 'off')

/** Whether single keys work; Ctrl K always does. */
export const useShortcutsOn = (): boolean => useExternal(letters)

export function setShortcutsOn(on: boolean): void {
  letters.set(on)
  remember(lettersKey, on ? 'on' : 'off')
}

const sequenceTime = 1200
let pending = ''
let pendingUntil = 0

function stroke(event: KeyboardEvent): string {
  const name = event.code.replace(/^(Key|Digit)/, '')
  return event.shiftKey ? `Shift+${name}` : name
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Physical keys are used, so shortcuts work in the Russian layout too. */
function onKeyDown(event: KeyboardEvent): void {
  if (!letters.get() || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented || typing(event.target)) return
  if (document.querySelector('[role="dialog"]')) return
  const key = stroke(event)
  const now = Date.now()
  const sequence = now < pendingUntil && pending ? `${pending} ${key}` : key
  const commands = registered.get().toReversed()
  const command = commands.find((c) => c.keys === sequence) ?? commands.find((c) => c.keys === key)
  pending = ''
  if (command) {
    event.preventDefault()
    command.run()
  } else if (commands.some((c) => c.keys?.startsWith(`${key} `))) {
    pending = key
    pendingUntil = now + sequenceTime
  }
}

export function listenForShortcuts(): () => void {
  document.addEventListener('keydown', onKeyDown)
  return () => document.removeEventListener('keydown', onKeyDown)
}

const keyNames: Record<string, string> = { Slash: '/', 'Shift+Slash': '?', BracketLeft: '[', BracketRight: ']', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' }

/** Keys as they are printed on the keyboard. */
export function keyLabels(keys: string): string[] {
  return keys.split(' ').map((k) => keyNames[k] ?? k)
}
