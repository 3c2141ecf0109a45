import { useTranslation } from 'react-i18next'
import { Card } from '../../components/card'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { useFormat } from '../../lib/use-format'
import { useSay } from '../../lib/words'
import { useJobs } from './queries'

/** The last jobs: each goes on when the page is left. */
export function JobList({ current, onOpen }: { current: string | null; onOpen: (id: string) => void }) {
  const { t } = useTranslation('bulk')
  const f = useFormat()
  const say = useSay()
  const jobs = useJobs()
  if (jobs.isError) return <ErrorState error={jobs.error} onRetry={() => void jobs.refetch()} />
  return (
    <Card title={t('jobs.title')} flush>
      {jobs.data?.length === 0 && <p className="field-note p-3">{t('jobs.none')}</p>}
      <ul className="bulk-results">
        {jobs.data?.map(({ id, title, title_words, started_at, ended_at, counts: c }) => (
          <li key={id}>
            <button type="button" className="bulk-row" aria-current={id === current || undefined} onClick={() => onOpen(id)}>
              <Pill tone={!ended_at ? 'accent' : c.failed + c.skipped + c.lost ? 'crit' : 'ok'}>{t('of', { on: ended_at ? c.done : c.done + c.failed + c.skipped + c.lost, all: c.total })}</Pill>
              <span className="grow ell">{say(title_words, title)}</span>
              <span className="cap nw">{f.time(Date.parse(started_at))}</span>
            </button>
          </li>
        ))}
      </ul>
    </Card>
  )
}
