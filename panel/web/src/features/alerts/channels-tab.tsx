import { Send } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AlertSettingsBody, ChannelSettings, QueueState } from '../../api/types'
import { Button } from '../../components/button'
import { Card } from '../../components/card'
import { ErrorState } from '../../components/error-state'
import { Checkbox, Field, FieldError, Input, Select } from '../../components/field'
import { Pill } from '../../components/pill'
import { Loading, Skeleton } from '../../components/skeleton'
import { Switch } from '../../components/switch'
import { notify } from '../../components/toast'
import { ApiError } from '../../lib/api'
import { useChannels } from '../../lib/channels'
import { sentence, useErrorText } from '../../lib/error-text'
import { useFormat } from '../../lib/use-format'
import { useAlertSettings, useChannelsStatus, useSaveAlertSettings, useSaveChannels } from './queries'
import { Excluded } from './trigger-form'
import { readNumber } from './triggers'
import { useTelegramTest } from './use-telegram-test'

/** Where messages go, and what holds for all triggers. Each section has its own Save. */
export function ChannelsTab() {
  const channels = useChannels()
  const settings = useAlertSettings()
  const failed = channels.isError && !channels.data ? channels : settings.isError && !settings.data ? settings : null
  if (failed) return <section className="card"><ErrorState error={failed.error} onRetry={() => void failed.refetch()} /></section>
  if (!channels.data || !settings.data) return <ChannelsSkeleton />
  return (
    <div className="grid items-start gap-3 xl:grid-cols-2">
      <div className="stack">
        <TelegramCard stored={channels.data} settings={settings.data} />
        <General stored={settings.data} />
      </div>
      <div className="stack">
        <ChannelCard name="webhook" stored={channels.data} fields={[{ key: 'webhook_url', secret: true }]} links={settings.data} />
        <ChannelCard name="alertmanager" stored={channels.data} fields={[{ key: 'alertmanager_url' }]} />
        <ChannelCard name="heartbeat" stored={channels.data} fields={[{ key: 'heartbeat_url', secret: true }, { key: 'heartbeat_seconds' }]} />
      </div>
    </div>
  )
}

function ChannelsSkeleton() {
  const card = (rows: number) => <section className="card"><Loading className="flex flex-col gap-3 p-3.5">{Array.from({ length: rows }, (_, i) => <Skeleton key={i} height={i % 2 ? 30 : 12} width={i % 2 ? undefined : 140} />)}</Loading></section>
  return <div className="grid items-start gap-3 xl:grid-cols-2"><div className="stack">{card(10)}{card(6)}</div><div className="stack">{card(4)}{card(4)}{card(6)}</div></div>
}

type Key = Exclude<keyof ChannelSettings, 'language'>

interface ChannelField {
  key: Key
  /** Shown as *** when it is set; an untouched one stays. */
  secret?: boolean
}

const mask = '***'

/** A form over some fields of the channels: what was typed, what of it is new, and where a refusal belongs. */
function useChannelForm(stored: ChannelSettings, fields: ChannelField[]) {
  const { t } = useTranslation('alerts')
  const errorText = useErrorText()
  const save = useSaveChannels()
  const [edited, setEdited] = useState<Partial<Record<Key, string>>>({})
  const value = (key: Key) => edited[key] ?? (stored[key] === mask ? '' : String(stored[key]))
  const change: Record<string, string | number> = {}
  for (const { key, secret } of fields) {
    const v = edited[key]?.trim()
    if (v === undefined || (!secret && v === String(stored[key]))) continue
    change[key] = key === 'heartbeat_seconds' ? Number(v) : v
  }
  const refused = save.error instanceof ApiError && save.error.field ? save.error : null
  const ours = refused && fields.some((f) => f.key === refused.field)
  return {
    value, change, busy: save.isPending, dirty: Object.keys(change).length > 0,
    set: (key: Key, v: string) => { save.reset(); setEdited({ ...edited, [key]: v }) },
    errorOf: (key: Key) => (refused?.field === key ? sentence(refused.detail) : undefined),
    error: save.error && !ours ? errorText(save.error).text : undefined,
    submit: (more: object = {}, done = t('channels.saved')) => save.mutate({ ...change, ...more }, { onSuccess: () => { setEdited({}); notify.success(done) } }),
  }
}

type ChannelForm = ReturnType<typeof useChannelForm>

