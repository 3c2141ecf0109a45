import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { Card } from '../../components/card'
import { ErrorState } from '../../components/error-state'
import { Pill, type Tone } from '../../components/pill'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { useErrorText } from '../../lib/error-text'
import { useFormat } from '../../lib/use-format'
import { useJobs, useOperations } from './queries'

/** The last jobs: each goes on when the page is left. */
export function JobList({ current, onOpen }: { current: string | null; onOpen: (id: string) => void }) {
  const { t } = useTranslation('bulk')
  const f = useFormat()
  const jobs = useJobs()
  if (jobs.isError) return <ErrorState error={jobs.error} onRetry={() => void jobs.refetch()} />
  return (
    <Card title={t('jobs.title')} flush>
      {jobs.data?.length === 0 && <p className="field-note p-3">{t('jobs.none')}</p>}
      <ul className="bulk-results">
        {jobs.data?.map(({ id, title, started_at, ended_at, counts: c }) => (
          <li key={id}>
            <button type="button" className="bulk-row" aria-current={id === current || undefined} onClick={() => onOpen(id)}>
              <Pill tone={!ended_at ? 'accent' : c.failed + c.skipped ? 'crit' : 'ok'}>{t('of', { on: ended_at ? c.done : c.done + c.failed + c.skipped, all: c.total })}</Pill>
              <span className="grow ell">{title}</span>
              <span className="cap nw">{f.time(Date.parse(started_at))}</span>
            </button>
          </li>
        ))}
      </ul>
    </Card>
  )
}

const tones: Record<string, Tone> = { queued: 'accent', conflict: 'warn', delivered: 'ok', failed: 'crit', expired: 'warn' }

/** What waits for servers to come back. */
export function OperationList() {
  const { t } = useTranslation('bulk')
  const f = useFormat()
  const client = useQueryClient()
  const errorText = useErrorText()
  const list = useOperations()
  const act = async (what: Promise<unknown>) => {
    try {
      await what
    } catch (error) {
      notify.error(t('operations.failed'), errorText(error).text)
    }
    void client.invalidateQueries({ queryKey: ['bulk', 'operations'] })
  }
  if (!list.data?.length) return null
  return (
    <Card title={t('operations.title')} flush>
      <ul className="bulk-results">
        {list.data.map((o) => (
          <li key={o.id} className="bulk-row wrap">
            <Pill tone={tones[o.state] ?? 'plain'}>{t(`operations.state.${o.state}`, { defaultValue: o.state })}</Pill>
            <span className="b nw">{o.server_name}</span>
            <span className="t2 grow ell" title={o.message}>{o.message ? `${o.title}: ${o.message}` : o.title}</span>
            <span className="cap nw">{o.done_at ? f.time(Date.parse(o.done_at)) : t('operations.until', { time: f.date(Date.parse(o.expires_at)) })}</span>
            {o.state === 'conflict' && <Button size="small" onClick={() => void act(api.post(`operations/${o.id}/deliver`))}>{t('operations.deliver')}</Button>}
            {(o.state === 'queued' || o.state === 'conflict') && <Button size="small" kind="ghost" onClick={() => void act(api.delete(`operations/${o.id}`))}>{t('operations.cancel')}</Button>}
          </li>
        ))}
      </ul>
    </Card>
  )
}
