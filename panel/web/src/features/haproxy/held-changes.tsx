import { useQueryClient } from '@tanstack/react-query'
import { Check, CircleCheck, Undo2, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Held } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { useServer } from '../../lib/fleet'
import { heldKey, useHeld } from '../../lib/held'
import { useNow } from '../../lib/use-now'
import './held.css'
import { Problem } from './parts'
import { base, useRefresh, useSubmit } from './queries'

/** The changes of firewalls that wait for a person, above every page: whoever leaves the page has not left the change. Those of a deleted server are nobody's. */
export function HeldChanges() {
  const held = useHeld()
  const [closed, setClosed] = useState<string[]>([])
  const shown = held.data?.filter((c) => !closed.includes(c.id)) ?? []
  return shown.map((c) => <HeldChange key={c.id} change={c} asOf={held.dataUpdatedAt} onClose={() => setClosed([...closed, c.id])} />)
}

function HeldChange({ change: c, asOf, onClose }: { change: Held; asOf: number; onClose: () => void }) {
  const { t } = useTranslation('haproxy')
  const client = useQueryClient()
  const refresh = useRefresh(c.server_id)
  const { busy, error, run } = useSubmit()
  const [deciding, setDeciding] = useState<'keep' | 'revert' | null>(null)
  const name = useServer(c.server_id)?.name
  const left = Math.max(0, Math.ceil(c.seconds_left - (useNow(500) - asOf) / 1000))
  useEffect(() => {
    if (c.outcome) refresh()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when it has ended
  }, [c.outcome])
  const decide = (what: 'keep' | 'revert') => void run(async () => {
    setDeciding(what)
    try {
      await api.post(`${base(c.server_id)}/firewall/changes/${encodeURIComponent(c.id)}/${what}`, undefined, { timeout: 60_000 })
      notify.success(t(`held.${what}Done`))
      onClose()
    } finally {
      await client.invalidateQueries({ queryKey: heldKey })
      refresh()
    }
  })
  if (name === undefined) return null
  if (c.outcome) {
    return (
      <section className="banner held" role="status">
        <p className="grow">{t(`held.${c.outcome}`, { name })} <Change change={c} /></p>
        <IconButton icon={X} size="small" label={t('held.close')} onClick={onClose} />
      </section>
    )
  }
  return (
    <section className="banner held" aria-label={t('held.label', { name })}>
      <Ring left={left} of={c.hold_seconds} />
      <div className="grow">
        <h2><Trans t={t} i18nKey={left > 0 ? 'held.title' : 'held.over'} values={{ name, n: left }} components={{ a: <Link to={`/servers/${c.server_id}/haproxy`} className="held-link" /> }} /></h2>
        <div className="held-facts">
          <Change change={c} />
          <span><CircleCheck size={14} className="ok" aria-hidden />{t('held.reached')}</span>
          <span><CircleCheck size={14} className="ok" aria-hidden />{t('held.ssh')}</span>
        </div>
        <Problem error={error} />
      </div>
      <div className="held-acts">
        <Button icon={Undo2} disabled={busy || left === 0} busy={busy && deciding === 'revert' && t('held.reverting')} onClick={() => decide('revert')}>{t('held.revert')}</Button>
        <Button kind="main" icon={Check} disabled={busy || left === 0} busy={busy && deciding === 'keep' && t('held.keeping')} onClick={() => decide('keep')}>{t('held.keep')}</Button>
      </div>
      <p className="sr" role="alert">{left > 0 && t('held.say', { name, n: left > 15 ? c.hold_seconds : left > 5 ? 15 : 5 })}</p>
    </section>
  )
}

/** What is added or removed, in the words of UFW. */
function Change({ change: { op, rule } }: { change: Held }) {
  const { t } = useTranslation('haproxy')
  if (op === 'add') return <ins className="mono">{`+ ${rule}`}</ins>
  if (rule) return <del className="mono">{`− ${rule}`}</del>
  return <b>{t(`held.${op}`, { defaultValue: op })}</b>
}

const radius = 19
const round = 2 * Math.PI * radius

function Ring({ left, of }: { left: number; of: number }) {
  return (
    <div className="held-ring" aria-hidden>
      <svg viewBox="0 0 44 44">
        <circle cx="22" cy="22" r={radius} />
        <circle cx="22" cy="22" r={radius} className="arc" strokeDasharray={round} strokeDashoffset={round * (1 - Math.min(1, left / of))} />
      </svg>
      <b>{left}</b>
    </div>
  )
}