function ChannelInput({ form, stored, field: { key, secret } }: { form: ChannelForm; stored: ChannelSettings; field: ChannelField }) {
  const { t } = useTranslation('alerts')
  const set = secret && stored[key] === mask
  return (
    <Field label={t(`channels.${key}`)} note={t(`channels.${key}_note`)} error={form.errorOf(key)}>
      {(c) => (
        <span className="flex gap-2">
          <Input {...c} className={key === 'heartbeat_seconds' ? '' : 'mono'} autoComplete="off" spellCheck={false} inputMode={key === 'heartbeat_seconds' ? 'numeric' : undefined}
            placeholder={set ? t('channels.stored') : undefined} value={form.value(key)} onChange={(e) => form.set(key, e.target.value)} />
          {set && <Button onClick={() => form.submit({ [key]: '' }, t('channels.removed'))}>{t('channels.remove')}</Button>}
        </span>
      )}
    </Field>
  )
}

function Section({ title, note, onSubmit, children, footer, error }: { title: string; note: ReactNode; onSubmit: () => void; children: ReactNode; footer: ReactNode; error?: string }) {
  return (
    <Card title={title} actions={note}>
      <form className="flex flex-col gap-4" onSubmit={(e) => { e.preventDefault(); onSubmit() }}>
        {children}
        {error && <FieldError>{error}</FieldError>}
        <div className="row justify-end">{footer}</div>
      </form>
    </Card>
  )
}

function TelegramCard({ stored, settings }: { stored: ChannelSettings; settings: AlertSettingsBody }) {
  const { t } = useTranslation('alerts')
  const fields: ChannelField[] = [{ key: 'telegram_bot_token', secret: true }, { key: 'telegram_chat_id' }, { key: 'telegram_proxy', secret: true }, { key: 'telegram_base_url' }]
  const form = useChannelForm(stored, fields)
  const test = useTelegramTest()
  const [language, setLanguage] = useState<string | null>(null)
  const newLanguage = language !== null && language !== stored.language
  const more = newLanguage ? { language } : {}
  const ready = (stored.telegram_bot_token || form.change.telegram_bot_token) && form.value('telegram_chat_id').trim()
  return (
    <Section title={t('channel.telegram')} note={<QueueNote channel="telegram" on={stored.telegram_bot_token !== '' && stored.telegram_chat_id !== ''} />} error={form.error} onSubmit={() => form.submit(more)}
      footer={
        <>
          <Button icon={Send} disabled={!ready} busy={test.running && t('telegram.testing')} onClick={() => test.run(form.value('telegram_bot_token').trim(), form.value('telegram_chat_id').trim())}>{t('telegram.test')}</Button>
          <Button kind="main" type="submit" disabled={!form.dirty && !newLanguage} busy={form.busy && t('saving')}>{t('save')}</Button>
        </>
      }>
      <p className="field-note">{t('channels.telegramAbout')}</p>
      {fields.map((field) => <ChannelInput key={field.key} form={form} stored={stored} field={field} />)}
      <Field label={t('channels.language')}>
        {(c) => <Select {...c} value={language ?? stored.language} onChange={(e) => setLanguage(e.target.value)}><option value="en">{t('language.en')}</option><option value="ru">{t('language.ru')}</option></Select>}
      </Field>
      <LinkSwitch settings={settings} name="telegram_links" />
      {test.refusal && <FieldError>{t('telegram.reason', { reason: test.refusal })}</FieldError>}
    </Section>
  )
}

function ChannelCard({ name, stored, fields, links }: { name: 'webhook' | 'alertmanager' | 'heartbeat'; stored: ChannelSettings; fields: ChannelField[]; links?: AlertSettingsBody }) {
  const { t } = useTranslation('alerts')
  const form = useChannelForm(stored, fields)
  const seconds = form.change.heartbeat_seconds
  const bad = seconds !== undefined && !(Number.isInteger(seconds) && Number(seconds) >= 10 && Number(seconds) <= 86_400)
  const note = name === 'webhook' ? <QueueNote channel="webhook" on={stored.webhook_url !== ''} /> : <ServiceNote name={name} on={stored[`${name}_url`] !== ''} />
  return (
    <Section title={t(`channel.${name}`)} note={note} error={bad ? t('channels.heartbeatBounds') : form.error} onSubmit={() => !bad && form.submit()}
      footer={<Button kind="main" type="submit" disabled={!form.dirty || bad} busy={form.busy && t('saving')}>{t('save')}</Button>}>
      <p className="field-note">{t(`channels.${name}About`)}</p>
      {fields.map((field) => <ChannelInput key={field.key} form={form} stored={stored} field={field} />)}
      {links && <LinkSwitch settings={links} name="webhook_links" />}
    </Section>
  )
}

