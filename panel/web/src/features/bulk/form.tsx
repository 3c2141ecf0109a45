import { useQueryClient } from '@tanstack/react-query'
import { Play } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { Button } from '../../components/button'
import { ConfirmDanger } from '../../components/confirm-danger'
import { Checkbox, Field, Input, Select, TextArea } from '../../components/field'
import { Segmented } from '../../components/segmented'
import { notify } from '../../components/toast'
import { type Action, complete, type FieldOf, type Tab, tabNames, tabs, type Values } from './actions'
import { queueOperation, startJob } from './queries'

/** What to do, with its fields. Servers that are offline can have it when they are back. */
export function ActionForm({ chosen, onStarted }: { chosen: ServerItem[]; onStarted: (jobId: string) => void }) {
  const { t } = useTranslation('bulk')
  const client = useQueryClient()
  const [tab, setTab] = useState<Tab>('command')
  const [actionId, setActionId] = useState('')
  const [values, setValues] = useState<Values>({})
  const [later, setLater] = useState(true)
  const [asking, setAsking] = useState(false)
  const actions: Action[] = tabs[tab]
  const action = actions.find((a) => a.id === actionId) ?? actions[0]!
  const offline = chosen.filter((s) => s.status === 'offline')
  const queued = later ? offline : []
  const now = chosen.filter((s) => !queued.includes(s))
  const title = t(`verb.${tab}.${action.id}`)
  const run = async () => {
    if (queued.length > 0) {
      await queueOperation(action, values, queued.map((s) => s.id))
      notify.success(t('queuedToast', { count: queued.length }))
    }
    if (now.length > 0) onStarted((await startJob(action, values, now.map((s) => s.id))).job.id)
    void client.invalidateQueries({ queryKey: ['bulk'] })
  }
  return (
    <section className="card" aria-label={t('action')}>
      <div className="card-h bulk-tabs"><Segmented label={t('action')} value={tab} options={tabNames.map((value) => ({ value, label: t(`tab.${value}`) }))} onChange={setTab} /></div>
      <form className="card-b bulk-form" onSubmit={(e) => { e.preventDefault(); setAsking(true) }}>
        {actions.length > 1 && <div><Segmented label={t('kind')} value={action.id} options={actions.map((a) => ({ value: a.id, label: t(`kinds.${a.id}`) }))} onChange={setActionId} /></div>}
        {action.fields.length > 0 && <div className="bulk-fields">{action.fields.map((f) => <ActionField key={f.name} field={f} value={values[f.name]} onChange={(v) => setValues({ ...values, [f.name]: v })} />)}</div>}
        {offline.length > 0 && <Checkbox checked={later} onChange={(e) => setLater(e.target.checked)} label={t('later', { count: offline.length })} note={t('laterNote')} />}
        <div className="row wrap">
          <Button kind="main" type="submit" icon={Play} disabled={chosen.length === 0 || !complete(action, values)}>{title}</Button>
          <span className="t3">{t('chosen', { count: chosen.length })}</span>
        </div>
      </form>
      <ConfirmDanger open={asking} onOpenChange={setAsking} title={`${title}?`} consequence={t(queued.length > 0 ? 'consequenceLater' : 'consequence', { count: chosen.length, queued: queued.length })} items={chosen.map((s) => s.name)}
        verb={title} busy={t('starting')} word={t('word')} onConfirm={run} />
    </section>
  )
}

function ActionField({ field: f, value, onChange }: { field: FieldOf; value: string | boolean | undefined; onChange: (value: string | boolean) => void }) {
  const { t } = useTranslation('bulk')
  const label = t(`field.${f.name}`)
  if (f.type === 'check') return <Checkbox label={label} checked={value === true} onChange={(e) => onChange(e.target.checked)} />
  const text = String(value ?? f.options?.[0] ?? (f.name === 'timeout' ? '30' : ''))
  const change = (e: { target: { value: string } }) => onChange(e.target.value)
  return (
    <div className={f.type === 'area' ? 'wide' : undefined}>
      <Field label={label}>
        {(c) => f.type === 'area' ? <TextArea {...c} className="mono" rows={f.name === 'command' ? 4 : 12} spellCheck={false} value={text} onChange={change} />
          : f.type === 'choice' ? <Select {...c} value={text} onChange={change}>{f.options!.map((o) => <option key={o}>{o}</option>)}</Select>
            : <Input {...c} inputMode={f.type === 'number' ? 'numeric' : undefined} spellCheck={false} autoComplete="off" value={text} onChange={(e) => onChange(f.type === 'number' ? e.target.value.replace(/\D/g, '') : e.target.value)} />}
      </Field>
    </div>
  )
}
