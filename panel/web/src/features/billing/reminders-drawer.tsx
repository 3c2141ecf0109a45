import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { BillingSettings } from '../../api/types'
import { Button } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { ErrorState } from '../../components/error-state'
import { Checkbox, Field, FieldError, Input } from '../../components/field'
import { Loading, Skeleton } from '../../components/skeleton'
import { notify } from '../../components/toast'
import { telegramReady, useChannels } from '../../lib/channels'
import { useErrorText } from '../../lib/error-text'
import { useBillingSettings, useSaveReminders } from './queries'

const most = { days: 365, thresholds: 20, minutes: 1440 }

/** When to remind; null for what is no list of days. */
export function parseDays(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter(Boolean)
  if (parts.length === 0 || parts.length > most.thresholds || parts.some((p) => !/^\d{1,3}$/.test(p) || Number(p) > most.days)) return null
  return [...new Set(parts.map(Number))].sort((a, b) => a - b)
}

export function RemindersDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('billing')
  const settings = useBillingSettings()
  if (settings.data) return <Form stored={settings.data} onClose={onClose} />
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={t('reminders.title')}>
      {settings.isError && <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />}
      {settings.isPending && <Loading className="flex flex-col gap-3"><Skeleton width={180} /><Skeleton height={30} /><Skeleton height={30} /></Loading>}
    </Drawer>
  )
}

function Form({ stored, onClose }: { stored: BillingSettings; onClose: () => void }) {
  const { t } = useTranslation('billing')
  const { t: common } = useTranslation('components')
  const errorText = useErrorText()
  const save = useSaveReminders()
  const channels = useChannels().data
  const [enabled, setEnabled] = useState(stored.enabled)
  const [days, setDays] = useState(stored.notify_days.toReversed().join(', '))
  const [minutes, setMinutes] = useState(String(stored.check_interval_minutes))
  const parsed = parseDays(days)
  const interval = /^\d{1,4}$/.test(minutes.trim()) && Number(minutes) >= 1 && Number(minutes) <= most.minutes ? Number(minutes) : null
  const dirty = enabled !== stored.enabled || days !== stored.notify_days.toReversed().join(', ') || minutes !== String(stored.check_interval_minutes)
  const submit = () => {
    if (parsed === null || interval === null) return
    save.mutate({ enabled, notify_days: parsed, check_interval_minutes: interval }, {
      onSuccess: () => {
        notify.success(t(enabled ? 'toast.remindersOn' : 'toast.remindersOff'))
        onClose()
      },
    })
  }
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={t('reminders.title')} dirty={dirty} onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" type="submit" disabled={!dirty || parsed === null || interval === null} busy={save.isPending && t('saving')}>{t('edit.save')}</Button>
        </>
      }>
      <div className="flex flex-col gap-4">
        <Checkbox label={t('reminders.enable')} note={t('reminders.enableNote')} checked={enabled} onChange={(e) => setEnabled(e.target.checked)} />
        {channels && !telegramReady(channels) && (
          <div className="banner" role="status"><span>{t('reminders.unheard')} <Link className="link" to="/alerts/channels">{t('reminders.setUp')}</Link></span></div>
        )}
        <Field label={t('reminders.days')} note={t('reminders.daysNote')} error={parsed === null ? t('problem.notifyDays') : undefined}>
          {(c) => <Input {...c} inputMode="numeric" autoComplete="off" value={days} onChange={(e) => setDays(e.target.value)} />}
        </Field>
        <Field label={t('reminders.interval')} note={t('reminders.intervalNote')} error={interval === null ? t('problem.interval') : undefined}>
          {(c) => <Input {...c} inputMode="numeric" autoComplete="off" value={minutes} onChange={(e) => setMinutes(e.target.value)} />}
        </Field>
        {save.error && <FieldError>{errorText(save.error).text}</FieldError>}
      </div>
    </Drawer>
  )
}
