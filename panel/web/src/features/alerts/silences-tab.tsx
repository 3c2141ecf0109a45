import { BellOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Silence } from '../../api/types'
import { Button } from '../../components/button'
import { Card } from '../../components/card'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { SkeletonRows } from '../../components/skeleton'
import { type Column, Table } from '../../components/table'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { useServers } from '../../lib/fleet'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { usePhone } from '../../lib/use-narrow'
import { useEndSilence, useSilences } from './queries'
import { alertTypes } from './triggers'
import { useTypeName } from './type-name'

const shownServers = 4
const tick = 15_000

/** What is kept quiet, why and until when. */
export function SilencesTab({ onNew }: { onNew: () => void }) {
  const { t } = useTranslation('alerts')
  const silences = useSilences()
  const add = <Button icon={BellOff} onClick={onNew}>{t('silence.new')}</Button>
  return (
    <Card flush title={t('silences.title')} note={<span className="cap">{silences.data?.length || undefined}</span>}>
      <div className="min-h-67">
        {silences.isPending && <SkeletonRows rows={4} columns={4} />}
        {silences.isError && !silences.data && <ErrorState error={silences.error} onRetry={() => void silences.refetch()} />}
        {silences.data?.length === 0 && <EmptyState title={t('silences.empty')} text={t('silences.emptyText')} action={add} />}
        {silences.data && silences.data.length > 0 && <Rows silences={silences.data} />}
      </div>
    </Card>
  )
}

function Rows({ silences }: { silences: Silence[] }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const errorText = useErrorText()
  const now = useNow(tick)
  const phone = usePhone()
  const end = useEndSilence()
  const stop = (s: Silence) => end.mutate(s.id, { onSuccess: () => notify.success(t('silences.ended'), s.reason), onError: (e) => notify.error(t('silences.notEnded'), errorText(e).text) })
  const left = (s: Silence) => <span title={f.full(Date.parse(s.ends_at))}>{t('silences.left', { time: f.duration((Date.parse(s.ends_at) - now) / 1000) })}</span>
  const button = (s: Silence) => <Button size="small" disabled={end.isPending && end.variables === s.id} onClick={() => stop(s)}>{t('silences.end')}</Button>
  const columns: Column<Silence>[] = phone
    ? [
        { id: 'what', title: t('silences.what'), className: 'wrap', cell: (s) => <><What silence={s} /><div className="text-text2 sm">{s.reason}</div><div className="text-text3 sm">{left(s)}</div></> },
        { id: 'end', title: '', numeric: true, cell: button },
      ]
    : [
        { id: 'what', title: t('silences.what'), className: 'wrap', cell: (s) => <What silence={s} /> },
        { id: 'reason', title: t('silences.reason'), className: 'wrap', cell: (s) => s.reason },
        { id: 'since', title: t('silences.since'), cell: (s) => <span className="text-text2">{f.time(Date.parse(s.created_at), now)}</span> },
        { id: 'left', title: t('silences.ends'), cell: (s) => <>{f.time(Date.parse(s.ends_at), now)} <span className="text-text3">{left(s)}</span></> },
        { id: 'end', title: '', numeric: true, cell: button },
      ]
  return <Table label={t('silences.title')} columns={columns} rows={silences} rowKey={(s) => s.id} rowHeight={46} />
}

function What({ silence }: { silence: Silence }) {
  const { t } = useTranslation('alerts')
  const { t: common } = useTranslation('components')
  const typeName = useTypeName()
  const servers = useServers().data ?? []
  const names = silence.server_ids.map((id) => servers.find((s) => s.id === id)?.name ?? `#${id}`)
  const byName = silence.matchers.find((m) => m.name === 'alertname' && m.is_equal && !m.is_regex)
  const others = silence.matchers.filter((m) => m !== byName && !(m.name === 'server' && names.length > 0))
  return (
    <span className="flex flex-wrap items-center gap-1">
      {byName ? <span className="b">{typeName(byName.value)}</span> : silence.matchers.length === 0 && <span className="b">{t('silences.maintenance')}</span>}
      {names.slice(0, shownServers).map((name) => <Pill key={name}>{name}</Pill>)}
      {names.length > shownServers && <Pill title={names.join(', ')}>{common('more', { count: names.length - shownServers })}</Pill>}
      {byName && names.length === 0 && alertTypes.includes(byName.value) && <span className="t3">{t('silences.everywhere')}</span>}
      {others.map((m) => <Pill key={m.name + m.value}><span className="mono">{`${m.name}${m.is_equal ? '=' : '!='}${m.is_regex ? '~' : ''}${m.value}`}</span></Pill>)}
    </span>
  )
}
