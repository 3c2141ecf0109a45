import { Activity, ArrowDown, ArrowUp, Clock, Lock, Power, RefreshCw } from 'lucide-react'
import { memo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { LiveServer, ServerItem } from '../../api/types'
import { Button } from '../../components/button'
import { LiveMirror } from '../../components/spark/live-trace'
import { StateGlyph } from '../../components/state-glyph'
import { hostOf, serverState } from '../../lib/fleet'
import { text } from '../../lib/format'
import { useLiveServer } from '../../lib/live'
import { liveOf } from '../../lib/live-values'
import { type LimitName, level, loadLevel } from '../../lib/limits'
import { useOfflineReason } from '../../lib/offline-reason'
import { useFormat } from '../../lib/use-format'
import { useServerActions } from './server-actions'
import type { Density } from './view'

interface ServerCardProps {
  server: ServerItem
  density: Density
  handle?: ReactNode
}

/** One server on the dashboard. The name is the link and covers the card; buttons inside stay targets of their own. */
export const ServerCard = memo(function ServerCard({ server, density, handle }: ServerCardProps) {
  const now = useLiveServer(server.id) ?? liveOf(server)
  const state = serverState(server, now)
  const heading = (
    <div className="srv-h">
      {handle}
      <StateGlyph state={state} />
      <Link className="nm" to={`/servers/${server.id}`}>{server.name}</Link>
      {server.restricted && density !== 'compact' && <Restricted />}
      {density !== 'compact' && <span className="mono ip">{hostOf(server.url)}</span>}
      {density === 'compact' && <CompactFigure server={server} now={now} />}
    </div>
  )
  if (density === 'compact') return <article className={`srv mini is-${state}`}>{heading}<CompactBody server={server} now={now} /></article>
  if (state === 'disabled') return <article className="srv is-disabled">{heading}<DisabledBody server={server} /></article>
  if (state === 'offline') return <article className="srv is-offline">{heading}<OfflineBody server={server} now={now} /></article>
  return (
    <article className={`srv is-${state}`}>
      {heading}
      {density === 'detailed' ? <DetailedFigures now={now} server={server} /> : <Bars now={now} />}
      <div className="netrow">
        <LiveMirror of={server.id} height={density === 'detailed' ? 44 : 32} />
        <Rates now={now} />
      </div>
      <Foot server={server} now={now} detailed={density === 'detailed'} />
    </article>
  )
})

function Restricted() {
  const { t } = useTranslation('dashboard')
  return <span className="t3" title={t('card.restricted')}><Lock size={12} aria-label={t('card.restricted')} /></span>
}

function Bars({ now }: { now: LiveServer }) {
  const { t } = useTranslation('dashboard')
  return (
    <div className="bars">
      <Bar name="cpu" label={t('card.cpu')} value={now.cpu} />
      <Bar name="ram" label={t('card.ram')} value={now.ram} />
      <Bar name="disk" label={t('card.disk')} value={now.disk} />
    </div>
  )
}

function Bar({ name, label, value }: { name: LimitName; label: string; value: number }) {
  const f = useFormat()
  const lvl = level(name, value)
  return (
    <div className="mrow">
      <span>{label}</span>
      <span className="meter"><i className={lvl} style={{ width: `${value || 0}%` }} /></span>
      <b className={lvl}>{f.percent(value)}</b>
    </div>
  )
}

function DetailedFigures({ now, server }: { now: LiveServer; server: ServerItem }) {
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  const of = (used: number, total: number) => t('card.of', { used: text(f.bytes(used)), total: text(f.bytes(total)) })
  const figures: [LimitName, string, number, string][] = [
    ['cpu', t('card.cpu'), now.cpu, t('card.load', { load: f.load(now.load1) })],
    ['ram', t('card.ram'), now.ram, of(now.ram_used, now.ram_total)],
    ['disk', t('card.disk'), now.disk, of(now.disk_used, now.disk_total)],
  ]
  return (
    <>
      <div className="srv-os">{server.metrics?.system.os}{now.cores > 0 && ` · ${t('card.cores', { count: now.cores })}`}</div>
      <div className="figures">
        {figures.map(([name, label, value, more]) => (
          <div key={name}>
            <div className="figure"><span>{label}</span><b className={level(name, value)}>{f.percent(value)}</b></div>
            <span className="meter"><i className={level(name, value)} style={{ width: `${value || 0}%` }} /></span>
            <div className="cap">{more}</div>
          </div>
        ))}
      </div>
    </>
  )
}

export function Rates({ now }: { now: LiveServer }) {
  const f = useFormat()
  const [rx, tx] = [f.rateOfBytes(now.rx), f.rateOfBytes(now.tx)]
  return (
    <div className="rates">
      <div><ArrowDown size={12} className="dn" aria-hidden />{rx.value}<span className="u">{rx.unit}</span></div>
      <div><ArrowUp size={12} className="up" aria-hidden />{tx.value}<span className="u">{tx.unit}</span></div>
    </div>
  )
}

function Foot({ server, now, detailed }: { server: ServerItem; now: LiveServer; detailed: boolean }) {
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  const certificate = server.metrics?.certificates.closest_expiry
  return (
    <div className="foot">
      <span title={t('card.uptime')}><Clock size={12} aria-hidden />{now.uptime > 0 ? f.days(now.uptime) : '–'}</span>
      <span className={loadLevel(now.load1, now.cores)} title={t('card.loadTitle', { cores: now.cores })}>
        <Activity size={12} aria-hidden />{f.load(now.load1)}<span className="t3">{`/ ${now.cores || '–'}`}</span>
      </span>
      {detailed && <span>{t('card.tcp', { count: now.tcp, value: f.count(now.tcp) })}</span>}
      <span className="grow" />
      {certificate && <span title={certificate.domain}>{f.days(certificate.days_left * 86_400)}</span>}
    </div>
  )
}

function CompactFigure({ server, now }: { server: ServerItem; now: LiveServer }) {
  const f = useFormat()
  const state = serverState(server, now)
  if (state === 'offline') return <span className="sm crit">{server.last_seen ? f.age(Date.parse(server.last_seen)) : ''}</span>
  if (state === 'disabled') return <Power size={12} className="t3" aria-hidden />
  return <b className={`sm ${level('cpu', now.cpu)}`}>{f.percent(now.cpu)}</b>
}

function CompactBody({ server, now }: { server: ServerItem; now: LiveServer }) {
  const { t } = useTranslation('dashboard')
  const offlineReason = useOfflineReason()
  const f = useFormat()
  const state = serverState(server, now)
  if (state === 'offline' || state === 'disabled') {
    return <><span className="meter" /><div className="cap">{state === 'offline' ? offlineReason(server, now) : t('state.disabled')}</div></>
  }
  const [rx, tx] = [f.rateOfBytes(now.rx), f.rateOfBytes(now.tx)]
  return (
    <>
      <span className="meter"><i className={level('cpu', now.cpu)} style={{ width: `${now.cpu || 0}%` }} /></span>
      <div className="cap mini-net">
        <span><ArrowDown size={11} className="dn" aria-hidden />{text(rx)}</span>
        <span><ArrowUp size={11} className="up" aria-hidden />{text(tx)}</span>
        {level('ram', now.ram) && <span className={level('ram', now.ram)}>{`${t('card.ram')} ${f.percent(now.ram)}`}</span>}
      </div>
    </>
  )
}

function OfflineBody({ server, now }: { server: ServerItem; now: LiveServer }) {
  const { t } = useTranslation('dashboard')
  const offlineReason = useOfflineReason()
  const f = useFormat()
  const { test, testing } = useServerActions(server)
  const code = now.code ?? server.error_code
  return (
    <div className="body-off">
      <div className="problem"><b>{offlineReason(server, now)}</b>{code != null && <span className="tag">{code}</span>}</div>
      <div className="sm t3">{server.last_seen ? t('card.lastSeen', { age: f.age(Date.parse(server.last_seen)) }) : t('card.neverSeen')}</div>
      <LiveMirror of={server.id} height={30} dim />
      <div className="srv-actions">
        <Button size="small" icon={RefreshCw} busy={testing && t('card.testing')} onClick={test}>{t('card.test')}</Button>
      </div>
    </div>
  )
}

function DisabledBody({ server }: { server: ServerItem }) {
  const { t } = useTranslation('dashboard')
  const { enable, enabling } = useServerActions(server)
  return (
    <div className="body-off">
      <b className="t2">{t('state.disabled')}</b>
      <div className="sm t3">{t('card.disabledHint')}</div>
      <span className="grow" />
      <div className="srv-actions"><Button size="small" icon={Power} disabled={enabling} onClick={enable}>{t('card.enable')}</Button></div>
    </div>
  )
}
