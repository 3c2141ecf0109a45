import { useTranslation } from 'react-i18next'

/** A still block at the place of what is loading. */
export function Skeleton({ width, height = 12, className = '' }: { width?: number | string; height?: number; className?: string }) {
  return <span className={`sk ${className}`.trim()} style={{ width: width ?? '100%', height }} />
}

/** Around skeletons: appears after 150 ms, announced once. */
export function Loading({ children, className = '' }: { children: React.ReactNode; className?: string }) {
  const { t } = useTranslation('components')
  return (
    <div className={`sk-late ${className}`.trim()} aria-busy="true" aria-live="polite">
      <span className="sr">{t('loading')}</span>
      {children}
    </div>
  )
}

/** Rows of a table that is on its way; widths differ as words do. */
export function SkeletonRows({ rows = 8, columns = 4 }: { rows?: number; columns?: number }) {
  const widths = [104, 76, 132, 88, 60]
  return (
    <Loading>
      {Array.from({ length: rows }, (_, r) => (
        <div key={r} className="flex h-8 items-center gap-6 border-b border-line px-3.5 last:border-0">
          {Array.from({ length: columns }, (_, c) => <Skeleton key={c} width={widths[(r + c) % widths.length]} height={10} />)}
        </div>
      ))}
    </Loading>
  )
}
