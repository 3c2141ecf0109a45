import type { UseQueryResult } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { ChartResponse } from '../../api/types'
import { Button } from '../../components/button'
import { ApiError } from '../../lib/api'
import { type Period, type TimeRange, periodSeconds, periods } from '../../lib/range'
import { useFormat } from '../../lib/use-format'

interface ChartMessageProps {
  query: UseQueryResult<ChartResponse>
  range: TimeRange
  /** The first sample that the panel has of this server, in Unix milliseconds. */
  earliest: number | null
  onRange: (range: TimeRange) => void
}

/** What a plot shows instead of lines: that it loads, why it cannot, or since when there is data. Same height as the plot. */
export function ChartMessage({ query, range, earliest, onRange }: ChartMessageProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  if (query.isPending) return <div className="chart-void sk-late" aria-busy="true"><span className="sr">{t('chart.loading')}</span></div>
  if (query.isError) {
    const reason = query.error instanceof ApiError ? query.error.detail : String(query.error)
    return (
      <div className="chart-void" role="alert">
        <p>{t('chart.failed', { reason })}</p>
        <Button size="small" onClick={() => void query.refetch()}>{t('chart.again')}</Button>
      </div>
    )
  }
  const fitting = earliest == null ? null : periodSince(earliest)
  const other = fitting && !('period' in range && range.period === fitting) ? fitting : null
  return (
    <div className="chart-void">
      <p>{earliest == null ? t('chart.nothingYet') : t('chart.since', { since: f.time(earliest) })}</p>
      {other && <Button size="small" onClick={() => onRange({ period: other })}>{t('chart.showPeriod', { period: t(`period.${other}`) })}</Button>}
    </div>
  )
}

/** The shortest period that reaches back to a moment. */
export function periodSince(earliest: number, now = Date.now()): Period {
  return periods.find((p) => periodSeconds[p] * 1000 >= now - earliest) ?? '365d'
}
