import { useTranslation } from 'react-i18next'
import type { ActiveAlert, AlertSettingsBody } from '../../api/types'
import { Tag } from '../../components/pill'
import { wordsOf } from '../../lib/alerts'
import { useServer } from '../../lib/fleet'
import { text } from '../../lib/format'
import { useOfflineReason } from '../../lib/offline-reason'
import { useFormat } from '../../lib/use-format'
import { useNumberText } from './number-text'
import { type NumberField, triggers } from './triggers'

/** The trigger of a type: cpu of cpu_spike. */
const triggerOf = (type: string) => triggers.find((x) => x.name === type.replace(/_(critical|spike|drop|high)$/, ''))

/** What one alert of the settings says: the value now against what is usual, or why the server does not answer. */
export function AlertText({ alert }: { alert: ActiveAlert }) {
  const { t } = useTranslation('alerts')
  const offlineReason = useOfflineReason()
  const f = useFormat()
  const server = useServer(alert.server_ids[0] ?? 0)
  const { current, ema } = alert.details
  const type = alert.alertname
  if (type === 'offline' && server?.last_error) return <>{offlineReason(server)} {server.error_code !== null && <Tag title={t('active.code')}>{server.error_code}</Tag>}</>
  if (current == null || !triggerOf(type)) return wordsOf(alert, f.language).description
  const figure = (v: number) => (/^(cpu|ram|conntrack)/.test(type) ? f.percent(v, v < 10 ? 1 : 0) : type.startsWith('network') ? text(f.rateOfBytes(v)) : type.startsWith('load') ? f.load(v) : f.count(v))
  return <><b className="b text-text">{figure(current)}</b> {ema != null && t('active.usual', { value: figure(ema) })}</>
}

/** When alerts of a type come, in words: "over 90 % for 5 min". */
export function useCondition(settings: AlertSettingsBody | undefined): (type: string) => string {
  const { t } = useTranslation('alerts')
  const numberText = useNumberText()
  return (type) => {
    const trigger = triggerOf(type)
    if (!trigger || !settings) return ''
    const of = (label: string): NumberField | undefined => trigger.fields.find((x) => x.label === label)
    const write = (label: string) => {
      const field = of(label)
      return field ? numberText(settings[field.key], field.unit) : ''
    }
    const kind = type.endsWith('_spike') ? 'spike' : type.endsWith('_drop') ? 'drop' : trigger.name === 'offline' ? 'offline' : trigger.name === 'load_avg' ? 'load' : 'threshold'
    const lasting = of('sustained') && settings[of('sustained')!.key] > 0 ? `, ${t('condition.lasting', { time: write('sustained') })}` : ''
    const label = { spike: 'spike', drop: 'drop', offline: 'checks', load: 'offset', threshold: 'threshold' }[kind]
    return t(`condition.${kind}`, { value: write(label), checks: kind === 'load' ? write('checks') : '' }) + lasting
  }
}
