import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode, Ref } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChartResponse, DashboardChart } from '../../api/types'
import type { ChartData, ChartFormat } from '../../components/chart/chart-types'
import { Spark } from '../../components/spark/spark'
import { ApiError } from '../../lib/api'
import { useFormat } from '../../lib/use-format'
import { deviation, newest, thin } from './chart-data'
import type { ChartTarget } from './target'

interface MultiplesProps {
  chart: DashboardChart
  query: UseQueryResult<ChartResponse>
  data: ChartData | undefined
  format: ChartFormat
  /** The reader came from an alert about one of the lines. */
  target?: ChartTarget | null
  pill?: ReactNode
  cardRef?: Ref<HTMLElement>
  onFold?: () => void
}

const rowHeight = 34
const unusual = 100 // percent over the usual level

/** Many small lines, each against its own usual level, where one plot would hide the small ones below the big one. */
export function MultiplesCard({ chart, query, data, format, target = null, pill, cardRef, onFold }: MultiplesProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const title = chart.title[f.language]
  return (
    <section ref={cardRef} className={target ? 'card chart aimed' : 'card chart'} aria-label={title} data-chart={chart.id}>
      <div className="card-h">
        <h2>{title}</h2>
        {pill}
        <span className="cap">{t(chart.limits ? 'multiples.now' : 'multiples.usual')}</span>
        {onFold && <button type="button" className="link fold" onClick={onFold}>{t('chart.hide')}</button>}
      </div>
      <ul className="multiples" style={{ minHeight: 4 * rowHeight }}>
        {data?.series.map((s) => {
          const now = newest(s.mean)
          const threshold = target?.threshold && (target.series === '' || target.series === s.label) ? target.threshold : null
          const off = chart.limits ? null : deviation(s.mean)
          const over = chart.limits ? now != null && now >= chart.limits.warn : off != null && off >= unusual
          return (
            <li key={s.label}>
              <span className={`mono ${over ? 'warn' : 't2'}`} title={s.label}>{s.label}</span>
              <Spark height={22} values={thin(s.mean)} max={chart.max_fixed ?? undefined} limit={threshold && !threshold.below ? { warn: threshold.value, crit: threshold.value } : (chart.limits ?? undefined)} line={threshold?.value} />
              <b className="num">{now == null ? '–' : format.value(now)}</b>
              <span className={`num sm ${over ? 'warn' : 't3'}`}>{off == null ? '' : `${off > 0 ? '+' : ''}${f.percent(off)}`}</span>
            </li>
          )
        })}
        {!data && <li className="alone">{query.isPending ? <span className="sr">{t('chart.loading')}</span> : query.isError ? t('chart.failed', { reason: query.error instanceof ApiError ? query.error.detail : '' }) : t('chart.nothingYet')}</li>}
      </ul>
    </section>
  )
}
