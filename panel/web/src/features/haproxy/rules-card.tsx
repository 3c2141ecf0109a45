import { Ellipsis, Pencil, Plus, Power, PowerOff, Timer, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Certs, HAProxyRule, HAProxyRules, HAProxyStats, LastHourResponse } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { ConfirmDanger } from '../../components/confirm-danger'
import { EmptyState } from '../../components/empty-state'
import { Menu } from '../../components/menu'
import { Pill, Tag, type Tone } from '../../components/pill'
import { SearchField } from '../../components/search-field'
import { Spark } from '../../components/spark/spark'
import { type Column, Table } from '../../components/table'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { sentence } from '../../lib/error-text'
import { useFormat } from '../../lib/use-format'
import { useSay } from '../../lib/words'
import { useProblem } from './parts'
import { newest } from './hour'
import { base, deliverLater, frontendOf, slow, statsOf, useRefresh } from './queries'
import { RuleDrawer } from './rule-drawer'

interface RulesCardProps {
  id: number
  rules: HAProxyRules
  stats: HAProxyStats | undefined
  hour: LastHourResponse | undefined
  certs: Certs | null
  offline: boolean
  /** The owner of the server lets the panel only look. */
  readOnly: boolean
}

const tone = (status: string): Tone => (/^(UP|OPEN|no check)/.test(status) ? 'ok' : /^(DRAIN|MAINT|NOLB)/.test(status) ? 'warn' : 'crit')
const searched = (r: HAProxyRule) => `${r.name} ${r.listen_port} ${r.target_ip}:${r.target_port} ${r.cert_domain ?? ''}`.toLowerCase()

