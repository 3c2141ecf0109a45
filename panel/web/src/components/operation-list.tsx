import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { OperationItem } from '../api/types'
import { api } from '../lib/api'
import { useErrorText } from '../lib/error-text'
import { useOperations } from '../lib/operations'
import { useFormat } from '../lib/use-format'
import { useSay } from '../lib/words'
import { Button } from './button'
import { Card } from './card'
import { Pill, type Tone } from './pill'
import { notify } from './toast'

const tones: Record<string, Tone> = { queued: 'accent', conflict: 'warn', delivered: 'ok', failed: 'crit', expired: 'warn' }

/** What waits for servers to come back: for one of them, or for any. */
export function OperationList({ serverId }: { serverId?: number }) {
  const { t } = useTranslation('components')
  const f = useFormat()
  const client = useQueryClient()
  const errorText = useErrorText()
  const say = useSay()
  const list = useOperations()
  const act = async (what: Promise<unknown>) => {
    try {
      await what
    } catch (error) {
      notify.error(t('operations.failed'), errorText(error).text)
    }
    void client.invalidateQueries({ queryKey: ['bulk', 'operations'] })
  }
  const words = (o: OperationItem) => [say(o.title_words, o.title), say(o.message_words, o.message)].filter(Boolean).join(': ')
  const shown = list.data?.filter((o) => serverId === undefined || o.server_id === serverId)
  if (!shown?.length) return null
  return (
    <Card title={t('operations.title')} flush>
      <ul className="ops">
        {shown.map((o) => (
          <li key={o.id} className="ops-row">
            <Pill tone={tones[o.state] ?? 'plain'}>{t(`operations.state.${o.state}`, { defaultValue: o.state })}</Pill>
            <span className="b nw">{o.server_name}</span>
            <span className="t2 grow ell" title={words(o)}>{words(o)}</span>
            <span className="cap nw">{o.done_at ? f.time(Date.parse(o.done_at)) : t('operations.until', { time: f.date(Date.parse(o.expires_at)) })}</span>
            {o.state === 'conflict' && <Button size="small" onClick={() => void act(api.post(`operations/${o.id}/deliver`))}>{t('operations.deliver')}</Button>}
            {(o.state === 'queued' || o.state === 'conflict') && <Button size="small" kind="ghost" onClick={() => void act(api.delete(`operations/${o.id}`))}>{t('operations.cancel')}</Button>}
          </li>
        ))}
      </ul>
    </Card>
  )
}
