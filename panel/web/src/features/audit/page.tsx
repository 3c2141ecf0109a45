import { useDeferredValue, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { AuditEntry } from '../../api/types'
import { Button } from '../../components/button'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Select } from '../../components/field'
import { PageBody, PageHeader } from '../../components/page-header'
import { Pill, type Tone } from '../../components/pill'
import { SearchField } from '../../components/search-field'
import { SkeletonRows } from '../../components/skeleton'
import { type Column, Table } from '../../components/table'
import { useServers } from '../../lib/fleet'
import { useFormat } from '../../lib/use-format'
import { usePhone } from '../../lib/use-narrow'
import { actionKey, type Outcome, outcome } from '../../lib/audit'
import { useAudit } from './queries'

/** Who did what, from where, with which result. The filters live in the address. */
export function AuditPage() {
  const { t } = useTranslation('audit')
  const [params, setParams] = useSearchParams()
  const query = params.get('query') ?? ''
  const serverId = Number(params.get('server')) || null
  const entry = Number(params.get('entry')) || null
  const set = (name: string, value: string) => setParams((old) => {
    const next = new URLSearchParams(old)
    if (value) next.set(name, value)
    else next.delete(name)
    return next
  }, { replace: true })
  return (
    <>
      <PageHeader title={t('title')}>
        <SearchField shortcut label={t('filter')} placeholder={t('filterHint')} value={query} onChange={(v) => set('query', v)} className="w-full md:w-80" />
        <ServerFilter value={serverId} onChange={(id) => set('server', id)} />
      </PageHeader>
      <PageBody><Entries query={useDeferredValue(query.trim())} serverId={serverId} entry={entry} clear={() => setParams({}, { replace: true })} /></PageBody>
    </>
  )
}

function ServerFilter({ value, onChange }: { value: number | null; onChange: (id: string) => void }) {
  const { t } = useTranslation('audit')
  const servers = useServers().data ?? []
  return (
    <Select aria-label={t('server')} value={value ?? ''} onChange={(e) => onChange(e.target.value)} className="md:w-52!">
      <option value="">{t('allServers')}</option>
      {servers.map((s) => <option key={s.id} value={s.id}>{s.name}</option>)}
    </Select>
  )
}

interface EntriesProps {
  query: string
  serverId: number | null
  /** The reader came from an event: the log begins with its entry. */
  entry: number | null
  clear: () => void
}

function Entries({ query, serverId, entry, clear }: EntriesProps) {
  const { t } = useTranslation('audit')
  const audit = useAudit(query, serverId, entry)
  const phone = usePhone()
  const columns = useColumns(phone)
  const entries = useMemo(() => audit.data?.pages.flatMap((p) => p.entries) ?? [], [audit.data])
  const filtered = query !== '' || serverId !== null || entry !== null
  return (
    <section className="card min-h-67">
      {entry !== null && (
        <div className="flex items-center gap-3 border-b border-line px-3.5 py-2">
          <span className="cap">{t('fromEntry')}</span>
          <Button size="small" onClick={clear}>{t('newest')}</Button>
        </div>
      )}
      {audit.isPending && <SkeletonRows rows={8} columns={5} />}
      {audit.isError && !audit.data && <ErrorState error={audit.error} onRetry={() => void audit.refetch()} />}
      {audit.data && entries.length === 0 && (
        <EmptyState title={filtered ? t('noMatch') : t('empty')} text={filtered ? t('noMatchText') : t('emptyText')} action={filtered && <Button size="small" onClick={clear}>{t('clear')}</Button>} />
      )}
      {entries.length > 0 && <Table label={t('title')} columns={columns} rows={entries} rowKey={(e) => e.id} rowClass={(e) => (e.id === entry ? 'aimed' : undefined)} maxHeight="calc(100dvh - 150px)" rowHeight={phone ? 46 : 32} />}
      {audit.hasNextPage && entries.length > 0 && (
        <div className="flex items-center gap-3 border-t border-line px-3.5 py-2">
          <Button size="small" busy={audit.isFetchingNextPage && t('loading')} onClick={() => void audit.fetchNextPage()}>{t('older')}</Button>
          <span className="cap">{t('shown', { count: entries.length })}</span>
        </div>
      )}
    </section>
  )
}

const tones: Record<Outcome, Tone> = { done: 'plain', refused: 'warn', dropped: 'warn', failed: 'crit' }

function useColumns(phone: boolean): Column<AuditEntry>[] {
  const { t } = useTranslation('audit')
  const f = useFormat()
  const time = (e: AuditEntry) => <time dateTime={e.at} title={f.full(Date.parse(e.at))} className="text-text2">{f.time(Date.parse(e.at))}</time>
  if (phone) {
    return [
      { id: 'action', title: t('column.action'), cell: (e) => <><Action entry={e} /><Target entry={e} /></> },
      { id: 'result', title: t('column.result'), numeric: true, cell: (e) => <><Result entry={e} /><span className="block text-sm">{time(e)}</span></> },
    ]
  }
  return [
    { id: 'at', title: t('column.at'), width: 120, cell: time },
    { id: 'action', title: t('column.action'), cell: (e) => <Action entry={e} /> },
    { id: 'target', title: t('column.target'), className: 'max-w-90', cell: (e) => <Target entry={e} /> },
    { id: 'actor', title: t('column.actor'), cell: (e) => <span className="text-text2">{e.actor}</span> },
    { id: 'ip', title: t('column.ip'), cell: (e) => <span className="mono text-text3">{e.ip || '–'}</span> },
    { id: 'result', title: t('column.result'), width: 110, cell: (e) => <Result entry={e} /> },
  ]
}

function Action({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation('audit')
  const key = actionKey(entry.action)
  return key ? <span className="b" title={entry.action}>{t(`action.${key}`)}</span> : <span className="mono">{entry.action}</span>
}

function Target({ entry }: { entry: AuditEntry }) {
  const text = [entry.target, entry.detail].filter(Boolean).join(' · ')
  return <span className="ell block max-w-52 text-text2 md:max-w-90" title={text}>{text || '–'}</span>
}

function Result({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation('audit')
  const result = outcome(entry)
  if (result === 'done') return <span className="text-text3">{t('outcome.done')}</span>
  return <Pill tone={tones[result]} title={entry.status ? `HTTP ${entry.status}` : undefined}>{t(`outcome.${result}`)}</Pill>
}
