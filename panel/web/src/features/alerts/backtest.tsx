import { useTranslation } from 'react-i18next'
import type { BacktestResponse } from '../../api/types'
import { Button } from '../../components/button'
import { Pill } from '../../components/pill'
import { Loading } from '../../components/skeleton'
import { alpha, colors } from '../../lib/colors'
import { useErrorText } from '../../lib/error-text'
import { useCanvas } from '../../lib/frame'
import { useFormat } from '../../lib/use-format'
import { useBacktest } from './queries'

const height = 76
const axis = 14
const shownServers = 3
const day = 86_400_000

interface BacktestProps {
  trigger: string
  /** The changed settings as JSON. */
  change: string
  /** The numbers are not right yet. */
  paused: boolean
}

/** How often these numbers would have fired in the last week, and where. */
export function Backtest({ trigger, change, paused }: BacktestProps) {
  const { t } = useTranslation('alerts')
  const errorText = useErrorText()
  const test = useBacktest(trigger, JSON.parse(change) as Record<string, unknown>, !paused)
  const v = test.data
  return (
    <div className="bt" aria-busy={test.isFetching || undefined}>
      {v && <Hours result={v} />}
      {!v && test.isFetching && <Loading><span className="sk" style={{ height }} /></Loading>}
      {test.isError && (
        <div className="row sm" role="alert">
          <span className="crit">{t('backtest.failed', { reason: errorText(test.error).text })}</span>
          <Button size="small" kind="ghost" onClick={() => void test.refetch()}>{t('backtest.again')}</Button>
        </div>
      )}
      <div className="sm bt-line" role="status">
        {!v && test.isFetching && t('backtest.running')}
        {v && <Line result={v} stale={test.isPlaceholderData} />}
      </div>
    </div>
  )
}

function Line({ result: v, stale }: { result: BacktestResponse; stale: boolean }) {
  const { t } = useTranslation('alerts')
  const line = v.checked === 0 ? t('backtest.nobody') : v.fired === 0 ? t('backtest.never', { days: v.days, servers: t('backtest.ofServers', { count: v.checked }) }) : t('backtest.line', { days: v.days, times: t('backtest.times', { count: v.fired }), servers: t('backtest.servers', { count: v.servers.length }) })
  return (
    <span className={stale ? 'row wrap t3' : 'row wrap'}>
      <span>{line}</span>
      {v.servers.slice(0, shownServers).map((s) => <Pill key={s.server_id}>{s.fired > 1 ? `${s.server_name} × ${s.fired}` : s.server_name}</Pill>)}
    </span>
  )
}

/** The highest value of the fleet by hours against the limit; red where it would have fired. */
function Hours({ result: v }: { result: BacktestResponse }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const top = Math.max(1e-9, ...v.hours.map((h) => h.max ?? 0), v.threshold ?? 0) * 1.08
  const ref = useCanvas((g, width) => {
    const c = colors()
    const floor = height - axis
    const step = width / Math.max(1, v.hours.length)
    const y = (value: number) => floor - (value / top) * floor
    v.hours.forEach((h, i) => {
      if (h.max == null && h.fired === 0) return
      g.fillStyle = h.fired > 0 ? c['crit-f'] : alpha(c['s-a'], 0.55)
      const at = y(Math.max(h.max ?? 0, h.fired > 0 ? top * 0.04 : 0))
      g.fillRect(i * step, Math.min(at, floor - 1), Math.max(1, step - 1), Math.max(1, floor - at))
    })
    g.fillStyle = c.line
    g.fillRect(0, floor, width, 1)
    if (v.threshold != null) {
      const at = Math.round(y(v.threshold)) + 0.5
      g.strokeStyle = c['crit-f']
      g.setLineDash([3, 3])
      g.beginPath()
      g.moveTo(0, at)
      g.lineTo(width, at)
      g.stroke()
      g.setLineDash([])
    }
    g.font = '10.5px "Geist Variable", Geist, system-ui, sans-serif'
    g.fillStyle = c.axis
    g.textAlign = 'left'
    const first = Date.parse(v.hours[0]?.start ?? '')
    for (let i = 0; i < v.days && !Number.isNaN(first); i++) g.fillText(f.date(first + i * day), (i / v.days) * width, height - 2)
  })
  return <canvas ref={ref} style={{ height }} role="img" aria-label={t('backtest.chart', { days: v.days })} />
}
