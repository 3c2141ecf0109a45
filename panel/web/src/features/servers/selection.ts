import { useCallback, useMemo, useRef, useState } from 'react'

/** The ids from one end to the other, in the order they are shown. */
export function rangeBetween(order: readonly number[], from: number, to: number): number[] {
  const [a, b] = [order.indexOf(from), order.indexOf(to)]
  if (a < 0 || b < 0) return [to]
  return order.slice(Math.min(a, b), Math.max(a, b) + 1)
}

export interface Selection {
  /** Only what is shown: nobody acts upon servers that a filter hides. */
  ids: ReadonlySet<number>
  /** `extend` selects everything from the last one touched up to this one. */
  toggle: (id: number, extend: boolean) => void
  all: () => void
  clear: () => void
}

export function useSelection(order: readonly number[]): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const anchor = useRef<number | null>(null)
  const ids = useMemo(() => new Set(order.filter((id) => chosen.has(id))), [order, chosen])
  const toggle = useCallback((id: number, extend: boolean) => {
    const from = anchor.current
    anchor.current = id
    setChosen((old) => {
      const next = new Set(old)
      if (extend && from !== null) for (const each of rangeBetween(order, from, id)) next.add(each)
      else if (!next.delete(id)) next.add(id)
      return next
    })
  }, [order])
  const clear = useCallback(() => setChosen(new Set()), [])
  return { ids, toggle, all: () => setChosen(new Set(order)), clear }
}
