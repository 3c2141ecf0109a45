import { ChevronDown, ChevronUp } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AlertSettingsBody } from '../../api/types'
import { Card } from '../../components/card'
import { IconButton } from '../../components/button'
import { ErrorState } from '../../components/error-state'
import { SkeletonRows } from '../../components/skeleton'
import { Switch } from '../../components/switch'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { useFormat } from '../../lib/use-format'
import { useAlertSettings, useAlertsStatus, useSaveAlertSettings } from './queries'
import { TriggerForm } from './trigger-form'
import { type Trigger, triggers } from './triggers'
import { useNumberText } from './number-text'

/** What the panel watches by itself: one line each with its numbers, opened to change them. */
export function Triggers() {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const settings = useAlertSettings()
  const status = useAlertsStatus().data
  const excluded = settings.data?.excluded_server_ids.length ?? 0
  const watched = status && t('triggers.servers', { count: status.monitored_servers, value: f.count(status.monitored_servers) })
  return (
    <Card flush title={t('triggers.title')} note={<span className="cap">{[watched, excluded > 0 && t('triggers.excluded', { count: excluded })].filter(Boolean).join(', ')}</span>}>
      <div className="min-h-67">
        {settings.isPending && <SkeletonRows rows={12} columns={3} />}
        {settings.isError && !settings.data && <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />}
        {settings.data && triggers.map((trigger) => <Tile key={trigger.name} trigger={trigger} settings={settings.data} />)}
      </div>
    </Card>
  )
}

function Tile({ trigger, settings }: { trigger: Trigger; settings: AlertSettingsBody }) {
  const { t } = useTranslation('alerts')
  const errorText = useErrorText()
  const numberText = useNumberText()
  const save = useSaveAlertSettings()
  const [open, setOpen] = useState(false)
  const { icon: Icon, name } = trigger
  const on = settings[trigger.enabled]
  const title = t(`trigger.${name}`)
  const set = (enabled: boolean) => save.mutate({ [trigger.enabled]: enabled }, {
    onSuccess: () => notify.success(t(enabled ? 'triggers.on' : 'triggers.offDone', { name: title }), undefined, { label: t('undo'), run: () => set(!enabled) }),
    onError: (e) => notify.error(t('notSaved'), errorText(e).text),
  })
  const numbers = trigger.fields.filter((x) => x.label !== 'sustained' && x.label !== 'floor').map((x) => t(`summary.${x.label}`, { value: numberText(settings[x.key], x.unit) })).join(', ')
  return (
    <section className="trg" aria-label={title}>
      <div className="trg-h">
        <Icon size={16} className="text-text3" aria-hidden />
        <button type="button" className={on ? 'trg-n' : 'trg-n t3'} aria-expanded={open} onClick={() => setOpen(!open)}>{title}</button>
        <span className="trg-s ell t3 sm">{numbers}</span>
        <Switch label={t('triggers.switch', { name: title })} checked={on} onChange={set} disabled={save.isPending} />
        <IconButton size="small" icon={open ? ChevronUp : ChevronDown} label={t(open ? 'triggers.close' : 'triggers.open', { name: title })} aria-expanded={open} onClick={() => setOpen(!open)} />
      </div>
      {open && <TriggerForm trigger={trigger} settings={settings} />}
    </section>
  )
}
