import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { Card } from '../../components/card'
import { ErrorState } from '../../components/error-state'
import { Field, Input } from '../../components/field'
import { Loading, Skeleton } from '../../components/skeleton'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { useSetSetting, useSettings } from '../../lib/settings'

interface Interval {
  key: string
  min: number
  max: number
}

// The bounds are the panel's, which checks them again.
const intervals: Interval[] = [
  { key: 'metrics_collect_interval', min: 5, max: 300 },
  { key: 'haproxy_collect_interval', min: 30, max: 600 },
  { key: 'bulk_parallel', min: 1, max: 100 },
]

export function problem(text: string, { min, max }: Interval): 'whole' | 'range' | null {
  if (!/^\d+$/.test(text.trim())) return 'whole'
  const n = Number(text)
  return n < min || n > max ? 'range' : null
}

/** How often the panel asks the servers: a section with its own Save and a list of what will be saved. */
export function Polling() {
  const { t } = useTranslation('settings')
  const settings = useSettings()
  return (
    <Card title={t('polling.title')}>
      {settings.isPending && <Loading className="flex flex-col gap-3"><Skeleton width={180} /><Skeleton height={30} /><Skeleton width={180} /><Skeleton height={30} /></Loading>}
      {settings.isError && !settings.data && <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />}
      {settings.data && <Form stored={settings.data} />}
    </Card>
  )
}

function Form({ stored }: { stored: Record<string, string> }) {
  const { t } = useTranslation('settings')
  const save = useSetSetting()
  const errorText = useErrorText()
  const [edited, setEdited] = useState<Record<string, string>>({})
  const [saving, setSaving] = useState(false)
  const value = (key: string) => edited[key] ?? stored[key] ?? ''
  const changes = intervals.filter(({ key }) => value(key).trim() !== stored[key])
  const invalid = changes.some((i) => problem(value(i.key), i))
  const submit = async () => {
    if (changes.length === 0 || invalid) return
    setSaving(true)
    try {
      for (const { key } of changes) await save.mutateAsync({ key, value: String(Number(value(key))) })
      setEdited({})
      notify.success(t('polling.saved'))
    } catch (e) {
      notify.error(t('notSaved'), errorText(e).text)
    } finally {
      setSaving(false)
    }
  }
  return (
    <form className="flex flex-col gap-3" onSubmit={(e) => { e.preventDefault(); void submit() }}>
      {intervals.map((interval) => {
        const { key, min, max } = interval
        const wrong = problem(value(key), interval)
        return (
          <Field key={key} label={t(`polling.${key}`)} note={t('polling.bounds', { min, max })} error={wrong && t(`polling.${wrong}`, { min, max })}>
            {(control) => <Input {...control} inputMode="numeric" className="max-w-40" value={value(key)} onChange={(e) => setEdited({ ...edited, [key]: e.target.value })} />}
          </Field>
        )
      })}
      <div className="flex flex-wrap items-center gap-2">
        <Button kind={changes.length > 0 ? 'main' : 'plain'} type="submit" disabled={changes.length === 0 || invalid} busy={saving && t('saving')}>{t('save')}</Button>
        {changes.length > 0 && !saving && <Button kind="ghost" onClick={() => setEdited({})}>{t('reset')}</Button>}
        {!invalid && changes.map(({ key }) => <span key={key} className="cap">{t('polling.change', { name: t(`polling.${key}`), from: stored[key], to: value(key).trim() })}</span>)}
      </div>
    </form>
  )
}
