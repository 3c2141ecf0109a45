import { ListRestart, Square } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { ErrorState } from '../../components/error-state'
import { Pill, type Tone } from '../../components/pill'
import { Segmented } from '../../components/segmented'
import { api } from '../../lib/api'
import { type Result, useJob } from './queries'

const tones: Record<Result['state'], Tone> = { waiting: 'plain', running: 'accent', done: 'ok', failed: 'crit', skipped: 'warn', cancelled: 'warn' }
const bad = (r: Result) => r.state === 'failed' || r.state === 'skipped' || r.state === 'cancelled'

/** How far a job is, and what became of every server. */
export function JobCard({ id, onChoose }: { id: string; onChoose: (ids: number[]) => void }) {
  const { t } = useTranslation('bulk')
  const query = useJob(id)
  const [filter, setFilter] = useState<'all' | 'bad'>('all')
  if (query.isPending) return <span className="sk sk-late" aria-busy="true" style={{ height: 180 }} />
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  const { job, results } = query.data
  const { total, done, failed, skipped } = job.counts
  const unlucky = results.filter(bad)
  const shown = filter === 'bad' ? unlucky : results
  const share = (n: number) => ({ width: `${(100 * n) / Math.max(1, total)}%` })
  return (
    <section className="card" aria-label={t('job.title')}>
      <div className="card-h wrap">
        <h2 className="ell">{job.title}</h2>
        <Pill tone={job.ended_at ? (failed + skipped ? 'crit' : 'ok') : 'accent'}>{t(job.ended_at ? 'job.ended' : 'job.running', { n: done + failed + skipped, total })}</Pill>
        <span className="grow" />
        {!job.ended_at && <Button size="small" kind="danger" icon={Square} onClick={() => void api.post(`bulk/jobs/${id}/cancel`)}>{t('job.cancel')}</Button>}
        {job.ended_at && unlucky.length > 0 && <Button size="small" icon={ListRestart} onClick={() => onChoose(unlucky.map((r) => r.server_id))}>{t('job.again')}</Button>}
        <CopyButton text={results.map(line).join('\n')} label={t('job.copy')} />
      </div>
      <div className="bulk-progress" role="progressbar" aria-label={t('job.title')} aria-valuemin={0} aria-valuemax={total} aria-valuenow={done + failed + skipped}>
        <i className="is-ok" style={share(done)} /><i className="is-crit" style={share(failed)} /><i className="is-warn" style={share(skipped)} />
      </div>
      <div className="bulk-filter"><Segmented label={t('job.filter')} value={filter} options={[{ value: 'all', label: t('job.all', { n: total }) }, { value: 'bad', label: t('job.bad', { n: unlucky.length }) }]} onChange={setFilter} /></div>
      <ul className="bulk-results">{shown.map((r) => <ResultRow key={r.server_id} result={r} />)}</ul>
    </section>
  )
}

const output = (r: Result) => [r.stdout, r.stderr].filter(Boolean).join('\n').trimEnd()
const line = (r: Result) => [`${r.server_name}\t${r.state}\t${r.message}`, output(r)].filter(Boolean).join('\n')

function ResultRow({ result: r }: { result: Result }) {
  const { t } = useTranslation('bulk')
  const head = (
    <>
      <Pill tone={tones[r.state]}>{t(`state.${r.state}`)}</Pill>
      <span className="b nw">{r.server_name}</span>
      <span className="t2 grow ell" title={r.message}>{r.message}</span>
    </>
  )
  if (!output(r)) return <li><div className="bulk-row">{head}</div></li>
  return (
    <li>
      <details>
        <summary className="bulk-row">{head}</summary>
        <pre>{r.stdout}{r.stderr && <span className="warn">{r.stderr}</span>}</pre>
      </details>
    </li>
  )
}
