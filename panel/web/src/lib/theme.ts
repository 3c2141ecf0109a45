import { external, useExternal } from './external'
import { recall, remember } from './storage'

export type ThemeChoice = 'system' | 'dark' | 'light'
export type Theme = 'dark' | 'light'

// index.html reads the same key before the first paint.
const key = 'theme'
const light = matchMedia('(prefers-color-scheme: light)')

function stored(): ThemeChoice {
  const v = recall(key)
  return v === 'dark' || v === 'light' ? v : 'system'
}

function resolve(choice: ThemeChoice): Theme {
  return choice === 'system' ? (light.matches ? 'light' : 'dark') : choice
}

const choice = external<ThemeChoice>(stored())
const theme = external<Theme>(resolve(choice.get()))

function apply(): void {
  const next = resolve(choice.get())
  document.documentElement.dataset.theme = next
  theme.set(next)
}

light.addEventListener('change', apply)

export function setTheme(next: ThemeChoice): void {
  choice.set(next)
  remember(key, next)
  apply()
}

/** Switches to the other one, whatever was chosen before. */
export function toggleTheme(): void {
  setTheme(theme.get() === 'dark' ? 'light' : 'dark')
}

export const useTheme = (): Theme => useExternal(theme)
export const useThemeChoice = (): ThemeChoice => useExternal(choice)
export const onThemeChange = theme.subscribe
