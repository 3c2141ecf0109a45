import { memo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { ServerItem } from '../../api/types'
import { LiveMirror } from '../../components/spark/live-trace'
import { StateGlyph } from '../../components/state-glyph'
import { hostOf, serverState } from '../../lib/fleet'
import { type LimitName, level, loadLevel } from '../../lib/limits'
import { useLiveServer } from '../../lib/live'
import { liveOf } from '../../lib/live-values'
import { useOfflineReason } from '../../lib/offline-reason'
import { useFormat } from '../../lib/use-format'

/** One server of the list density. */
export const ServerRow = memo(function ServerRow({ server, handle }: { server: ServerItem; handle?: ReactNode }) {
  const { t } = useTranslation('dashboard')
  const offlineReason = useOfflineReason()
  const f = useFormat()
  const now = useLiveServer(server.id) ?? liveOf(server)
  const state = serverState(server, now)
  const dead = state === 'offline' || state === 'disabled'
  const [rx, tx] = [f.rateOfBytes(now.rx), f.rateOfBytes(now.tx)]
  return (
    <div className={`vrow is-${state}`}>
      <StateGlyph state={state} />
      <span className="vname">{handle}<Link className="nm" to={`/servers/${server.id}`}>{server.name}</Link></span>
      <span className="mono t3 x2">{hostOf(server.url)}</span>
      {dead ? (
        <span className={`vwhy ${state === 'offline' ? 'crit' : 't3'}`}>{state === 'offline' ? offlineReason(server, now) : t('state.disabled')}</span>
      ) : (
        <>
          <Cell name="cpu" value={now.cpu} />
          <Cell name="ram" value={now.ram} className="x3" />
        </>
      )}
      <span className="x1">{!dead && <Cell name="disk" value={now.disk} />}</span>
      <LiveMirror of={server.id} height={22} dim={dead} />
      <span className="num x3">{dead ? '' : <>{rx.value}<span className="u">{rx.unit}</span></>}</span>
      <span className="num">{dead ? '' : <>{tx.value}<span className="u">{tx.unit}</span></>}</span>
      <span className="num x1 t2">{dead ? '' : f.count(now.tcp)}</span>
      <span className={`num x3 ${dead ? '' : loadLevel(now.load1, now.cores)}`}>{dead ? '' : f.load(now.load1)}</span>
      <span className="num x1 t2">{state === 'offline' && server.last_seen ? <span className="crit">{f.age(Date.parse(server.last_seen))}</span> : dead ? '' : f.days(now.uptime)}</span>
    </div>
  )
})

function Cell({ name, value, className = '' }: { name: LimitName; value: number; className?: string }) {
  const f = useFormat()
  const lvl = level(name, value)
  return (
    <span className={`vcell ${className}`}>
      <span className="meter"><i className={lvl} style={{ width: `${value || 0}%` }} /></span>
      <b className={lvl}>{f.percent(value)}</b>
    </span>
  )
}

const columns = ['name', 'address', 'cpu', 'ram', 'disk', 'net', 'download', 'upload', 'tcp', 'load', 'uptime'] as const
const hiddenBelow: Partial<Record<(typeof columns)[number], string>> = { address: 'x2', ram: 'x3', disk: 'x1', download: 'x3', tcp: 'x1', load: 'x3', uptime: 'x1' }
const numeric = new Set<string>(['download', 'upload', 'tcp', 'load', 'uptime'])

/** The headings over the list; they stay when it scrolls. */
export function ListHead() {
  const { t } = useTranslation('dashboard')
  return (
    <div className="vhead" aria-hidden>
      <span />
      {columns.map((c) => <span key={c} className={`${numeric.has(c) ? 'num' : ''} ${hiddenBelow[c] ?? ''}`}>{t(`list.${c}`)}</span>)}
    </div>
  )
}
