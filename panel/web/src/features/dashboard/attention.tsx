import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { LiveServer, ServerItem } from '../../api/types'
import { StateGlyph } from '../../components/state-glyph'
import { serverState } from '../../lib/fleet'
import { live, useFleetTotals } from '../../lib/live'
import { level, loadLevel } from '../../lib/limits'
import { useFormat } from '../../lib/use-format'

const shown = 4

/** The servers that need a person, worst first, with the reason in words. */
export function Attention({ servers }: { servers: ServerItem[] }) {
  const [all, setAll] = useState(false)
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  useFleetTotals() // renders once per message of the stream
  const bad = needy(servers, live.all())
  return (
    <section className="card" aria-label={t('attention.title')}>
      <div className="card-h">
        <h2>{t('attention.title')}</h2>
        {bad.length > 0 && <span className={`pill ${bad[0]?.state === 'offline' ? 'crit' : 'warn'}`}>{f.count(bad.length)}</span>}
        <span className="grow" />
        {bad.length > shown && <button type="button" className="link sm" aria-expanded={all} onClick={() => setAll(!all)}>{t(all ? 'attention.fewer' : 'attention.all')}</button>}
      </div>
      <ul className="att">
        {bad.slice(0, all ? bad.length : shown).map(({ server, now, state }) => (
          <li key={server.id}>
            <StateGlyph state={state} />
            <Link className="n" to={`/servers/${server.id}`}>{server.name}</Link>
            <span className="w">{state === 'offline' ? (now?.error ?? server.last_error ?? t('state.offline')) : <OverLimit now={now} />}</span>
            {state === 'offline' && server.last_seen && <span className="t3 sm">{f.age(Date.parse(server.last_seen))}</span>}
          </li>
        ))}
        {bad.length === 0 && <li className="fine"><StateGlyph state="online" /><span className="w">{t(servers.length > 0 ? 'attention.none' : 'attention.empty')}</span></li>}
      </ul>
    </section>
  )
}

/** Which figures are over their limits. */
export function OverLimit({ now }: { now: LiveServer | undefined }) {
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  if (!now) return null
  const reasons = (['cpu', 'ram', 'disk'] as const).filter((k) => level(k, now[k])).map((k) => t(`over.${k}`, { value: f.percent(now[k]) }))
  if (loadLevel(now.load1, now.cores) === 'crit') reasons.push(t('over.load', { value: f.load(now.load1), cores: now.cores }))
  return reasons.join(' · ')
}

function needy(servers: ServerItem[], live: ReadonlyMap<number, LiveServer>) {
  const found = servers.map((server) => ({ server, now: live.get(server.id), state: serverState(server, live.get(server.id)) }))
  const rank = { offline: 0, attention: 1, online: 2, loading: 2, disabled: 2 }
  return found.filter((v) => rank[v.state] < 2).sort((a, b) => rank[a.state] - rank[b.state] || seen(b.server) - seen(a.server))
}

const seen = (s: ServerItem): number => (s.last_seen ? Date.parse(s.last_seen) : 0)
