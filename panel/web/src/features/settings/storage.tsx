import { useTranslation } from 'react-i18next'
import type { StorageResponse, StorageTier } from '../../api/types'
import { Card } from '../../components/card'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { Value } from '../../components/quantity'
import { SkeletonRows } from '../../components/skeleton'
import { StateGlyph } from '../../components/state-glyph'
import { Table } from '../../components/table'
import { sentence } from '../../lib/error-text'
import { text } from '../../lib/format'
import { useFormat } from '../../lib/use-format'
import { useStorage } from './queries'

/** What the history of metrics takes of the disk, what it will take, and what is wrong with it. */
export function Storage() {
  const { t } = useTranslation('settings')
  const storage = useStorage()
  const s = storage.data
  const pill = s && (s.read_only ? <Pill tone="crit">{t('storage.readOnly')}</Pill> : s.quarantined.length > 0 ? <Pill tone="warn">{t('storage.damaged')}</Pill> : null)
  return (
    <Card flush title={t('storage.title')} actions={pill}>
      <div className="min-h-52">
        {storage.isPending && <SkeletonRows rows={6} columns={4} />}
        {storage.isError && !s && <ErrorState error={storage.error} onRetry={() => void storage.refetch()} />}
        {s?.tiers?.length === 0 && <EmptyState title={t('storage.empty')} text={t('storage.emptyText')} />}
        {s?.tiers && s.tiers.length > 0 && <Loaded storage={s} />}
      </div>
    </Card>
  )
}

/** The bytes of all tiers and of the log, now and once every tier is as old as it may get; a tier too young to tell counts as it is. */
export function totals(s: StorageResponse): { now: number; later: number; certain: boolean } {
  const now = s.wal_bytes + s.tiers.reduce((sum, tier) => sum + tier.bytes, 0)
  const later = s.wal_bytes + s.tiers.reduce((sum, tier) => sum + Math.max(tier.bytes, tier.forecast_bytes ?? 0), 0)
  return { now, later, certain: s.tiers.every((tier) => tier.forecast_bytes != null) }
}

/** Why the store will not be able to keep what it should: the limit or the disk is too small. */
export function shortage(s: StorageResponse): 'budget' | 'disk' | null {
  const { now, later } = totals(s)
  if (s.budget_bytes > 0 && later > s.budget_bytes) return 'budget'
  return later - now > s.free_bytes ? 'disk' : null
}

function Loaded({ storage: s }: { storage: StorageResponse }) {
  const { t } = useTranslation('settings')
  const f = useFormat()
  const { now, later, certain } = totals(s)
  const short = shortage(s)
  return (
    <>
      <Disk storage={s} metrics={now} />
      {s.read_only && <Notice state="critical" title={t('storage.readOnlyTitle')}>{t('storage.readOnlyText')}</Notice>}
      {short && <Notice state="attention" title={t(`storage.short.${short}`)}>{t('storage.shortText', { later: text(f.bytes(later)), limit: text(f.bytes(short === 'budget' ? s.budget_bytes : s.free_bytes + now)) })}</Notice>}
      {s.quarantined.map((q) => (
        <Notice key={`${q.tier} ${q.partition}`} state="attention" title={t('storage.quarantined', { month: monthOf(q.partition), tier: q.tier })}>
          {`${sentence(q.reason)} ${t('storage.quarantinedSince', { time: f.time(Date.parse(q.time)) })}`}
        </Notice>
      ))}
      <Tiers tiers={s.tiers} />
      <dl className="flex flex-wrap gap-x-6 gap-y-1 px-3.5 py-2 text-sm text-text2">
        <Pair name={t('storage.log')}><Value of={f.bytes(s.wal_bytes)} /></Pair>
        <Pair name={t(certain ? 'storage.later' : 'storage.laterAtLeast')}><Value of={f.bytes(later)} /></Pair>
        {s.budget_bytes > 0 && <Pair name={t('storage.budget')}><Value of={f.bytes(s.budget_bytes)} /></Pair>}
      </dl>
    </>
  )
}

