import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { Field, Input, Select } from '../../components/field'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { heldKey, holdSeconds } from '../../lib/held'
import { fieldOf, Problem } from './parts'
import { base, deliverLater, isAway, slow, useRefresh, useSubmit } from './queries'

const blank = { action: 'allow', direction: 'in', ports: '', protocol: 'tcp', from_ip: '', comment: '' }
const choices = { action: ['allow', 'deny', 'reject', 'limit'], direction: ['in', 'out'], protocol: ['tcp', 'udp', 'any'] }

/** A rule of the firewall. For a server that is away it can wait, if it is of one port. */
export function FirewallDrawer({ id, offline, onClose }: { id: number; offline: boolean; onClose: () => void }) {
  const { t } = useTranslation('haproxy')
  const client = useQueryClient()
  const refresh = useRefresh(id)
  const { busy, error, run } = useSubmit()
  const [value, setValue] = useState(blank)
  const set = (part: Partial<typeof blank>) => setValue({ ...value, ...part })
  const later = offline || isAway(error)
  const port = /^\d+$/.test(value.ports) ? Number(value.ports) : null
  const submit = () => void run(async () => {
    const { ports, comment, ...rest } = value
    try {
      if (later) await deliverLater(id, 'firewall_rule_add', { ...rest, port, from_ip: rest.from_ip || undefined })
      else await api.post(`${base(id)}/firewall/rule`, { ...rest, ports, comment }, { params: { hold: holdSeconds }, ...slow })
      if (later) notify.success(t('later.done')) // else the question above the page tells it
      onClose()
    } finally {
      refresh()
      void client.invalidateQueries({ queryKey: heldKey })
    }
  })
  const choice = (name: keyof typeof choices) => (
    <Field label={t(`fw.${name}`)} error={fieldOf(error, name)}>
      {(c) => <Select {...c} value={value[name]} onChange={(e) => set({ [name]: e.target.value })}>{choices[name].map((o) => <option key={o}>{o}</option>)}</Select>}
    </Field>
  )
  return (
    <Drawer open onOpenChange={(open) => !open && !busy && onClose()} title={t('fw.addTitle')} dirty={!busy && value !== blank} onSubmit={submit}
      footer={<Button kind="main" type="submit" disabled={!value.ports || (later && port === null)} busy={busy && t('fw.proving')}>{t(later ? 'later.do' : 'fw.add')}</Button>}>
      <div className="hform">
        <div className="hpair">{choice('action')}{choice('direction')}</div>
        <div className="hpair">
          <Field label={t('fw.ports')} error={fieldOf(error, 'ports', 'port')} note={t('fw.portsNote')}>{(c) => <Input {...c} className="mono" value={value.ports} onChange={(e) => set({ ports: e.target.value.replace(/[^\d,:]/g, '') })} />}</Field>
          {choice('protocol')}
        </div>
        <Field label={t('fw.from')} error={fieldOf(error, 'from', 'from_ip')} note={t('fw.fromNote')}>{(c) => <Input {...c} className="mono" spellCheck={false} value={value.from_ip} onChange={(e) => set({ from_ip: e.target.value.trim() })} />}</Field>
        {!later && <Field label={t('fw.note')} error={fieldOf(error, 'comment')}>{(c) => <Input {...c} value={value.comment} onChange={(e) => set({ comment: e.target.value })} />}</Field>}
        <p className="field-note">{later ? t('later.note') : t('fw.safe', { n: holdSeconds })}</p>
        <Problem error={error} />
      </div>
    </Drawer>
  )
}
