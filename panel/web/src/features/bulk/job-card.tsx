import { ArrowRight, Clock, ListRestart, Square } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useQueryClient } from '@tanstack/react-query'
import type { JobResponse, Result } from '../../api/types'
import { Button } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { ErrorState } from '../../components/error-state'
import { Pill, type Tone } from '../../components/pill'
import { Segmented } from '../../components/segmented'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { useErrorText } from '../../lib/error-text'
import { useSay } from '../../lib/words'
import { queueRest, startAgain, useJob } from './queries'

const tones: Record<string, Tone> = { waiting: 'plain', running: 'accent', done: 'ok', failed: 'crit', skipped: 'warn', cancelled: 'warn', lost: 'warn' }
const bad = (r: Result) => r.state in tones && !['waiting', 'running', 'done'].includes(r.state)
/** As the panel sees it: what was left for the server's return is not done a second time. */
const undone = (r: Result) => bad(r) && r.code !== 'queued'
const offline = (r: Result) => r.state === 'skipped' && r.code === 'offline'

interface JobCardProps {
  id: string
  onOpen: (id: string) => void
}

/** How far a job is, and what became of every server. */
export function JobCard({ id, onOpen }: JobCardProps) {
  const { t } = useTranslation('bulk')
  const say = useSay()
  const query = useJob(id)
  const [filter, setFilter] = useState<'all' | 'bad'>('all')
  if (query.isPending) return <span className="sk sk-late" aria-busy="true" style={{ height: 180 }} />
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  const { job, results } = query.data
  const { total, done, failed, skipped, lost } = job.counts
  const unlucky = results.filter(bad)
  const shown = filter === 'bad' ? unlucky : results
  const share = (n: number) => ({ width: `${(100 * n) / Math.max(1, total)}%` })
  const line = (r: Result) => [`${r.server_name}\t${t(`state.${r.state}`)}\t${say(r.message_words, r.message)}`, output(r)].filter(Boolean).join('\n')
  return (
    <section className="card" aria-label={t('job.title')}>
      <div className="card-h wrap">
        <h2 className="ell">{say(job.title_words, job.title)}</h2>
        <Pill tone={job.ended_at ? (failed + skipped + lost ? 'crit' : 'ok') : 'accent'}>{t(job.ended_at ? 'job.ended' : 'job.running', { n: done + failed + skipped + lost, total })}</Pill>
        <span className="grow" />
        {!job.ended_at && <Button size="small" kind="danger" icon={Square} onClick={() => void api.post(`bulk/jobs/${id}/cancel`)}>{t('job.cancel')}</Button>}
        {job.ended_at && <Rest data={query.data} onOpen={onOpen} onChange={() => void query.refetch()} />}
        <CopyButton text={results.map(line).join('\n')} label={t('job.copy')} />
      </div>
      {lost > 0 ? <p className="field-note p-3 warn" role="status">{t('job.lost', { count: lost })}</p> : job.restored && <p className="field-note p-3">{t('job.restored')}</p>}
      <div className="bulk-progress" role="progressbar" aria-label={t('job.title')} aria-valuemin={0} aria-valuemax={total} aria-valuenow={done + failed + skipped + lost}>
        <i className="is-ok" style={share(done)} /><i className="is-crit" style={share(failed)} /><i className="is-warn" style={share(skipped + lost)} />
      </div>
      <div className="bulk-filter"><Segmented label={t('job.filter')} value={filter} options={[{ value: 'all', label: t('job.all', { n: total }) }, { value: 'bad', label: t('job.bad', { n: unlucky.length }) }]} onChange={setFilter} /></div>
      <ul className="bulk-results">{shown.map((r) => <ResultRow key={r.server_id} result={r} />)}</ul>
    </section>
  )
}

/** What can be done about the servers that have not done it: ask them again, or leave it for those that are away. */
function Rest({ data: { job, results }, onOpen, onChange }: { data: JobResponse; onOpen: (id: string) => void; onChange: () => void }) {
  const { t } = useTranslation('bulk')
  const client = useQueryClient()
  const errorText = useErrorText()
  const [busy, setBusy] = useState(false)
  const act = async (what: () => Promise<void>) => {
    setBusy(true)
    try {
      await what()
    } catch (error) {
      notify.error(t('job.notStarted'), errorText(error).text)
    }
    setBusy(false)
    onChange()
    void client.invalidateQueries({ queryKey: ['bulk'] })
  }
  const left = results.filter(undone).length
  const away = results.filter(offline).length
  return (
    <>
      {job.later && away > 0 && (
        <Button size="small" kind="ghost" icon={Clock} busy={busy && t('starting')} onClick={() => void act(async () => {
          notify.success(t('queuedToast', { count: (await queueRest(job.id)).queued }))
        })}>{t('job.later', { count: away })}</Button>
      )}
      {job.again ? <Button size="small" icon={ArrowRight} onClick={() => onOpen(job.again)}>{t('job.newer')}</Button>
        : left > 0 && <Button size="small" icon={ListRestart} busy={busy && t('starting')} onClick={() => void act(async () => onOpen((await startAgain(job.id)).job.id))}>{t('job.again', { count: left })}</Button>}
    </>
  )
}

const output = (r: Result) => [r.stdout, r.stderr].filter(Boolean).join('\n').trimEnd()

function ResultRow({ result: r }: { result: Result }) {
  const { t } = useTranslation('bulk')
  const message = useSay()(r.message_words, r.message)
  const head = (
    <>
      <Pill tone={tones[r.state] ?? 'plain'}>{t(`state.${r.state}`)}</Pill>
      <span className="b nw">{r.server_name}</span>
      <span className="t2 grow ell" title={message}>{message}</span>
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
