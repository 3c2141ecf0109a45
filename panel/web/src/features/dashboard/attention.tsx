import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { ActiveAlert, LiveServer, ServerItem } from '../../api/types'
import { StateGlyph } from '../../components/state-glyph'
import { chartLink, isNews, useActiveAlerts, wordsOf } from '../../lib/alerts'
import { serverState } from '../../lib/fleet'
import { live, useFleetTotals } from '../../lib/live'
import { level, loadLevel } from '../../lib/limits'
import { useOfflineReason } from '../../lib/offline-reason'
import { useFormat } from '../../lib/use-format'

const shown = 4

/** The servers that need a person, worst first, with the reason in words. */
export function Attention({ servers }: { servers: ServerItem[] }) {
  const [all, setAll] = useState(false)
  const { t } = useTranslation('dashboard')
  const offlineReason = useOfflineReason()
  const f = useFormat()
  useFleetTotals() // renders once per message of the stream
  const bad = needy(servers, live.all())
  const alerts = useActiveAlerts().data?.filter((a) => isNews(a) && !bad.some((b) => b.server.id === a.server_ids[0])) ?? []
  const count = bad.length + alerts.length
  const worst = bad[0]?.state === 'offline' || alerts.some((a) => a.severity === 'critical') ? 'crit' : 'warn'
  return (
    <section className="card" aria-label={t('attention.title')}>
      <div className="card-h">
        <h2>{t('attention.title')}</h2>
        {count > 0 && <span className={`pill ${worst}`}>{f.count(count)}</span>}
        <span className="grow" />
        {count > shown && <button type="button" className="link sm" aria-expanded={all} onClick={() => setAll(!all)}>{t(all ? 'attention.fewer' : 'attention.all')}</button>}
        <Link className="link sm" to="/alerts">{t('attention.alerts')}</Link>
      </div>
      <ul className="att">
        {bad.slice(0, all ? bad.length : shown).map(({ server, now, state }) => (
          <li key={server.id}>
            <StateGlyph state={state} />
            <Link className="n" to={`/servers/${server.id}`}>{server.name}</Link>
            <span className="w">{state === 'offline' ? (offlineReason(server, now) || t('state.offline')) : <OverLimit now={now} />}</span>
            {state === 'offline' && server.last_seen && <span className="t3 sm">{f.age(Date.parse(server.last_seen))}</span>}
          </li>
        ))}
        {alerts.slice(0, all ? alerts.length : Math.max(0, shown - bad.length)).map((a) => <AlertRow key={a.fingerprint + a.alertname} alert={a} name={servers.find((v) => v.id === a.server_ids[0])?.name} />)}
        {count === 0 && <li className="fine"><StateGlyph state="online" /><span className="w">{t(servers.length > 0 ? 'attention.none' : 'attention.empty')}</span></li>}
      </ul>
    </section>
  )
}

/** An alert about a server whose figures look right now, or about the panel itself. */
function AlertRow({ alert: a, name }: { alert: ActiveAlert; name: string | undefined }) {
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  const since = Date.parse(a.fired_at ?? a.since)
  const to = a.chart ? chartLink({ serverId: a.chart.server_id, chart: a.chart.chart, threshold: a.chart.threshold, type: a.alertname, from: Date.parse(a.since), to: null }) : '/alerts'
  const { summary, description } = wordsOf(a, f.language)
  return (
    <li>
      <StateGlyph state={a.severity === 'critical' ? 'critical' : 'attention'} />
      <Link className="n" to={to}>{name ?? t('attention.panel')}</Link>
      <span className="w" title={description}>{summary}</span>
      <span className="t3 sm">{f.age(since)}</span>
    </li>
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