/** Whether messages carry a link; it holds the secret path, so a person decides. */
function LinkSwitch({ settings, name }: { settings: AlertSettingsBody; name: 'telegram_links' | 'webhook_links' }) {
  const { t } = useTranslation('alerts')
  const errorText = useErrorText()
  const save = useSaveAlertSettings()
  const set = (on: boolean) => save.mutate({ [name]: on }, { onError: (e) => notify.error(t('notSaved'), errorText(e).text) })
  return <Checkbox label={t('channels.links')} note={t('channels.linksNote')} checked={settings[name]} disabled={save.isPending} onChange={(e) => set(e.target.checked)} />
}

/** What happened to the messages of a channel in the last week. */
function QueueNote({ channel, on }: { channel: string; on: boolean }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const queue: QueueState | undefined = useChannelsStatus().data?.queues.find((q) => q.channel === channel)
  if (!on) return <Pill>{t('channels.off')}</Pill>
  if (queue?.last_error && queue.waiting > 0) return <Pill tone="warn" title={queue.last_error}>{t('channels.stuck', { count: queue.waiting })}</Pill>
  return <span className="cap">{queue ? t('delivery.counts', { sent: f.count(queue.sent), failed: f.count(queue.failed), waiting: f.count(queue.waiting) }) : t('channels.on')}</span>
}

function ServiceNote({ name, on }: { name: 'alertmanager' | 'heartbeat'; on: boolean }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const status = useChannelsStatus().data
  if (!on) return <Pill>{t('channels.off')}</Pill>
  const problem = status?.[name].last_error
  if (problem) return <Pill tone="warn" title={problem}>{t('channels.failing')}</Pill>
  const sent = name === 'heartbeat' && status?.heartbeat.last_sent
  return <span className="cap">{sent ? t('channels.lastBeat', { time: f.time(Date.parse(sent)) }) : t('channels.on')}</span>
}

const numbers = [{ key: 'check_interval', min: 10, max: 3600, whole: true }, { key: 'alert_cooldown', min: 0, max: 2_592_000, whole: true }] as const

/** What holds for all triggers. */
function General({ stored }: { stored: AlertSettingsBody }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const errorText = useErrorText()
  const save = useSaveAlertSettings()
  const toggle = useSaveAlertSettings()
  const [edited, setEdited] = useState<Record<string, string>>({})
  const [excluded, setExcluded] = useState<number[] | null>(null)
  const change: Partial<AlertSettingsBody> = {}
  for (const field of numbers) {
    const v = readNumber(edited[field.key] ?? String(stored[field.key]), field)
    if (v !== null && v !== stored[field.key]) change[field.key] = v
  }
  if (excluded && excluded.join() !== stored.excluded_server_ids.join()) change.excluded_server_ids = excluded
  const bad = numbers.some((field) => readNumber(edited[field.key] ?? String(stored[field.key]), field) === null)
  const submit = () => save.mutate(change, { onSuccess: () => { setEdited({}); setExcluded(null); notify.success(t('general.saved')) } })
  const set = (enabled: boolean) => toggle.mutate({ enabled }, { onSuccess: () => notify.success(t(enabled ? 'off.done' : 'general.offDone')), onError: (e) => notify.error(t('notSaved'), errorText(e).text) })
  return (
    <Section title={t('general.title')} note={<span className="row"><span className="t2">{t(stored.enabled ? 'general.on' : 'general.off')}</span><Switch label={t('general.enabled')} checked={stored.enabled} disabled={toggle.isPending} onChange={set} /></span>} error={save.error ? errorText(save.error).text : undefined} onSubmit={() => !bad && submit()}
      footer={<Button kind="main" type="submit" disabled={bad || Object.keys(change).length === 0} busy={save.isPending && t('saving')}>{t('save')}</Button>}>
      <p className="field-note">{t('general.about')}</p>
      {numbers.map((field) => {
        const value = edited[field.key] ?? String(stored[field.key])
        const read = readNumber(value, field)
        return (
          <Field key={field.key} label={t(`general.${field.key}`)} note={[read !== null && read >= 60 && f.duration(read), t(`general.${field.key}_note`)].filter(Boolean).join('. ')} error={read === null ? t('triggers.bounds', { min: f.count(field.min), max: f.count(field.max) }) : undefined}>
            {(c) => <Input {...c} inputMode="numeric" autoComplete="off" value={value} onChange={(e) => setEdited({ ...edited, [field.key]: e.target.value })} />}
          </Field>
        )
      })}
      <Excluded ids={excluded ?? stored.excluded_server_ids} title={t('picker.all')} onChange={setExcluded} />
    </Section>
  )
}
