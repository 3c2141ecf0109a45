import { useTranslation } from 'react-i18next'
import { text } from '../../lib/format'
import { useFormat } from '../../lib/use-format'
import type { NumberField } from './triggers'

/** A number of the settings with its unit, as a person reads it. */
export function useNumberText(): (v: number, unit: NumberField['unit']) => string {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  return (v, unit) => {
    switch (unit) {
      case 'percent':
        return f.percent(v, Number.isInteger(v) ? 0 : 1)
      case 'seconds':
        return f.duration(v)
      case 'checks':
        return t('unit.checks', { count: v })
      case 'bytes':
        return text(f.rateOfBytes(v))
      case 'connections':
        return f.count(v)
      case 'load':
        return f.number(v, 1)
    }
  }
}
