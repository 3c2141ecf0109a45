import { onThemeChange } from './theme'

const names = ['surface', 'line', 'line2', 's2', 's3', 'text', 'text2', 'text3', 'grid', 'axis', 'hatch', 'cross', 'warn-f', 'crit-f', 'ok-f', 'accent', 's-a', 's-b', 's-c', 's-d', 's-e', 's-f', 'bar', 'bar-bg', 'heat0', 'heat1', 'heat2', 'heat3'] as const
export type ColorName = (typeof names)[number]

export type Colors = Record<ColorName, string>

let cached: Colors | null = null
onThemeChange(() => {
  cached = null
})

/** The tokens for canvases, read from CSS once per theme. */
export function colors(): Colors {
  if (!cached) {
    const style = getComputedStyle(document.documentElement)
    cached = Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim() || '#888888'])) as Colors
  }
  return cached
}

/** A six-digit colour with an opacity of 0 to 1. */
export function alpha(color: string, opacity: number): string {
  return color + Math.round(opacity * 255).toString(16).padStart(2, '0')
}
