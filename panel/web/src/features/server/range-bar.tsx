import { Tag, Undo2, ZoomOut } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '../../components/button'
import { Segmented } from '../../components/segmented'
import { type TimeRange, periodOf, periods, scaled } from '../../lib/range'
import { useFormat } from '../../lib/use-format'
import { toggleEvents, useEventsShown } from './events'
import { RangePicker } from './range-picker'

interface RangeBarProps {
  range: TimeRange
  stepSeconds: number | null
  /** How much happened; null while that is not known. */
  events: number | null
  onRange: (range: TimeRange) => void
}

/** Chooses the range of all charts of the page, and whether they show events; a range drawn with the mouse shows as such and can be left. */
export function RangeBar({ range, stepSeconds, events, onRange }: RangeBarProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const back = periodOf(range)
  const shown = useEventsShown()
  return (
    <div className="bar2">
      <Segmented label={t('range.period')} value={'period' in range ? range.period : null} options={periods.map((p) => ({ value: p, label: t(`period.${p}`) }))} onChange={(p) => onRange({ period: p })} />
      <span className="picked">
        <RangePicker range={range} onRange={onRange} />
        {'from' in range && (
          <>
            <IconButton size="small" icon={ZoomOut} label={t('range.wider')} onClick={() => onRange(scaled(range, 2))} />
            <Button kind="ghost" size="small" icon={Undo2} onClick={() => onRange({ period: back })} aria-keyshortcuts="Escape">{t('range.reset', { period: t(`period.${back}`) })}</Button>
          </>
        )}
      </span>
      {stepSeconds != null && <span className="cap hide-s">{t('range.step', { step: f.duration(stepSeconds) })}</span>}
      <span className="grow" />
      <span className="cap legend hide-s">
        <svg width="22" height="10" aria-hidden><rect width="22" height="10" rx="2" fill="var(--s-a)" opacity=".22" /><path d="M0 5h22" stroke="var(--s-a)" strokeWidth="1.5" /></svg>
        {t('range.band')}
        <svg width="16" height="10" aria-hidden><path d="M0 10 10 0M6 10 16 0M-4 8 4 0M12 10 18 4" stroke="var(--line2)" /></svg>
        {t('chart.noData')}
      </span>
      <Button kind="ghost" size="small" icon={Tag} aria-pressed={shown} title={t(shown ? 'events.hide' : 'events.show')} onClick={toggleEvents}>
        {t('events.title')}
        {events != null && <b className="num">{f.count(events)}</b>}
      </Button>
    </div>
  )
}
