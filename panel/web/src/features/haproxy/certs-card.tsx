import { Ellipsis, Plus, RefreshCw, Trash2, Upload } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Cert, CertChanged } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { ConfirmDanger } from '../../components/confirm-danger'
import { EmptyState } from '../../components/empty-state'
import { Menu } from '../../components/menu'
import { Pill } from '../../components/pill'
import { type Column, Table } from '../../components/table'
import { notify } from '../../components/toast'
import { UsageBar } from '../../components/usage-bar'
import { api } from '../../lib/api'
import { useFormat } from '../../lib/use-format'
import { useSay } from '../../lib/words'
import { CertDrawer } from './cert-drawer'
import { useProblem } from './parts'
import { base, slow, useRefresh } from './queries'
import { Renewal } from './renewal'

/** Amber from here on; renewal by itself begins a month before the end. */
const soon = 21
const whole = 90
/** What the agent says in place of a rule where something else in the file names the certificate. */
const byConfiguration = 'the configuration'

const level = (c: Cert) => (c.expired || c.problem ? 'crit' : c.days_left <= soon ? 'warn' : '')

/** Certificates of the node, the one that expires first at the top. */
export function CertsCard({ id, certs, offline, readOnly }: { id: number; certs: Cert[]; offline: boolean; readOnly: boolean }) {
  const { t } = useTranslation('haproxy')
  const f = useFormat()
  const say = useSay()
  const refresh = useRefresh(id)
  const problem = useProblem()
  const [making, setMaking] = useState<'issue' | 'upload' | null>(null)
  const [removed, setRemoved] = useState<Cert | null>(null)
  const [renewing, setRenewing] = useState<string | null>(null)
  const fixed = offline || readOnly
  const expired = certs.filter((c) => c.expired).length
  const renew = async (domain: string) => {
    setRenewing(domain)
    try {
      const said = await api.post<CertChanged>(`${base(id)}/certs/${domain ? `${encodeURIComponent(domain)}/` : ''}renew`, undefined, slow)
      notify.success(domain ? t('certs.renewed', { domain }) : t('certs.allRenewed', { count: said.renewed_domains?.length ?? 0 }))
    } catch (error) {
      notify.error(t('certs.renewFailed'), problem(error))
    }
    setRenewing(null)
    refresh()
  }
  const remove = async (c: Cert) => {
    await api.delete(`${base(id)}/certs/${encodeURIComponent(c.domain)}`)
    notify.success(t('certs.removed', { domain: c.domain }))
    refresh()
  }
  const columns: Column<Cert>[] = [
    { id: 'domain', title: t('certs.domain'), sortBy: (c) => c.domain, cell: (c) => <div className="hrule"><b className="ell" title={c.names.join(', ')}>{c.domain}</b>{c.problem && <span className="cap crit ell" title={say(c.problem_words, c.problem)}>{say(c.problem_words, c.problem)}</span>}</div> },
    { id: 'days', title: t('certs.days'), sortBy: (c) => c.days_left, cell: (c) => (
      <span className="hdays"><UsageBar percent={(100 * c.days_left) / whole} level={level(c)} /><b className={level(c) || undefined}>{c.expired ? t('certs.expired') : f.days(c.days_left * 86400)}</b></span>
    ) },
    { id: 'expires', title: t('certs.expires'), className: 'hide-s', cell: (c) => <span className="t2">{f.date(Date.parse(c.expiry_date))}</span> },
    { id: 'issuer', title: t('certs.issuer'), className: 'hide-s', cell: (c) => <span className="t2">{c.issuer}{c.source === 'certbot' && ` · certbot`}</span> },
    { id: 'used', title: t('certs.used'), className: 'hide-s', cell: (c) => (c.used_by.length > 0 ? c.used_by.map((u) => (u === byConfiguration ? t('certs.byConfiguration') : u)).join(', ') : <span className="t3">{t('certs.unused')}</span>) },
    { id: 'menu', title: '', width: 40, cell: (c) => (
      <Menu trigger={<IconButton icon={Ellipsis} size="small" label={t('certs.menu', { domain: c.domain })} />} items={[
        { label: t('certs.renew'), icon: RefreshCw, disabled: fixed || !c.renewable || renewing !== null, onSelect: () => void renew(c.domain) },
        { label: t('certs.remove'), icon: Trash2, danger: true, separated: true, disabled: fixed || c.source !== 'agent' || c.used_by.length > 0, onSelect: () => setRemoved(c) },
      ]} />
    ) },
  ]
  return (
    <Card title={t('certs.title')} note={certs.length > 0 && <span className="row">{certs.length}{expired > 0 && <Pill tone="crit">{t('certs.expiredCount', { count: expired })}</Pill>}</span>} flush actions={
      <>
        {certs.some((c) => c.renewable) && <Button size="small" kind="ghost" icon={RefreshCw} disabled={fixed} busy={renewing === '' && t('certs.renewing')} onClick={() => void renew('')}>{t('certs.renewAll')}</Button>}
        <Button size="small" icon={Upload} disabled={fixed} onClick={() => setMaking('upload')}>{t('certs.upload')}</Button>
        <Button size="small" icon={Plus} disabled={fixed} onClick={() => setMaking('issue')}>{t('certs.issue')}</Button>
      </>
    }>
      {certs.length === 0 ? <EmptyState title={t('certs.none')} text={t('certs.noneText')} /> : <Table label={t('certs.title')} columns={columns} rows={certs} rowKey={(c) => `${c.source} ${c.domain}`} rowHeight={certs.some((c) => c.problem) ? 46 : 36} />}
      <Renewal id={id} offline={offline} readOnly={readOnly} />
      {making && <CertDrawer id={id} kind={making} onClose={() => setMaking(null)} />}
      {removed && <ConfirmDanger open onOpenChange={(open) => !open && setRemoved(null)} title={t('certs.removeTitle', { domain: removed.domain })} consequence={t('certs.removeText')} verb={t('certs.remove')} busy={t('busy')} onConfirm={() => remove(removed)} />}
    </Card>
  )
}
