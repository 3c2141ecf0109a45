import { ArrowDownUp, ArrowLeft, Clock, Cpu, Folder, Lock, Monitor, Package, Route, SquareTerminal } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { LiveServer, Metrics, ServerItem } from '../../api/types'
import { LinkButton } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { useTitle } from '../../components/page-header'
import { StateGlyph } from '../../components/state-glyph'
import { hostOf, serverState } from '../../lib/fleet'
import { text } from '../../lib/format'
import { useOfflineReason } from '../../lib/offline-reason'
import { useFormat } from '../../lib/use-format'
import { PowerMenu } from './power-menu'

interface HeaderProps {
  server: ServerItem
  now: LiveServer | undefined
  document: Metrics | undefined
}

const tone = { online: 'ok', attention: 'warn', offline: 'crit', disabled: '', loading: '' } as const

/** Who this server is, and how it is. */
export function ServerHeader({ server, now, document: d }: HeaderProps) {
  const { t } = useTranslation('server')
  const offlineReason = useOfflineReason()
  const f = useFormat()
  useTitle(server.name)
  const state = serverState(server, now)
  const host = hostOf(server.url)
  const seen = now?.at || (server.last_seen ? Date.parse(server.last_seen) : 0)
  return (
    <header className="shead">
      <div className="row">
        <LinkButton to="/" kind="ghost" size="small" icon={ArrowLeft} aria-label={t('header.back')} title={t('header.back')}>{null}</LinkButton>
        <StateGlyph state={state} quiet />
        <h1>{server.name}</h1>
        <span className={`pill ${tone[state]}`}>{t(`state.${state}`)}</span>
        {server.folder && <span className="pill hide-s"><Folder size={12} aria-hidden />{server.folder}</span>}
        {server.restricted && <span className="pill hide-s" title={t('header.restrictedHint')}><Lock size={12} aria-hidden />{t('header.restricted')}</span>}
        <span className="grow" />
        {seen > 0 && <span className="cap">{t(state === 'offline' ? 'header.lastSeen' : 'header.updated', { time: f.time(seen) })}</span>}
        <LinkButton to={`/servers/${server.id}/traffic`} size="small" icon={ArrowDownUp}>{t('traffic.title')}</LinkButton>
        <LinkButton to={`/servers/${server.id}/haproxy`} size="small" icon={Route}>{t('header.haproxy')}</LinkButton>
        <LinkButton to={`/servers/${server.id}/terminal`} size="small" icon={SquareTerminal}>{t('header.terminal')}</LinkButton>
        <PowerMenu server={server} />
      </div>
      <div className="ident">
        <span className="mono">{host}<CopyButton text={host} label={t('header.copy')} /></span>
        {d && <span className="hide-s"><Monitor size={13} aria-hidden />{`${d.system.os}, ${d.system.kernel}`}</span>}
        {d && <span className="hide-s"><Cpu size={13} aria-hidden />{t('header.size', { count: d.cpu.cores_logical, memory: text(f.bytes(d.memory.ram.total)) })}</span>}
        {now && now.uptime > 0 && state !== 'offline' && <span><Clock size={13} aria-hidden />{t('header.uptime', { time: f.duration(now.uptime) })}</span>}
        {server.agent_version && <span className="hide-s"><Package size={13} aria-hidden />{t('header.agent', { version: server.agent_version })}</span>}
      </div>
      {state === 'offline' && (
        <p className="sproblem" role="status">
          <b>{offlineReason(server, now)}</b>
          {(now?.code ?? server.error_code) != null && <span className="tag">{now?.code ?? server.error_code}</span>}
        </p>
      )}
    </header>
  )
}
