import { Play, RefreshCw, RotateCcw, Square } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { HAProxyRules, HAProxyStats, HAProxyStatus, LastHourResponse } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Figure, Strip } from '../../components/card'
import { ConfirmDanger } from '../../components/confirm-danger'
import { largest, type Points } from '../../components/spark/draw'
import { Spark } from '../../components/spark/spark'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import type { ColorName } from '../../lib/colors'
import { useFormat } from '../../lib/use-format'
import { useProblem } from './parts'
import { newest, text } from './hour'
import { base, slow, useRefresh } from './queries'

type Action = 'start' | 'stop' | 'restart' | 'reload'

/** Reload keeps connections; what ends them asks first. */
export function ServiceActions({ id, name, status, disabled }: { id: number; name: string; status: HAProxyStatus; disabled: boolean }) {
  const { t } = useTranslation('haproxy')
  const refresh = useRefresh(id)
  const problem = useProblem()
  const [busy, setBusy] = useState(false)
  const [asking, setAsking] = useState<'stop' | 'restart' | null>(null)
  const send = async (action: Action) => {
    await api.post(`${base(id)}/${action}`, undefined, slow)
    notify.success(t(`service.${action}Done`))
    refresh()
  }
  const now = async (action: Action) => {
    setBusy(true)
    try {
      await send(action)
    } catch (error) {
      notify.error(t('service.failed'), problem(error))
      refresh()
    }
    setBusy(false)
  }
  if (!status.running) return <Button kind="main" size="small" icon={Play} disabled={disabled} busy={busy && t('service.busy')} onClick={() => void now('start')}>{t('service.start')}</Button>
  return (
    <>
      <Button size="small" icon={RefreshCw} disabled={disabled} busy={busy && t('service.busy')} onClick={() => void now('reload')}>{t('service.reload')}</Button>
      <IconButton size="small" kind="plain" icon={RotateCcw} label={t('service.restart')} disabled={disabled} onClick={() => setAsking('restart')} />
      <IconButton size="small" kind="danger" icon={Square} label={t('service.stop')} disabled={disabled} onClick={() => setAsking('stop')} />
      {asking && (
        <ConfirmDanger open onOpenChange={(open) => !open && setAsking(null)} title={t(`service.${asking}Title`, { name })} consequence={t(`service.${asking}Text`)}
          verb={t(`service.${asking}`)} busy={t('service.busy')} onConfirm={() => send(asking)} />
      )}
    </>
  )
}

/** How the service is, and what goes through it. */
export function ServiceStrip({ status: s, rules, stats, hour }: { status: HAProxyStatus; rules: HAProxyRules | null; stats: HAProxyStats | undefined; hour: LastHourResponse | undefined }) {
  const { t } = useTranslation('haproxy')
  const f = useFormat()
  const sum = (of: 'sessions_per_sec' | 'bytes_in' | 'bytes_out' | 'errors') => stats?.frontends.reduce((n, p) => n + p[of], 0)
  const sinceReload = (of: 'bytes_in' | 'bytes_out') => stats && t('service.sinceReload', { amount: text(f.bytes(sum(of))) })
  const [inward, outward] = [f.rateOfBytes(newest(hour?.bytes_in)), f.rateOfBytes(newest(hour?.bytes_out))]
  const peak = hour?.sessions.some((v) => v !== null) ? largest(hour.sessions) : undefined
  return (
    <>
      <Strip label={t('service.title')} className="hstrip">
        <Figure label={t('service.title')} value={<span className={s.running ? 'ok' : 'crit'}>{t(!s.installed ? 'service.absent' : s.running ? 'service.running' : 'service.stopped')}</span>}
          note={[stats && t('service.since', { time: f.duration(stats.uptime_seconds) }), s.installed && t(s.enabled ? 'service.boot' : 'service.noBoot'), s.old_processes > 0 && t('service.old', { count: s.old_processes })].filter(Boolean).join(', ')} />
        <Figure label={t('service.config')} value={<span className={s.config_valid ? '' : 'crit'}>{t(!s.config_exists ? 'service.noConfig' : s.config_valid ? 'service.valid' : 'service.invalid')}</span>}
          note={rules && t('service.managed', { count: rules.count, foreign: rules.foreign })} />
        <Figure label={t('service.connections')} value={f.count(stats?.connections)} note={stats && t('service.limit', { n: f.count(stats.max_connections) })}><Hour values={hour?.connections} /></Figure>
        <Figure label={t('service.rate')} value={f.count(sum('sessions_per_sec'))} note={[peak !== undefined && t('service.peak', { n: f.number(peak, peak < 10 ? 1 : 0) }), stats && t('service.errors', { n: f.count(sum('errors')) })].filter(Boolean).join(', ')}><Hour values={hour?.sessions} /></Figure>
        <Figure label={t('service.in')} value={<>{inward.value}<span className="u">{inward.unit}</span></>} note={sinceReload('bytes_in')}><Hour values={hour?.bytes_in} /></Figure>
        <Figure label={t('service.out')} value={<>{outward.value}<span className="u">{outward.unit}</span></>} note={sinceReload('bytes_out')}><Hour values={hour?.bytes_out} color="s-b" /></Figure>
      </Strip>
      {s.installed && !s.config_valid && s.config_message && <Words title={t('service.says')} text={s.config_message} />}
      {s.installed && !s.running && s.service_logs && <Words title={t('service.logs')} text={s.service_logs} />}
    </>
  )
}

/** The line below a figure. Its place is kept while there is none. */
function Hour({ values, color }: { values: Points | undefined; color?: ColorName }) {
  return values ? <Spark values={values} height={20} color={color} className="hhour" /> : <span className="hhour" />
}

function Words({ title, text }: { title: string; text: string }) {
  return (
    <details className="card hwords" open>
      <summary>{title}</summary>
      <pre>{text}</pre>
    </details>
  )
}