/** The rules between the markers of the file, with what goes through each at present. */
export function RulesCard({ id, rules, stats, hour, certs, offline, readOnly }: RulesCardProps) {
  const { t } = useTranslation('haproxy')
  const f = useFormat()
  const say = useSay()
  const refresh = useRefresh(id)
  const problem = useProblem()
  const [query, setQuery] = useState('')
  const [edited, setEdited] = useState<HAProxyRule | 'new' | null>(null)
  const [removed, setRemoved] = useState<HAProxyRule | null>(null)
  const closed = readOnly || Boolean(rules.problem)
  const traffic = (r: HAProxyRule) => hour?.frontends[frontendOf(r)]
  const set = async (r: HAProxyRule, state: string) => {
    const server = statsOf(stats, r).server
    try {
      await api.post(`${base(id)}/servers/${encodeURIComponent(server?.proxy ?? '')}/${encodeURIComponent(server?.server ?? '')}`, { state })
      notify.success(t('rules.stateSet', { name: r.name, state: t(`rules.${state}`) }))
    } catch (error) {
      notify.error(t('rules.stateFailed'), problem(error))
    }
    refresh()
  }
  const remove = async (r: HAProxyRule) => {
    if (offline) {
      await deliverLater(id, 'haproxy_rule_remove', { listen_port: r.listen_port, target_ip: r.target_ip, target_port: r.target_port })
      notify.success(t('later.done'))
    } else {
      await api.delete(`${base(id)}/rules/${encodeURIComponent(r.name)}`, { params: { if_config: rules.config_hash }, ...slow })
      notify.success(t('rules.removed', { name: r.name }))
    }
    refresh()
  }
  const columns: Column<HAProxyRule>[] = [
    { id: 'name', title: t('rules.name'), sortBy: (r) => r.name, cell: (r) => (
      <div className="hrule">
        <span className="row"><b className="ell">{r.name}</b><Tag title={t(`rules.type.${r.rule_type}`)}>{r.rule_type.toUpperCase()}</Tag>{r.send_proxy && <Tag title={t('form.send_proxy')}>{'PP'}</Tag>}{r.target_ssl && <Tag title={t('form.target_ssl')}>{'TLS'}</Tag>}{r.by_hand && <Tag title={t('rules.byHandHint')}>{t('rules.byHand')}</Tag>}</span>
        <span className="cap">{r.cert_domain || t('rules.noCert')}</span>
        <span className="mono cap only-s">{`:${r.listen_port} → ${r.target_ip}:${r.target_port}`}</span>
      </div>
    ) },
    { id: 'route', title: t('rules.route'), className: 'hide-s', sortBy: (r) => r.listen_port, cell: (r) => <span className="mono"><b>{`:${r.listen_port}`}</b> <span className="t3">→</span> <span className="t2">{`${r.target_ip}:${r.target_port}`}</span></span> },
    { id: 'state', title: t('rules.state'), cell: (r) => {
      const s = statsOf(stats, r).server
      return s ? <Pill tone={tone(s.status)} title={[s.check_status, t('rules.for', { time: f.duration(s.last_change_seconds) })].filter(Boolean).join(', ')}>{t(`rules.states.${s.status.split(' ')[0]}`, { defaultValue: s.status })}{s.check_millis > 0 && s.status.startsWith('UP') && ` ${t('rules.ms', { n: s.check_millis })}`}</Pill> : <span className="t3">—</span>
    } },
    { id: 'sessions', title: t('rules.sessions'), numeric: true, className: 'hide-s', sortBy: (r) => statsOf(stats, r).frontend?.sessions ?? null, cell: (r) => f.count(statsOf(stats, r).frontend?.sessions) },
    { id: 'rate', title: t('rules.rate'), numeric: true, className: 'hide-s', sortBy: (r) => newest(traffic(r)), cell: (r) => {
      const [line, rate] = [traffic(r), f.rateOfBytes(newest(traffic(r)))]
      return <span className="hrate" title={t('rules.perSecond', { n: f.count(statsOf(stats, r).frontend?.sessions_per_sec) })}><span>{rate.value}<span className="u">{rate.unit}</span></span>{line && <Spark values={line} height={14} />}</span>
    } },
    { id: 'menu', title: '', width: 40, cell: (r) => (
      <Menu trigger={<IconButton icon={Ellipsis} size="small" label={t('rules.menu', { name: r.name })} />} items={[
        { label: t('rules.edit'), icon: Pencil, disabled: closed, onSelect: () => setEdited(r) },
        { label: t('rules.ready'), icon: Power, separated: true, disabled: offline || readOnly || !statsOf(stats, r).server, onSelect: () => void set(r, 'ready') },
        { label: t('rules.drain'), icon: Timer, disabled: offline || readOnly || !statsOf(stats, r).server, onSelect: () => void set(r, 'drain') },
        { label: t('rules.maint'), icon: PowerOff, disabled: offline || readOnly || !statsOf(stats, r).server, onSelect: () => void set(r, 'maint') },
        { label: t('rules.remove'), icon: Trash2, danger: true, separated: true, disabled: closed, onSelect: () => setRemoved(r) },
      ]} />
    ) },
  ]
  const found = rules.rules.filter((r) => searched(r).includes(query.trim().toLowerCase()))
  const add = <Button size="small" icon={Plus} disabled={closed} onClick={() => setEdited('new')}>{t('rules.add')}</Button>
  return (
    <Card title={t('rules.title')} note={rules.rules.length || undefined} flush actions={<>{rules.rules.length > 5 && <SearchField label={t('rules.search')} value={query} onChange={setQuery} className="hsearch" shortcut />}{add}</>}>
      {rules.problem && <p className="field-note p-3 warn" role="status">{sentence(say(rules.problem_words, rules.problem))}</p>}
      {rules.rules.length === 0 ? <EmptyState title={t('rules.none')} text={t('rules.noneText')} />
        : found.length === 0 ? <p className="field-note p-3">{t('rules.nothing')}</p>
          : <Table label={t('rules.title')} columns={columns} rows={found} rowKey={(r) => r.name} rowHeight={46} />}
      {edited && <RuleDrawer id={id} rule={edited === 'new' ? null : edited} certs={certs} offline={offline} onClose={() => setEdited(null)} />}
      {removed && (
        <ConfirmDanger open onOpenChange={(open) => !open && setRemoved(null)} title={t('rules.removeTitle', { name: removed.name })} consequence={t(offline ? 'rules.removeLater' : 'rules.removeText', { port: removed.listen_port })}
          verb={offline ? t('later.do') : t('rules.remove')} busy={t('busy')} onConfirm={() => remove(removed)} />
      )}
    </Card>
  )
}
