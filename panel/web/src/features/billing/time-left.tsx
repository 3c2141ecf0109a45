import { useTranslation } from 'react-i18next'
import type { BillItem } from '../../api/types'
import { billLevel } from '../../lib/limits'
import { useFormat } from '../../lib/use-format'
import { daysLeft, until } from './forecast'

const short = 3

/** How long it is still paid, or since when it is not; coloured when it needs a person. */
export function TimeLeft({ bill, now }: { bill: BillItem; now: number }) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const days = daysLeft(bill, now)
  const level = billLevel(days)
  const seconds = (until(bill) - now) / 1000
  const text = days > 0 ? (days < short ? f.duration(seconds) : f.days(seconds)) : -seconds < 60 ? t('left.now') : t('left.ended', { time: f.days(-seconds) })
  return <span className={`nw ${level ? `${level} b` : ''}`.trim()} title={f.full(until(bill))}>{text}</span>
}
