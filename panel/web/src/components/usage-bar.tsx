import type { Level } from '../lib/limits'

/** Stands beside a number, never instead of it; grey below every limit. */
export function UsageBar({ percent, level = '' }: { percent: number | null | undefined; level?: Level }) {
  const width = Number.isFinite(percent) ? Math.max(0, Math.min(100, percent as number)) : 0
  return (
    <span className="meter" aria-hidden>
      <i className={level || undefined} style={{ width: `${width}%` }} />
    </span>
  )
}
