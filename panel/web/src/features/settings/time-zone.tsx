import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { Field, Select } from '../../components/field'
import { ErrorState } from '../../components/error-state'
import { Loading, Skeleton } from '../../components/skeleton'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { useSetSetting, useSettings } from '../../lib/settings'
import { useFormat } from '../../lib/use-format'

/** The zone of every time in the panel. */
export function TimeZone() {
  const { t } = useTranslation('settings')
  const f = useFormat()
  const settings = useSettings()
  const save = useSetSetting()
  const errorText = useErrorText()
  const zone = settings.data?.timezone ?? 'UTC'
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const zones = useMemo(() => [...new Set(['UTC', zone, ...Intl.supportedValuesOf('timeZone')])], [zone])
  if (settings.isPending) return <Loading><Skeleton width={140} /><Skeleton className="mt-2" height={30} /></Loading>
  if (settings.isError) return <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />
  const choose = (value: string) => save.mutate({ key: 'timezone', value }, {
    onSuccess: () => notify.success(t('zone.saved', { zone: value })),
    onError: (e) => notify.error(t('notSaved'), errorText(e).text),
  })
  return (
    <Field label={t('zone.label')} note={t('zone.note', { time: f.clock(Date.now()) })}>
      {(control) => (
        <span className="flex gap-2">
          <Select {...control} value={zone} onChange={(e) => choose(e.target.value)}>
            {zones.map((z) => <option key={z} value={z}>{z.replaceAll('_', ' ')}</option>)}
          </Select>
          {own !== zone && <Button onClick={() => choose(own)}>{t('zone.own')}</Button>}
        </span>
      )}
    </Field>
  )
}
