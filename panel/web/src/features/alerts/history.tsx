import { Check, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import type { HistoryItem } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { ConfirmDanger } from '../../components/confirm-danger'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Select } from '../../components/field'
import { SkeletonRows } from '../../components/skeleton'
import { StateGlyph } from '../../components/state-glyph'
import { type Column, Table } from '../../components/table'
import { notify } from '../../components/toast'
import { chartLink } from '../../lib/alerts'
import { useServers } from '../../lib/fleet'
import { useFormat } from '../../lib/use-format'
import { usePhone } from '../../lib/use-narrow'
import { DaysChart } from './days-chart'
import { glyphOf } from './group-alerts'
import { useClearHistory, useHistory, useHistoryDays } from './queries'
import { alertTypes, chartOfType } from './triggers'
import { useTypeName } from './type-name'

const kept = 30

/** What happened: events per day, then line by line, with filters that live in the address. */
export function History() {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const [params, setParams] = useSearchParams()
  const type = params.get('type') ?? ''
  const serverId = Number(params.get('server')) || null
  const [asking, setAsking] = useState(false)
  const history = useHistory(serverId, type)
  const days = useHistoryDays().data ?? []
  const clear = useClearHistory()
  const items = history.data?.pages.flatMap((p) => p.items) ?? []
  const total = history.data?.pages.at(-1)?.total ?? 0
  const filtered = type !== '' || serverId !== null
  const set = (name: string, value: string) => setParams((old) => {
    const next = new URLSearchParams(old)
    if (value) next.set(name, value)
    else next.delete(name)
    return next
  }, { replace: true })
  const confirm = async () => {
    const { deleted } = await clear.mutateAsync(undefined)
    notify.success(t('history.cleared', { count: deleted }))
  }
  return (
    <Card flush title={t('history.title')} note={<span className="cap">{history.data && t('history.count', { count: total, value: f.count(total), days: kept })}</span>}
      actions={
        <span className="row history-filters">
          <TypeFilter value={type} onChange={(v) => set('type', v)} />
          <ServerFilter value={serverId} onChange={(v) => set('server', v)} />
          {total > 0 && <IconButton size="small" icon={Trash2} label={t('history.clear')} onClick={() => setAsking(true)} />}
        </span>
      }>
      <div className="min-h-67">
        {history.isPending && <SkeletonRows rows={8} columns={4} />}
        {history.isError && !history.data && <ErrorState error={history.error} onRetry={() => void history.refetch()} />}
        {history.data && !filtered && days.length > 0 && <DaysChart days={days} count={kept} />}
        {history.data && items.length === 0 && (
          <EmptyState title={t(filtered ? 'history.noMatch' : 'history.empty')} text={t(filtered ? 'history.noMatchText' : 'history.emptyText')}
            action={filtered && <Button size="small" onClick={() => setParams({}, { replace: true })}>{t('history.clearFilters')}</Button>} />
        )}
        {items.length > 0 && <Lines items={items} />}
        {history.hasNextPage && (
          <div className="flex items-center gap-3 border-t border-line px-3.5 py-2">
            <Button size="small" busy={history.isFetchingNextPage && t('history.loading')} onClick={() => void history.fetchNextPage()}>{t('history.older')}</Button>
            <span className="cap">{t('history.shown', { shown: f.count(items.length), all: f.count(total) })}</span>
          </div>
        )}
      </div>
      <ConfirmDanger open={asking} onOpenChange={setAsking} title={t('history.clearTitle')} consequence={t('history.clearText')} verb={t('history.clearVerb')} busy={t('history.clearing')} onConfirm={confirm} />
    </Card>
  )
}

function TypeFilter({ value, onChange }: { value: string; onChange: (type: string) => void }) {
  const { t } = useTranslation('alerts')
  const typeName = useTypeName()
  const types = value && !alertTypes.includes(value) ? [...alertTypes, value] : alertTypes
  return (
    <Select aria-label={t('history.type')} value={value} onChange={(e) => onChange(e.target.value)}>
      <option value="">{t('history.allTypes')}</option>
      {types.map((type) => <option key={type} value={type}>{typeName(type)}</option>)}
    </Select>
  )
}

