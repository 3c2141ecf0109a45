import { useQueryClient } from '@tanstack/react-query'
import { Lock, Plus, ShieldCheck, ShieldOff, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FirewallRule, FirewallStatus } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { Dialog } from '../../components/dialog'
import { EmptyState } from '../../components/empty-state'
import { Pill, Tag } from '../../components/pill'
import { type Column, Table } from '../../components/table'
import { api } from '../../lib/api'
import { heldKey, holdSeconds, useHeld } from '../../lib/held'
import { FirewallDrawer } from './firewall-drawer'
import { Problem } from './parts'
import { base, slow, useRefresh, useSubmit } from './queries'

type Asked = { op: 'enable' | 'disable' } | { op: 'delete'; rule: FirewallRule }

/** UFW as it prints itself. A change is proved by a new connection, then a person keeps it; else the server takes it back. */
export function FirewallCard({ id, status: s, rules, offline, readOnly }: { id: number; status: FirewallStatus; rules: FirewallRule[]; offline: boolean; readOnly: boolean }) {
  const { t } = useTranslation('haproxy')
  const waits = useHeld().data?.some((c) => c.server_id === id && c.outcome === '') ?? false // the node takes one change at a time
  const fixed = offline || readOnly || waits
  const [adding, setAdding] = useState(false)
  const [asked, setAsked] = useState<Asked | null>(null)
  const columns: Column<FirewallRule>[] = [
    { id: 'number', title: t('fw.number'), width: 40, cell: (r) => <span className="t3">{r.number}</span> },
    { id: 'action', title: t('fw.action'), cell: (r) => <b className={r.action === 'ALLOW' ? 'ok' : r.action === 'LIMIT' ? 'warn' : 'crit'}>{`${r.action.toLowerCase()} ${r.direction.toLowerCase()}`}</b> },
    { id: 'to', title: t('fw.to'), cell: (r) => <span className="mono">{r.to}</span> },
    { id: 'from', title: t('fw.from'), cell: (r) => <span className="mono t2">{r.from}</span> },
    { id: 'note', title: t('fw.note'), className: 'hide-s', cell: (r) => <span className="t3">{r.comment}</span> },
    { id: 'menu', title: '', width: 40, cell: (r) => (r.read_only
      ? <Tag title={t('fw.readOnly')}><Lock size={11} aria-label={t('fw.readOnly')} /></Tag>
      : <IconButton icon={Trash2} size="small" label={t('fw.deleteRule', { number: r.number })} disabled={fixed} onClick={() => setAsked({ op: 'delete', rule: r })} />) },
  ]
  return (
    <Card flush title={<span className="row">{t('fw.title')}<Pill tone={!s.installed ? 'plain' : s.active ? 'ok' : 'warn'}>{t(!s.installed ? 'fw.absent' : s.active ? 'fw.active' : 'fw.inactive')}</Pill></span>}
      note={s.active && <span className="hide-s">{t('fw.defaults', { incoming: s.default_incoming, outgoing: s.default_outgoing })}</span>}
      actions={s.installed && (
        <>
          {s.active ? <Button size="small" kind="ghost" icon={ShieldOff} disabled={fixed} onClick={() => setAsked({ op: 'disable' })}>{t('fw.disable')}</Button>
            : <Button size="small" icon={ShieldCheck} disabled={fixed} onClick={() => setAsked({ op: 'enable' })}>{t('fw.enable')}</Button>}
          <Button size="small" icon={Plus} disabled={readOnly || waits} onClick={() => setAdding(true)}>{t('fw.add')}</Button>
        </>
      )}>
      {s.error && <p className="field-note p-3 crit" role="status">{s.error}</p>}
      {rules.length === 0 ? <EmptyState title={t(s.active ? 'fw.none' : 'fw.off')} text={t(s.installed ? 'fw.offText' : 'fw.absentText')} /> : <Table label={t('fw.title')} columns={columns} rows={rules} rowKey={(r) => r.number} />}
      {adding && <FirewallDrawer id={id} offline={offline} onClose={() => setAdding(false)} />}
      {asked && <Ask id={id} asked={asked} onClose={() => setAsked(null)} />}
    </Card>
  )
}

function Ask({ id, asked, onClose }: { id: number; asked: Asked; onClose: () => void }) {
  const { t } = useTranslation('haproxy')
  const client = useQueryClient()
  const refresh = useRefresh(id)
  const { busy, error, run } = useSubmit()
  const rule = asked.op === 'delete' ? asked.rule : null
  const text = rule && `${rule.to} ${rule.action} ${rule.from}` // as the agent compares it: numbers shift
  const submit = () => void run(async () => {
    try {
      if (rule) await api.delete(`${base(id)}/firewall/rule/${rule.number}`, { params: { expect: text, hold: holdSeconds }, ...slow })
      else await api.post(`${base(id)}/firewall/${asked.op}`, undefined, { params: { hold: holdSeconds }, ...slow })
      onClose()
    } finally {
      refresh()
      void client.invalidateQueries({ queryKey: heldKey })
    }
  })
  return (
    <Dialog open onOpenChange={(open) => !open && !busy && onClose()} title={t(`fw.${asked.op}Title`)} description={t(`fw.${asked.op}Text`)} onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" autoFocus disabled={busy} onClick={onClose}>{t('cancel')}</Button>
          <Button kind={asked.op === 'enable' ? 'main' : 'danger-solid'} type="submit" busy={busy && t('fw.proving')}>{t(`fw.${asked.op}`)}</Button>
        </>
      }>
      {text && <p className="mono">{text}</p>}
      <p className="field-note">{t('fw.safe', { n: holdSeconds })}</p>
      <Problem error={error} />
    </Dialog>
  )
}
