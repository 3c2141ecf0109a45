import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ActiveAlert, CreateSilenceRequest } from '../../api/types'
import { Button } from '../../components/button'
import { Choice } from '../../components/choice'
import { Drawer } from '../../components/drawer'
import { DateTime } from '../../components/date-time'
import { Field, FieldError, Input } from '../../components/field'
import { notify } from '../../components/toast'
import { wordsOf } from '../../lib/alerts'
import { useErrorText } from '../../lib/error-text'
import { useServers } from '../../lib/fleet'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { fromLocalInput, toLocalInput } from '../../lib/zone'
import { useCreateSilence } from './queries'
import { ServerList } from './server-picker'
import { useTypeName } from './type-name'

type Scope = 'alert' | 'server' | 'cause'

const minute = 60_000
const hour = 60 * minute
const spans = [30 * minute, hour, 2 * hour, 8 * hour, 24 * hour, 7 * 24 * hour]
const longest = 365 * 24 * hour
const longestReason = 500

/** What a silence has to name, for each of its three widths. */
export function silenceOf(scope: Scope, alert: ActiveAlert): Pick<CreateSilenceRequest, 'server_ids' | 'matchers'> {
  const exact = (name: string, value: string) => ({ name, value, is_regex: false, is_equal: true })
  if (scope === 'server') return { server_ids: alert.server_ids, matchers: [] }
  if (scope === 'cause') return { server_ids: [], matchers: [exact('alertname', alert.alertname)] }
  const labels = Object.entries(alert.labels).filter(([name]) => name !== 'alertname' && name !== 'severity')
  return { server_ids: alert.server_ids, matchers: [exact('alertname', alert.alertname), ...labels.map(([name, value]) => exact(name, value))] }
}

/** Keeps quiet about an alert, or about servers in maintenance, until a time and for a reason. */
export function SilenceDrawer({ alert, onClose }: { alert?: ActiveAlert; onClose: () => void }) {
  const { t } = useTranslation('alerts')
  const { t: common } = useTranslation('components')
  const f = useFormat()
  const errorText = useErrorText()
  const now = useNow(minute)
  const create = useCreateSilence()
  const [scope, setScope] = useState<Scope>('alert')
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const [reason, setReason] = useState('')
  const [span, setSpan] = useState<number | null>(2 * hour)
  const [end, setEnd] = useState(() => toLocalInput(Date.now() + 2 * hour, f.timeZone))
  const [tried, setTried] = useState(false)
  const endsAt = span === null ? fromLocalInput(end, f.timeZone) : now + span
  const badEnd = endsAt === null || endsAt <= now || endsAt - now > longest
  const badReason = !reason.trim() || [...reason].length > longestReason
  const target = alert ? silenceOf(scope, alert) : { server_ids: [...chosen], matchers: [] }
  const nothing = target.server_ids.length + target.matchers.length === 0
  const submit = () => {
    setTried(true)
    if (badEnd || badReason || nothing) return
    create.mutate({ ...target, reason: reason.trim(), ends_at: new Date(span === null ? endsAt : Date.now() + span).toISOString() }, {
      onSuccess: (silence) => {
        notify.success(t('silence.done', { time: f.moment(Date.parse(silence.ends_at)) }), silence.reason)
        onClose()
      },
    })
  }
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={t(alert ? 'silence.title' : 'silence.maintenance')} dirty={reason !== '' || chosen.size > 0} onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" type="submit" busy={create.isPending && t('saving')}>{t('silence.verb')}</Button>
        </>
      }>
      <div className="flex flex-col gap-4">
        <p className="field-note">{t('silence.about')}</p>
        <Field label={t('silence.reason')} error={tried && badReason ? t('silence.reasonNeeded') : undefined}>
          {(c) => <Input {...c} autoComplete="off" placeholder={t('silence.reasonHint')} value={reason} onChange={(e) => setReason(e.target.value)} />}
        </Field>
        <div className="field">
          <span id="silence-span">{t('silence.until')}</span>
          <div className="row wrap" role="group" aria-labelledby="silence-span">
            {spans.map((ms) => <Button key={ms} size="small" aria-pressed={span === ms} className="chip" onClick={() => setSpan(ms)}>{f.duration(ms / 1000)}</Button>)}
            <Button size="small" aria-pressed={span === null} className="chip" onClick={() => { setSpan(null); if (endsAt) setEnd(toLocalInput(endsAt, f.timeZone)) }}>{t('silence.exact')}</Button>
          </div>
        </div>
        {span === null && <Field label={t('silence.end')} error={badEnd ? t('silence.endNeeded') : undefined}>{(c) => <DateTime {...c} value={end} onChange={setEnd} />}</Field>}
        {endsAt !== null && !badEnd && <p className="field-note -mt-2">{t('silence.ends', { time: f.moment(endsAt) })}</p>}
        {alert ? <ScopeChoice alert={alert} value={scope} onChange={setScope} /> : (
          <div className="field">
            <span>{t('silence.servers', { count: chosen.size })}</span>
            <ServerList chosen={chosen} onChange={setChosen} />
            {tried && nothing && <FieldError>{t('silence.serversNeeded')}</FieldError>}
          </div>
        )}
        {create.error && <FieldError>{errorText(create.error).text}</FieldError>}
      </div>
    </Drawer>
  )
}

function ScopeChoice({ alert, value, onChange }: { alert: ActiveAlert; value: Scope; onChange: (scope: Scope) => void }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const typeName = useTypeName()
  const name = useServers().data?.find((s) => s.id === alert.server_ids[0])?.name ?? t('active.panel')
  const cause = typeName(alert.alertname, wordsOf(alert, f.language).summary)
  const scopes: Scope[] = alert.server_ids.length > 0 ? ['alert', 'server', 'cause'] : ['alert', 'cause']
  return <Choice legend={t('silence.scope')} value={value} onChange={onChange} options={scopes.map((s) => ({ value: s, label: t(`silence.scopes.${s}`, { name, cause }), note: t(`silence.scopes.${s}Note`, { name, cause }) }))} />
}
