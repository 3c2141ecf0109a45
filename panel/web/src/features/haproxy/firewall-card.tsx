import { useQueryClient } from '@tanstack/react-query'
import { Lock, Plus, ShieldCheck, ShieldOff, Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FirewallRule, FirewallStatus, OperationItem } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { Dialog } from '../../components/dialog'
import { EmptyState } from '../../components/empty-state'
import { Pill, Tag } from '../../components/pill'
import { type Column, Table } from '../../components/table'
import { notify } from '../../components/toast'
import { useDecide } from '../../components/use-decide'
import { api } from '../../lib/api'
import { sentence } from '../../lib/error-text'
import { heldKey, holdSeconds, useHeld } from '../../lib/held'
import { useOperations } from '../../lib/operations'
import { useSay } from '../../lib/words'
import { FirewallDrawer } from './firewall-drawer'
import { Problem } from './parts'
import { base, deliverLater, isAway, slow, useRefresh, useSubmit } from './queries'

type Asked = { op: 'enable' | 'disable' } | { op: 'delete'; rule: FirewallRule }

/** As the panel words the deletion of a rule that waits: the payload is not told. */
const said = (r: FirewallRule) => `${r.to} ${r.action} ${r.direction} ${r.from}`

interface FirewallCardProps {
  id: number
  /** The port that lets the panel in: the agent refuses to close it. */
  panelPort: number
  status: FirewallStatus
  rules: FirewallRule[]
  offline: boolean
  /** The owner of the server lets the panel only look. */
  readOnly: boolean
}

/** UFW as it prints itself. A change is proved by a new connection, then a person keeps it; else the server takes it back. */
export function FirewallCard({ id, panelPort, status: s, rules, offline, readOnly }: FirewallCardProps) {
  const { t } = useTranslation('haproxy')
  const say = useSay()
  const waits = useHeld().data?.some((c) => c.server_id === id && c.outcome === '') ?? false // the node takes one change at a time
  const fixed = offline || readOnly || waits
  const leaving = useOperations().data?.filter((o) => o.server_id === id && o.kind === 'firewall_rule_delete' && !o.done_at) ?? []
  const [adding, setAdding] = useState(false)
  const [asked, setAsked] = useState<Asked | null>(null)
  const columns: Column<FirewallRule>[] = [
    { id: 'number', title: t('fw.number'), width: 40, cell: (r) => <span className="t3">{r.number}</span> },
    { id: 'action', title: t('fw.action'), cell: (r) => <b className={r.action === 'ALLOW' ? 'ok' : r.action === 'LIMIT' ? 'warn' : 'crit'}>{`${r.action.toLowerCase()} ${r.direction.toLowerCase()}`}</b> },
    { id: 'to', title: t('fw.to'), cell: (r) => <span className="mono">{r.to}</span> },
    { id: 'from', title: t('fw.from'), cell: (r) => <span className="mono t2">{r.from}</span> },
    { id: 'note', title: t('fw.note'), className: 'hide-s', cell: (r) => <span className="row">{r.port === panelPort && r.action === 'ALLOW' && r.direction === 'IN' && <Pill title={t('fw.panelPortHint')}><Lock size={11} aria-hidden />{t('fw.panelPort')}</Pill>}<span className="t3">{r.comment}</span></span> },
    { id: 'menu', title: '', width: 40, numeric: true, cell: (r) => {
      const operation = leaving.find((o) => o.title_words.params?.[0] === said(r))
      if (operation) return <Leaving operation={operation} rule={r} />
      if (r.read_only) return <Tag title={t('fw.readOnly')}><Lock size={11} aria-label={t('fw.readOnly')} /></Tag>
      return <IconButton icon={Trash2} size="small" label={t('fw.deleteRule', { number: r.number })} disabled={readOnly || waits} onClick={() => setAsked({ op: 'delete', rule: r })} />
    } },
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
      {s.error && <p className="field-note p-3 crit" role="status">{sentence(say(s.error_words, s.error))}</p>}
      {rules.length === 0 ? <EmptyState title={t(s.active ? 'fw.none' : 'fw.off')} text={t(s.installed ? 'fw.offText' : 'fw.absentText')} /> : <Table label={t('fw.title')} columns={columns} rows={rules} rowKey={(r) => r.number} />}
      {adding && <FirewallDrawer id={id} offline={offline} onClose={() => setAdding(false)} />}
      {asked && <Ask id={id} asked={asked} later={offline} onClose={() => setAsked(null)} />}
    </Card>
  )
}

/** The deletion of a rule that waits for its server. */
function Leaving({ operation: o, rule }: { operation: OperationItem; rule: FirewallRule }) {
  const { t } = useTranslation('haproxy')
  const decide = useDecide()
  return (
    <span className="row nw">
      <Pill tone={o.state === 'conflict' ? 'warn' : 'accent'} title={t('fw.leavingHint')}>{t('fw.leaving')}</Pill>
      <IconButton icon={Undo2} size="small" label={t('fw.stay', { number: rule.number })} onClick={() => void decide(o.id, 'cancel')} />
    </span>
  )
}

/** Asks before a change. That of a server which is away can wait, if it deletes a rule. */
function Ask({ id, asked, later, onClose }: { id: number; asked: Asked; later: boolean; onClose: () => void }) {
  const { t } = useTranslation('haproxy')
  const client = useQueryClient()
  const refresh = useRefresh(id)
  const { busy, error, run } = useSubmit()
  const rule = asked.op === 'delete' ? asked.rule : null
  const text = rule && `${rule.to} ${rule.action} ${rule.from}` // as the agent compares it: numbers shift
  const waits = rule !== null && (later || isAway(error))
  const submit = () => void run(async () => {
    try {
      if (waits) {
        const { to, action, direction, from } = rule
        await deliverLater(id, 'firewall_rule_delete', { to, action, direction, from })
        notify.success(t('later.done'))
      } else if (rule) await api.delete(`${base(id)}/firewall/rule/${rule.number}`, { params: { expect: text, hold: holdSeconds }, ...slow })
      else await api.post(`${base(id)}/firewall/${asked.op}`, undefined, { params: { hold: holdSeconds }, ...slow })
      onClose()
    } finally {
      refresh()
      void client.invalidateQueries({ queryKey: heldKey })
    }
  })
  return (
    <Dialog open onOpenChange={(open) => !open && !busy && onClose()} title={t(`fw.${asked.op}Title`)} description={t(waits ? 'fw.deleteLater' : `fw.${asked.op}Text`)} onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" autoFocus disabled={busy} onClick={onClose}>{t('cancel')}</Button>
          <Button kind={asked.op === 'enable' ? 'main' : 'danger-solid'} type="submit" busy={busy && t(waits ? 'busy' : 'fw.proving')}>{t(waits ? 'later.do' : `fw.${asked.op}`)}</Button>
        </>
      }>
      {text && <p className="mono">{text}</p>}
      <p className="field-note">{waits ? t('later.note') : t('fw.safe', { n: holdSeconds })}</p>
      <Problem error={error} />
    </Dialog>
  )
}
