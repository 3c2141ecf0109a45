import { useTranslation } from 'react-i18next'
import type { OperationItem } from '../api/types'
import { useOperations } from '../lib/operations'
import { useFormat } from '../lib/use-format'
import { useSay } from '../lib/words'
import { Button } from './button'
import { Card } from './card'
import { Pill, type Tone } from './pill'
import { useDecide } from './use-decide'

const tones: Record<string, Tone> = { queued: 'accent', conflict: 'warn', delivered: 'ok', failed: 'crit', expired: 'warn' }

/** What waits for servers to come back: for one of them, or for any. */
export function OperationList({ serverId }: { serverId?: number }) {
  const { t } = useTranslation('components')
  const f = useFormat()
  const say = useSay()
  const list = useOperations()
  const decide = useDecide()
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
            {o.state === 'conflict' && <Button size="small" onClick={() => void decide(o.id, 'deliver')}>{t('operations.deliver')}</Button>}
            {(o.state === 'queued' || o.state === 'conflict') && <Button size="small" kind="ghost" onClick={() => void decide(o.id, 'cancel')}>{t('operations.cancel')}</Button>}
          </li>
        ))}
      </ul>
    </Card>
  )
}