function ServerFilter({ value, onChange }: { value: number | null; onChange: (id: string) => void }) {
  const { t } = useTranslation('alerts')
  const servers = useServers().data ?? []
  return (
    <Select aria-label={t('history.server')} value={value ?? ''} onChange={(e) => onChange(e.target.value)}>
      <option value="">{t('history.allServers')}</option>
      {servers.map((s) => <option key={s.id} value={s.id}>{s.name}</option>)}
    </Select>
  )
}

function Lines({ items }: { items: HistoryItem[] }) {
  const { t } = useTranslation('alerts')
  const phone = usePhone()
  const columns = useColumns(phone)
  return <Table label={t('history.title')} columns={columns} rows={items} rowKey={(i) => i.id} rowHeight={phone ? 58 : 32} maxHeight="60vh" />
}

function useColumns(phone: boolean): Column<HistoryItem>[] {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const message = (i: HistoryItem) => (f.language === 'ru' ? i.message_ru : i.message_en) || i.message // lines of older panels have one language
  const glyph = (i: HistoryItem) => <StateGlyph state={glyphOf(i.alert_type, i.severity)} />
  const time = (i: HistoryItem) => <time dateTime={i.created_at} title={f.full(Date.parse(i.created_at))} className="text-text2">{f.time(Date.parse(i.created_at))}</time>
  const lasted = (i: HistoryItem) => (i.ended_at ? f.duration((Date.parse(i.ended_at) - Date.parse(i.created_at)) / 1000) : i.alert_type === 'recovery' || i.severity === 'info' ? '' : t('history.lasts'))
  if (phone) {
    return [
      { id: 'glyph', title: '', width: 20, cell: glyph },
      { id: 'what', title: t('history.what'), className: 'max-w-0 w-full', cell: (i) => <><span className="row"><span className="grow ell"><ServerName item={i} /></span><span className="sm">{time(i)}</span></span><span className="ell block text-sm text-text2">{message(i)}</span></> },
    ]
  }
  return [
    { id: 'glyph', title: '', width: 20, cell: glyph },
    { id: 'time', title: t('history.time'), width: 116, cell: time },
    { id: 'server', title: t('history.server'), className: 'max-w-44', cell: (i) => <span className="ell block"><ServerName item={i} /></span> },
    { id: 'what', title: t('history.what'), className: 'max-w-0 w-full', cell: (i) => <span className="ell block" title={message(i)}>{message(i)}</span> },
    { id: 'lasted', title: t('history.lasted'), numeric: true, cell: (i) => <span className="text-text2">{lasted(i)}</span> },
    { id: 'told', title: t('history.told'), cell: (i) => (i.notified ? <Check size={14} className="text-text3" aria-label={t('history.sent')} /> : <span className="text-text3" title={t('history.notSent')}>–</span>) },
  ]
}

/** A link to the chart of that time, while the server exists. */
function ServerName({ item }: { item: HistoryItem }) {
  const { t } = useTranslation('alerts')
  const known = useServers().data?.some((s) => s.id === item.server_id)
  const chart = chartOfType(item.alert_type)
  const name = item.server_name || t('active.panel')
  if (!known || item.server_id === null) return <span className="b">{name}</span>
  const to = chart ? chartLink({ serverId: item.server_id, chart, threshold: thresholdOf(item, chart), type: item.alert_type, from: Date.parse(item.created_at), to: item.ended_at ? Date.parse(item.ended_at) : null }) : `/servers/${item.server_id}`
  return <Link className="b" to={to}>{name}</Link>
}

const bitsPerByte = 8

/** The limit in the unit of the chart; the chart of the connection table counts entries and not percent. */
export function thresholdOf(item: Pick<HistoryItem, 'details'>, chart: string): number | null {
  try {
    const { threshold } = JSON.parse(item.details) as { threshold?: number }
    if (threshold == null || chart === 'conntrack') return null
    return chart === 'network' ? threshold * bitsPerByte : threshold
  } catch {
    return null
  }
}
