import { useCallback } from 'react'
import { useSearchParams } from 'react-router'
import { external, useExternal } from '../../lib/external'
import { recall, remember } from '../../lib/storage'
import { type Filter, filters } from './groups'

export const densities = ['compact', 'normal', 'detailed', 'list'] as const
export type Density = (typeof densities)[number]

/** Width that one card wants, and the gap between cards, in CSS pixels. */
export const cardSize: Record<Density, { width: number; gap: number; line: number }> = {
  compact: { width: 186, gap: 6, line: 76 },
  normal: { width: 266, gap: 8, line: 174 },
  detailed: { width: 340, gap: 10, line: 234 },
  list: { width: Number.POSITIVE_INFINITY, gap: 0, line: 30 },
}

const densityKey = 'dashboard-density'
const density = external<Density>(densities.find((d) => d === recall(densityKey)) ?? 'normal')
const foldedKey = 'dashboard-folded'
const folded = external<ReadonlySet<string>>(new Set(readList(recall(foldedKey))))
const overviewKey = 'dashboard-overview'
const overview = external(recall(overviewKey) !== 'folded')

export const useDensity = () => useExternal(density)
export const useFolded = () => useExternal(folded)
export const useOverview = () => useExternal(overview)

export function setDensity(next: Density): void {
  density.set(next)
  remember(densityKey, next)
}

export function toggleFolder(name: string): void {
  const next = new Set(folded.get())
  if (!next.delete(name)) next.add(name)
  folded.set(next)
  remember(foldedKey, JSON.stringify([...next]))
}

export function toggleOverview(): void {
  overview.set(!overview.get())
  remember(overviewKey, overview.get() ? 'open' : 'folded')
}

/** The state filter; it lives in the address. */
export function useFilter(): [Filter, (next: Filter) => void] {
  const [params, setParams] = useSearchParams()
  const filter = filters.find((f) => f === params.get('state')) ?? 'all'
  const set = useCallback(
    (next: Filter) =>
      setParams((old) => {
        const p = new URLSearchParams(old)
        if (next === 'all') p.delete('state')
        else p.set('state', next)
        return p
      }),
    [setParams],
  )
  return [filter, set]
}

function readList(stored: string | null): string[] {
  try {
    const list: unknown = JSON.parse(stored ?? '[]')
    return Array.isArray(list) ? list.filter((v) => typeof v === 'string') : []
  } catch {
    return []
  }
}
