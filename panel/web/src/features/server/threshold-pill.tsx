import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ChartFormat } from '../../components/chart/chart-types'
import type { ChartTarget } from './target'

/** Says which line the alert drew on this chart, and takes it away. */
export function ThresholdPill({ target, format, onClear }: { target: ChartTarget; format: ChartFormat; onClear?: () => void }) {
  const { t } = useTranslation('server')
  return (
    <span className="pill crit">
      {target.threshold ? t(target.threshold.below ? 'threshold.below' : 'threshold.above', { value: format.value(target.threshold.value) }) : t('threshold.here')}
      <button type="button" className="pill-x" aria-label={t('threshold.clear')} onClick={onClear}><X size={12} aria-hidden /></button>
    </span>
  )
}
