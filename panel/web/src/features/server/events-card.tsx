import type { UseQueryResult } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { EventsResponse } from '../../api/types'
import { Button } from '../../components/button'
import type { Cursor } from '../../components/chart/cursor'
import { EventGlyph } from '../../components/chart/event-glyph'
import { SkeletonRows } from '../../components/skeleton'
import { ApiError } from '../../lib/api'
import { useFormat } from '../../lib/use-format'
import type { ListedEvent } from './events'

interface EventsCardProps {
  query: UseQueryResult<EventsResponse>
  events: ListedEvent[]
  cursor: Cursor
}

/** What happened, the newest first: what the marks on the charts stand for, in words, with the way to where it comes from. */
export function EventsCard({ query, events, cursor }: EventsCardProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  return (
    <section className="card events" aria-label={t('events.title')}>
      <div className="card-h">
        <h2>{t('events.title')}</h2>
        {query.data && <span className="t3">{query.data.truncated ? t('events.newest', { count: events.length }) : f.count(events.length)}</span>}
      </div>
      {query.isPending && <SkeletonRows rows={3} columns={3} />}
      {query.isError && !query.data && (
        <div className="events-void" role="alert">
          <p>{t('events.failed', { reason: query.error instanceof ApiError ? query.error.detail : String(query.error) })}</p>
          <Button size="small" onClick={() => void query.refetch()}>{t('chart.again')}</Button>
        </div>
      )}
      {query.data && events.length === 0 && <p className="events-void">{t('events.none')}</p>}
      {events.length > 0 && (
        <ol className="events-list" onPointerLeave={() => cursor.set(null)}>
          {events.toReversed().map((e) => <Row key={e.id} event={e} cursor={cursor} />)}
        </ol>
      )}
    </section>
  )
}

/** The pointer, or the focus, on a row has the cursor of all charts stand where it happened. */
function Row({ event: e, cursor }: { event: ListedEvent; cursor: Cursor }) {
  const { t } = useTranslation('server')
  const point = () => cursor.set(e.time)
  return (
    <li onPointerEnter={point}>
      <EventGlyph alert={e.alert} tone={e.tone} />
      <button type="button" className="when" aria-label={t('events.point', { event: e.text })} onFocus={point} onBlur={() => cursor.set(null)} onClick={point}>{e.when}</button>
      <span className="what">{e.what}</span>
      <span className="more">{e.more}</span>
      {e.link && <Link className="link" to={e.link}>{t(e.alert ? 'events.alerts' : 'events.audit')}</Link>}
    </li>
  )
}
