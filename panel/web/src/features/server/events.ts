import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerEvent } from '../../api/types'
import type { ChartEvent, Tone } from '../../components/chart/lane'
import { external, useExternal } from '../../lib/external'
import type { Format } from '../../lib/format'
import type { TimeRange } from '../../lib/range'
import { recall, remember } from '../../lib/storage'
import { useFormat } from '../../lib/use-format'
import { useSay } from '../../lib/words'
import { useEvents } from './queries'

const shownKey = 'chart-events'
const shown = external(recall(shownKey) !== 'hidden')

export const useEventsShown = () => useExternal(shown)

export function toggleEvents(): void {
  shown.set(!shown.get())
  remember(shownKey, shown.get() ? 'shown' : 'hidden')
}

/** An event as charts and the list show it, with where it comes from. */
export interface ListedEvent extends ChartEvent {
  when: string
  what: string
  /** On what, and by whom. */
  more: string
  /** Where more stands about it, below the secret path; "" where the samples themselves are all there is. */
  link: string
}

const tones: Record<string, Tone> = { critical: 'crit', warning: 'warn' }
const lasting = new Set(['silence', 'alert'])

interface Words {
  /** A sentence of the panel. */
  said: (e: ServerEvent) => string
  /** A time that is only one end. */
  since: (time: string) => string
  until: (time: string) => string
}

/** Events in words; a silence that is there at the begin of the range began before it. */
export function listed(events: ServerEvent[], from: number, serverId: number, f: Format, { said, since, until }: Words): ListedEvent[] {
  return events.map((e, i): ListedEvent => {
    const alert = e.kind === 'alert'
    const message = (f.language === 'ru' ? e.message_ru : e.message_en) || e.detail
    const what = alert ? message : upper(said(e))
    const more = [alert ? '' : e.detail, e.actor].filter(Boolean).join(' · ')
    const end = lasting.has(e.kind) ? e.end : e.time
    const began = alert || e.time > from
    const when = end === e.time ? f.time(e.time) : end === null ? since(f.time(e.time)) : began ? `${f.span(e.time, end)} (${f.duration((end - e.time) / 1000)})` : until(f.time(end))
    const link = e.audit_id ? `/audit?server=${serverId}&entry=${e.audit_id}` : alert ? `/alerts?server=${serverId}` : ''
    return {
      id: `${e.kind} ${e.time} ${e.audit_id ?? i}`, alert, tone: tones[e.severity ?? ''] ?? 'plain', time: e.time, end,
      label: alert ? summary(message) : what, text: [what, when, more].filter(Boolean).join(' · '), when, what, more, link,
    }
  })
}

/** The first part of a message, or two if the first is one word: "CPU is critical" and "CPU: критический уровень", without the numbers. */
function summary(message: string): string {
  const [first = '', ...others] = message.split(': ')
  return first.includes(' ') ? first : [first, ...others.slice(0, 1)].join(': ')
}

/** Sentences of the panel begin small, for they are parts of others. */
const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** What happened over a range, in the user's words: all of it for the list, and what the charts show of it. */
export function useServerEvents(serverId: number, range: TimeRange) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const say = useSay()
  const query = useEvents(serverId, range)
  const events = query.data?.events
  // The begin of a range up to now moves on with each answer, and mostly nothing depends on it: the charts need not be made anew.
  const begin = query.data?.from ?? 0
  const from = events?.some((e) => e.kind === 'silence' && e.time <= begin) ? begin : 0
  const all = useMemo(
    () => (events ? listed(events, from, serverId, f, { said: (e) => say(e.title, null), since: (time) => t('events.since', { time }), until: (time) => t('events.until', { time }) }) : none),
    [events, from, serverId, f, say, t],
  )
  const shown = useEventsShown()
  return { query, all, shown, count: events ? all.length : null, charted: shown ? all : none }
}

const none: ListedEvent[] = []
