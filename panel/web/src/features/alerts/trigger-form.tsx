import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AlertSettingsBody } from '../../api/types'
import { Button } from '../../components/button'
import { Checkbox, Field, FieldError, Input } from '../../components/field'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { text } from '../../lib/format'
import { useServers } from '../../lib/fleet'
import { useDebounced } from '../../lib/use-debounced'
import { useFormat } from '../../lib/use-format'
import { Backtest } from './backtest'
import { useSaveAlertSettings } from './queries'
import { ServerPicker } from './server-picker'
import { defaults, type NumberField, readNumber, type Trigger } from './triggers'

const pause = 600 // ms without a key before the back-test runs

/** The numbers of one trigger, tried on the last week before they are saved. */
export function TriggerForm({ trigger, settings }: { trigger: Trigger; settings: AlertSettingsBody }) {
  const { t } = useTranslation('alerts')
  const errorText = useErrorText()
  const save = useSaveAlertSettings()
  const [edited, setEdited] = useState<Record<string, string>>({})
  const [flag, setFlag] = useState<boolean | null>(null)
  const [excluded, setExcluded] = useState<number[] | null>(null)
  const value = (field: NumberField) => edited[field.key] ?? String(settings[field.key])
  const wrong = trigger.fields.filter((field) => readNumber(value(field), field) === null)
  const change: Record<string, number | boolean | number[]> = {}
  for (const field of trigger.fields) {
    const v = readNumber(value(field), field)
    if (v !== null && v !== settings[field.key]) change[field.key] = v
  }
  if (trigger.flag && flag !== null && flag !== settings[trigger.flag]) change[trigger.flag] = flag
  if (excluded && excluded.join() !== settings[trigger.excluded].join()) change[trigger.excluded] = excluded
  const dirty = Object.keys(change).length > 0
  const tried = useDebounced(JSON.stringify(change), pause)
  const reset = () => {
    setEdited(Object.fromEntries(trigger.fields.filter((x) => !x.shared && x.key in defaults).map((x) => [x.key, String(defaults[x.key])])))
    if (trigger.flag) setFlag(true)
  }
  const submit = () => save.mutate(change, {
    onSuccess: () => {
      setEdited({})
      setFlag(null)
      setExcluded(null)
      notify.success(t('triggers.saved', { name: t(`trigger.${trigger.name}`) }))
    },
  })
  return (
    <form className="trg-b" onSubmit={(e) => { e.preventDefault(); if (dirty && wrong.length === 0) submit() }}>
      <p className="field-note">{t(`about.${trigger.name.startsWith('tcp_') ? 'tcp' : trigger.name}`)}</p>
      <div className="trg-fields">
        {trigger.fields.map((field) => <NumberInput key={field.key} field={field} value={value(field)} bad={wrong.includes(field)} onChange={(v) => setEdited({ ...edited, [field.key]: v })} />)}
      </div>
      {trigger.flag && <Checkbox label={t('triggers.recovery')} checked={flag ?? settings[trigger.flag]} onChange={(e) => setFlag(e.target.checked)} />}
      <Backtest trigger={trigger.name} change={tried} paused={wrong.length > 0} />
      <Excluded ids={excluded ?? settings[trigger.excluded]} title={t('picker.trigger', { name: t(`trigger.${trigger.name}`) })} onChange={setExcluded} />
      {save.error && <FieldError>{errorText(save.error).text}</FieldError>}
      <div className="row justify-end">
        <Button size="small" kind="ghost" onClick={reset}>{t('triggers.defaults')}</Button>
        <Button size="small" kind="main" type="submit" disabled={!dirty || wrong.length > 0} busy={save.isPending && t('saving')}>{t('save')}</Button>
      </div>
    </form>
  )
}

/** Units that are set into the field. */
const short = ['percent', 'seconds', 'bytes']

function NumberInput({ field, value, bad, onChange }: { field: NumberField; value: string; bad: boolean; onChange: (value: string) => void }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const read = readNumber(value, field)
  const note = field.unit === 'bytes' && read !== null ? text(f.rateOfBytes(read)) : field.unit === 'seconds' && read !== null && read >= 60 ? f.duration(read) : field.shared ? t('triggers.shared') : undefined
  return (
    <Field label={t(`field.${field.label}`)} note={note} error={bad ? t('triggers.bounds', { min: f.count(field.min), max: f.count(field.max) }) : undefined}>
      {(c) => (
        <span className="unit-field">
          <Input {...c} inputMode="decimal" autoComplete="off" value={value} onChange={(e) => onChange(e.target.value)} />
          {short.includes(field.unit) && <i aria-hidden>{t(`unitShort.${field.unit}`)}</i>}
        </span>
      )}
    </Field>
  )
}

const shownNames = 6

/** The servers that a trigger does not look at. */
export function Excluded({ ids, title, onChange }: { ids: number[]; title: string; onChange: (ids: number[]) => void }) {
  const { t } = useTranslation('alerts')
  const { t: common } = useTranslation('components')
  const servers = useServers().data ?? []
  const [picking, setPicking] = useState(false)
  const nameOf = (id: number) => servers.find((s) => s.id === id)?.name ?? `#${id}`
  return (
    <div className="row wrap sm t2">
      <span>{ids.length > 0 ? t('excluded.some') : t('excluded.none')}</span>
      {ids.slice(0, shownNames).map((id) => (
        <span key={id} className="pill">
          {nameOf(id)}
          <button type="button" className="pill-x" aria-label={t('excluded.remove', { name: nameOf(id) })} onClick={() => onChange(ids.filter((other) => other !== id))}><X size={12} aria-hidden /></button>
        </span>
      ))}
      {ids.length > shownNames && <span className="pill">{common('more', { count: ids.length - shownNames })}</span>}
      <Button size="small" kind="ghost" icon={Plus} onClick={() => setPicking(true)}>{t('excluded.choose')}</Button>
      {picking && <ServerPicker title={title} start={ids} onClose={() => setPicking(false)} onDone={(next) => { onChange(next); setPicking(false) }} />}
    </div>
  )
}
