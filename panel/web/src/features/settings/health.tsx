import { useTranslation } from 'react-i18next'
import type { HealthClickHouse, HealthResponse } from '../../api/types'
import { Card } from '../../components/card'
import { ErrorState } from '../../components/error-state'
import { EmptyState } from '../../components/empty-state'
import { Pill } from '../../components/pill'
import { Value } from '../../components/quantity'
import { SkeletonRows } from '../../components/skeleton'
import { StateGlyph } from '../../components/state-glyph'
import type { Quantity } from '../../lib/format'
import { sentence } from '../../lib/error-text'
import { useFormat } from '../../lib/use-format'
import { useHealth, useVersion } from './queries'

/** The panel's view of itself: is it fast enough, has it room, do its parts run. */
export function Health() {
  const { t } = useTranslation('settings')
  const health = useHealth()
  const version = useVersion().data?.panel.version
  const pill = health.data && <Pill tone={health.data.ok ? 'ok' : 'crit'}>{health.data.ok ? t('health.ok') : t('health.bad')}</Pill>
  return (
    <Card flush title={t('health.title')} note={version && t('health.version', { version })} actions={pill}>
      <div className="min-h-64">
        {health.isPending && <SkeletonRows rows={8} columns={2} />}
        {health.isError && !health.data && <ErrorState error={health.error} onRetry={() => void health.refetch()} />}
        {health.data?.items?.length === 0 && <EmptyState title={t('health.none')} text={t('health.noneText')} />}
        {health.data?.items && health.data.items.length > 0 && <Items health={health.data} />}
      </div>
    </Card>
  )
}

const known = ['scrape_lag', 'scrape_missed', 'samples_dropped', 'postgres', 'tsdb_disk', 'tsdb_series', 'tsdb_log', 'tsdb_quarantine', 'tsdb_budget', 'alert_rules', 'alert_lag', 'messages_waiting', 'visits_waiting', 'visits_dropped', 'disk_free']
const explained = ['scrape_lag', 'postgres', 'tsdb_log', 'tsdb_quarantine', 'tsdb_budget', 'alert_rules', 'alert_lag', 'messages_waiting', 'disk_free']

function Items({ health }: { health: HealthResponse }) {
  const { t } = useTranslation('settings')
  const f = useFormat()
  const figure = (value: number, unit: string): Quantity => {
    if (unit === 'bytes') return f.bytes(value)
    if (unit === 'seconds') return value < 1 ? { value: f.number(value * 1000, value < 0.01 ? 1 : 0), unit: t('health.ms') } : { value: f.number(value, 1), unit: t('health.s') }
    return { value: f.count(value), unit: '' }
  }
  const damaged = health.tsdb.quarantined ?? []
  const failures = health.alerts?.failures ?? []
  const facts: Record<string, Record<string, string>> = {
    tsdb_quarantine: { list: damaged.map((q) => `${q.partition.replace('_', '-')} (${q.tier})`).join(', '), reason: damaged[0]?.reason ?? '' },
    alert_rules: { list: failures.map((x) => x.name).join(', '), reason: failures[0]?.reason ?? '' },
    alert_lag: { group: health.alerts?.late_group ?? '' },
    messages_waiting: { reason: health.messages?.last_error ?? '' },
  }
  const explain = (name: string, detail: string) => (explained.includes(name) ? t(`health.detail.${name}`, facts[name] ?? {}) : sentence(detail))
  return (
    <ul>
      <li className="flex h-8 items-center gap-2.5 border-b border-line px-3.5">
        <StateGlyph quiet state="online" />
        <span className="grow">{t('health.targets')}</span>
        <span className="num">{t('health.targetsValue', { targets: f.count(health.scrape.targets), failing: f.count(health.scrape.failing) })}</span>
      </li>
      <Visits of={health.clickhouse} />
      {health.items.map((item) => (
        <li key={item.name} className="border-b border-line px-3.5 last:border-0">
          <div className="flex h-8 items-center gap-2.5">
            <StateGlyph state={item.ok ? 'online' : 'critical'} />
            <span className="grow">{known.includes(item.name) ? t(`health.item.${item.name}`) : item.name}</span>
            <span className="num"><Value of={figure(item.value, item.unit)} /></span>
          </div>
          {item.detail && <p className="pb-2 pl-5 text-sm break-words text-crit">{explain(item.name, item.detail)}</p>}
        </li>
      ))}
      {health.children.map((child) => (
        <li key={child.name} className="flex h-8 items-center gap-2.5 border-b border-line px-3.5 last:border-0">
          <StateGlyph quiet state={child.up ? 'online' : 'offline'} />
          <span className="grow">{t('health.child', { name: child.name })}</span>
          <span className="num">{child.up ? t('health.up') : t('health.down')}</span>
        </li>
      ))}
    </ul>
  )
}

/** Where visits are kept: an embedded engine that may not be installed, or a server of one's own. */
function Visits({ of }: { of: HealthClickHouse | undefined }) {
  const { t } = useTranslation('settings')
  if (!of) return null // a panel that is older than this page
  const state = of.up ? (of.embedded ? 'up' : 'server') : of.installed ? 'down' : 'missing'
  return (
    <li className="border-b border-line px-3.5">
      <div className="flex h-8 items-center gap-2.5">
        <StateGlyph quiet={of.up || !of.installed} state={of.up ? 'online' : of.installed ? 'critical' : 'disabled'} />
        <span className="grow">{t('health.visits.title')}</span>
        <span className="num">{t(`health.visits.${state}`)}</span>
      </div>
      {!of.up && <p className="pb-2 pl-5 text-sm break-words text-muted">{of.installed ? sentence(of.detail) : t('health.visits.install')}</p>}
    </li>
  )
}
