import { useSyncExternalStore } from 'react'

const names = ['surface', 's3', 'line2', 'text', 'text2', 'grid', 'axis', 'hatch', 'cross', 'warn-f', 'crit-f',
  's-a', 's-b', 's-c', 's-d', 's-e', 's-f', 'heat0', 'heat1', 'heat2', 'heat3'] as const

export type ColorName = (typeof names)[number]
export type Colors = Record<ColorName, string>

/** The order in which series take their colours. */
export const seriesColors: ColorName[] = ['s-a', 's-b', 's-c', 's-d', 's-e', 's-f']

let cached: { theme: string; colors: Colors } | null = null

/** Reads the design tokens once per theme. */
function read(): Colors {
  const theme = document.documentElement.dataset.theme ?? ''
  if (cached?.theme !== theme) {
    const style = getComputedStyle(document.documentElement)
    const colors = Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim() || '#888888'])) as Colors
    cached = { theme, colors }
  }
  return cached.colors
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}

/** The colours of the current theme, for drawing on a canvas. */
export const useColors = (): Colors => useSyncExternalStore(subscribe, read)

/** A #rrggbb colour with an opacity from 0 to 1. */
export const withAlpha = (hex: string, alpha: number): string => hex + Math.round(alpha * 255).toString(16).padStart(2, '0')
