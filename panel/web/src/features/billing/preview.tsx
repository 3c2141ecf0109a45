import { ArrowRight } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../../lib/use-format'

const day = 86_400

/** The end that a payment brings, said before it is saved; null when what was typed gives none. */
export function Preview({ from, to, now, note }: { from?: number; to: number | null; now: number; note?: string }) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const left = to === null ? 0 : (to - now) / 1000
  return (
    <div className="bill-preview" role="status">
      <span className="cap">{t('preview.label')}</span>
      <span className="row wrap">
        {from !== undefined && <><span className="t2">{f.moment(from)}</span><ArrowRight size={14} className="text-text3" aria-label={t('preview.becomes')} /></>}
        <span className="b">{to === null ? '–' : left < 60 ? t('preview.now') : f.moment(to)}</span>
        {to !== null && left >= 60 && <span className="t3">{t('preview.in', { time: left < day ? f.duration(left) : f.days(left) })}</span>}
      </span>
      {note && <span className="field-note">{note}</span>}
    </div>
  )
}
