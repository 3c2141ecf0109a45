import { ChevronLeft, ChevronRight } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../lib/use-format'
import { IconButton } from './button'

/** Days are texts such as 2026-11-23, which compare as they follow each other; inside they are noons of UTC. */
const dayMs = 86_400_000
const noon = (day: string) => Date.parse(`${day}T12:00Z`)
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const monday = (ms: number) => ms - ((new Date(ms).getUTCDay() + 6) % 7) * dayMs
const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }

/** The same day of another month, or that month's last. */
function monthsOn(day: string, n: number): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  const last = new Date(Date.UTC(year, month + n, 0)).getUTCDate()
  return dayOf(Date.UTC(year, month - 1 + n, Math.min(date, last), 12))
}

interface CalendarProps {
  /** The chosen day, null for none. */
  day: string | null
  /** No later one can be chosen. */
  last?: string
  onDay: (day: string) => void
}

/** One month of days, weeks from Monday. Arrow keys go by day and week, Page Up and Page Down by month. */
export function Calendar({ day, last, onDay }: CalendarProps) {
  const { t } = useTranslation('components')
  const { language, timeZone } = useFormat()
  const [at, setAt] = useState(() => day ?? new Intl.DateTimeFormat('en-CA', { timeZone }).format(Date.now()))
  const grid = useRef<HTMLDivElement>(null)
  const moved = useRef(true) // the day in view takes the focus when the month opens, too
  const name = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' })
  const go = (to: string, focus: boolean) => {
    moved.current = focus
    setAt(last && to > last ? last : to)
  }
  useEffect(() => {
    if (moved.current) grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus()
  }, [at])
  const key = (e: KeyboardEvent) => {
    const months = e.key === 'PageUp' ? -1 : e.key === 'PageDown' ? 1 : 0
    const step = steps[e.key]
    if (!months && !step) return
    e.preventDefault()
    go(months ? monthsOn(at, months) : dayOf(noon(at) + step! * dayMs), true)
  }
  const first = monday(noon(`${at.slice(0, 7)}-01`))
  const days = Array.from({ length: 42 }, (_, i) => dayOf(first + i * dayMs))
  const week = days.slice(0, 7)
  return (
    <div className="cal">
      <div className="row">
        <IconButton icon={ChevronLeft} size="small" label={t('dateTime.previous')} onClick={() => go(monthsOn(at, -1), false)} />
        <b className="grow" aria-live="polite">{name({ month: 'long', year: 'numeric' }).format(noon(at))}</b>
        <IconButton icon={ChevronRight} size="small" label={t('dateTime.next')} disabled={last !== undefined && at.slice(0, 7) >= last.slice(0, 7)} onClick={() => go(monthsOn(at, 1), false)} />
      </div>
      <div ref={grid} className="cal-days" role="group" aria-label={t('dateTime.days')} onKeyDown={key}>
        {week.map((d) => <span key={d} className="cap" aria-hidden>{name({ weekday: 'short' }).format(noon(d))}</span>)}
        {days.map((d) => (
          <button key={d} type="button" tabIndex={d === at ? 0 : -1} aria-pressed={d === day} aria-label={name({ dateStyle: 'long' }).format(noon(d))}
            className={d.slice(0, 7) === at.slice(0, 7) ? undefined : 't3'} disabled={last !== undefined && d > last} onClick={() => onDay(d)}>{Number(d.slice(8))}</button>
        ))}
      </div>
    </div>
  )
}
