import { CalendarRange } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { DateTime } from '../../components/date-time'
import { Field } from '../../components/field'
import { Popover } from '../../components/popover'
import { type TimeRange, endsOf, longest, periodOf } from '../../lib/range'
import { useFormat } from '../../lib/use-format'
import { fromLocalInput, toLocalInput } from '../../lib/zone'

type Problem = 'from' | 'to' | 'order' | 'future' | 'long'

/** What is wrong with two ends, null for nothing; an unreadable one is null. */
export function rangeProblem(from: number | null, to: number | null, now: number): Problem | null {
  if (from == null) return 'from'
  if (to == null) return 'to'
  if (from >= now) return 'future'
  if (from >= to) return 'order'
  return Math.min(to, now) - from > longest ? 'long' : null
}

/** A button that shows the free range in force and opens two fields to choose one, on the clocks of the settings' zone. */
export function RangePicker({ range, onRange }: { range: TimeRange; onRange: (range: TimeRange) => void }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const [open, setOpen] = useState(false)
  const free = 'from' in range
  const label = free ? f.span(range.from, range.to) : t('range.choose')
  return (
    <Popover open={open} onOpenChange={setOpen} align="start"
      trigger={<Button size="small" kind={free ? 'plain' : 'ghost'} icon={CalendarRange} aria-label={free ? t('range.chosen', { range: label }) : undefined}>{label}</Button>}>
      <Fields range={range} onRange={(next) => { setOpen(false); onRange(next) }} />
    </Popover>
  )
}

function Fields({ range, onRange }: { range: TimeRange; onRange: (range: TimeRange) => void }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const [now] = useState(Date.now)
  const ends = endsOf(range, now)
  const [from, setFrom] = useState(() => toLocalInput(ends.from, f.timeZone))
  const [to, setTo] = useState(() => toLocalInput(ends.to, f.timeZone))
  const [asked, setAsked] = useState(false)
  const [begin, end] = [fromLocalInput(from, f.timeZone), fromLocalInput(to, f.timeZone)]
  const wrong = rangeProblem(begin, end, now)
  const last = toLocalInput(now, f.timeZone)
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    setAsked(true)
    if (!wrong && begin != null && end != null) onRange({ from: begin, to: Math.min(end, now), back: periodOf(range) })
  }
  const error = (problems: Problem[]) => asked && wrong && problems.includes(wrong) && t(`range.wrong.${wrong}`)
  return (
    <form className="flex w-60 flex-col gap-3" noValidate onSubmit={submit}>
      <Field label={t('range.from')} error={error(['from', 'future', 'order', 'long'])}>
        {(control) => <DateTime {...control} max={last} value={from} onChange={setFrom} />}
      </Field>
      <Field label={t('range.to')} error={error(['to'])} note={t('range.zone', { zone: f.timeZone })}>
        {(control) => <DateTime {...control} max={last} value={to} onChange={setTo} />}
      </Field>
      <Button kind="main" type="submit">{t('range.apply')}</Button>
    </form>
  )
}
