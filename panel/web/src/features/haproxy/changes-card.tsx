import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Card } from '../../components/card'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Pill, type Tone } from '../../components/pill'
import { SkeletonRows } from '../../components/skeleton'
import { actionKey, outcome } from '../../lib/audit'
import { useOperations } from '../../lib/operations'
import { useFormat } from '../../lib/use-format'
import { useSay } from '../../lib/words'
import { useChanges } from './queries'

const shown = 8

interface Line {
  key: string
  at: number
  what: string
  on: string
  who: string
  /** Nothing if it was simply done. */
  outcome?: { tone: Tone; text: string }
}

const tones: Record<string, Tone> = { failed: 'crit', refused: 'warn', dropped: 'warn', expired: 'warn', cancelled: 'plain' }

/** Who changed what here from the panel, the newest first: by hand, and what had waited for the server. */
export function ChangesCard({ id }: { id: number }) {
  const { t } = useTranslation('haproxy')
  const f = useFormat()
  const changes = useChanges(id)
  const byHand = useByHand(id)
  const waited = useWaited(id)
  const lines = [...byHand, ...waited].sort((a, b) => b.at - a.at).slice(0, shown)
  return (
    <Card flush title={t('changes.title')} actions={<Link className="link sm" to={`/audit?server=${id}`}>{t('changes.all')}</Link>}>
      {changes.isPending ? <SkeletonRows rows={4} columns={2} />
        : changes.isError && !changes.data ? <ErrorState error={changes.error} onRetry={() => void changes.refetch()} />
          : lines.length === 0 ? <EmptyState title={t('changes.none')} text={t('changes.noneText')} />
            : (
              <ul className="hchanges">
                {lines.map((l) => (
                  <li key={l.key}>
                    <span className="grow">
                      <span className="b">{l.what}</span> {l.on && <span className="mono t2">{l.on}</span>}
                      <span className="cap">{l.who}</span>
                    </span>
                    {l.outcome && <Pill tone={l.outcome.tone}>{l.outcome.text}</Pill>}
                    <time className="t3 sm nw" dateTime={new Date(l.at).toISOString()} title={f.full(l.at)}>{f.time(l.at)}</time>
                  </li>
                ))}
              </ul>
            )}
    </Card>
  )
}

/** Of the audit log, in its own words. */
function useByHand(id: number): Line[] {
  const { t } = useTranslation('audit')
  return (useChanges(id).data ?? []).map((e) => {
    const [key, result] = [actionKey(e.action), outcome(e)]
    const firewall = e.target === 'firewall'
    return {
      key: `a${e.id}`, at: Date.parse(e.at), what: key ? t(`action.${key}`) : e.action, on: firewall ? e.detail : e.target === 'configuration' ? '' : e.target, who: e.actor,
      outcome: result === 'done' ? undefined : { tone: tones[result] ?? 'plain', text: t(`outcome.${result}`) },
    }
  })
}

/** Of the queue, what has come to an end. */
function useWaited(id: number): Line[] {
  const { t } = useTranslation('haproxy')
  const { t: tc } = useTranslation('components')
  const say = useSay()
  const own = useOperations().data?.filter((o) => o.server_id === id && o.done_at && /^(haproxy|firewall)_/.test(o.kind)) ?? []
  return own.map((o) => ({
    key: `o${o.id}`, at: Date.parse(o.done_at!), what: say(o.title_words, o.title), on: '', who: [t('changes.later'), say(o.message_words, o.message)].filter(Boolean).join(': '),
    outcome: o.state === 'delivered' ? undefined : { tone: tones[o.state] ?? 'plain', text: tc(`operations.state.${o.state}`, { defaultValue: o.state }) },
  }))
}