/** Metrics, other files and free space of the disk, as a bar and in words. */
function Disk({ storage: s, metrics }: { storage: StorageResponse; metrics: number }) {
  const { t } = useTranslation('settings')
  const f = useFormat()
  const other = Math.max(0, s.total_bytes - s.free_bytes - metrics)
  const share = (bytes: number) => `${Math.min(100, (100 * bytes) / Math.max(1, s.total_bytes))}%`
  return (
    <div className="border-b border-line px-3.5 pt-1 pb-3">
      <p className="mb-2">
        <b className="text-lg font-semibold"><Value of={f.bytes(metrics)} /></b>
        <span className="ml-2 text-text2">{t('storage.free', { free: text(f.bytes(s.free_bytes)), total: text(f.bytes(s.total_bytes)) })}</span>
      </p>
      <span className="flex h-2 overflow-hidden rounded-[3px] bg-[var(--bar-bg)]" aria-hidden>
        <i style={{ width: share(metrics), minWidth: metrics > 0 ? 2 : 0, background: 'var(--s-a)' }} />
        <i style={{ width: share(other), background: 'var(--bar)' }} />
      </span>
      <p className="mt-1.5 flex flex-wrap gap-x-4 text-xs text-text3" aria-hidden>
        <Key color="var(--s-a)">{t('storage.metrics')}</Key>
        <Key color="var(--bar)">{t('storage.other')}</Key>
        <Key color="var(--bar-bg)">{t('storage.freeKey')}</Key>
      </p>
    </div>
  )
}

function Tiers({ tiers }: { tiers: StorageTier[] }) {
  const { t } = useTranslation('settings')
  const f = useFormat()
  const step = (tier: StorageTier) => (tier.resolution_seconds > 0 ? t('storage.every', { step: f.duration(tier.resolution_seconds) }) : t('storage.scraped'))
  return (
    <Table label={t('storage.tiers')} rows={tiers} rowKey={(tier) => tier.name} columns={[
      { id: 'name', title: t('storage.detail'), cell: (tier) => <span title={tier.name}>{step(tier)}</span> },
      { id: 'kept', title: t('storage.kept'), numeric: true, cell: (tier) => f.days(tier.retention_days * 86_400) },
      { id: 'oldest', title: t('storage.since'), numeric: true, className: 'hide-s', cell: (tier) => <span className="text-text2">{tier.oldest ? f.date(Date.parse(tier.oldest)) : '–'}</span> },
      { id: 'now', title: t('storage.now'), numeric: true, cell: (tier) => <Value of={f.bytes(tier.bytes)} /> },
      { id: 'forecast', title: t('storage.forecast'), numeric: true, cell: (tier) => <span title={tier.forecast_bytes == null ? t('storage.tooYoung') : undefined}><Value of={f.bytes(tier.forecast_bytes)} /></span> },
    ]} />
  )
}

function Notice({ state, title, children }: { state: 'critical' | 'attention'; title: string; children: string }) {
  return (
    <div className="flex gap-2.5 border-b border-line px-3.5 py-2" role="status">
      <span className="mt-1"><StateGlyph state={state} quiet /></span>
      <p className="min-w-0 wrap-anywhere"><b className="font-medium">{title}</b><span className="block text-sm text-text2">{children}</span></p>
    </div>
  )
}

function Pair({ name, children }: { name: string; children: React.ReactNode }) {
  return <div className="flex gap-1.5"><dt className="text-text3">{name}</dt><dd>{children}</dd></div>
}

function Key({ color, children }: { color: string; children: string }) {
  return <span className="inline-flex items-center gap-1.5"><i className="size-2 rounded-[2px]" style={{ background: color }} />{children}</span>
}

/** 2026_10, as the engine calls a month, is 2026-10 to people. */
export const monthOf = (partition: string): string => partition.replace(/^(\d{4})_(\d\d)$/, '$1-$2')
