import { Lock } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { ServerItem } from '../../api/types'
import { CopyButton } from '../../components/copy-button'
import { Pill, Tag } from '../../components/pill'
import { StateGlyph } from '../../components/state-glyph'
import { Switch } from '../../components/switch'
import type { Column } from '../../components/table'
import { hostOf, serverState, useServerState } from '../../lib/fleet'
import { live, useLiveServer } from '../../lib/live'
import { useOfflineReason } from '../../lib/offline-reason'
import { useFormat } from '../../lib/use-format'
import { shortAddress } from './address'
import { states } from './list-view'
import { RowMenu, type RowAction } from './row-menu'
import { useNow } from '../../lib/use-now'

const tick = 5000

interface Actions {
  testing: ReadonlySet<number>
  setActive: (server: ServerItem, active: boolean) => void
  act: (action: RowAction, server: ServerItem) => void
}

/** The columns of the list; which of them a narrow window drops is in servers.css. */
export function useColumns({ testing, setActive, act }: Actions): Column<ServerItem>[] {
  const { t } = useTranslation('servers')
  return useMemo(() => [
    { id: 'state', title: t('column.state'), className: 'c-state', width: 30, cell: (s) => <State server={s} />, sortBy: (s) => states.indexOf(serverState(s, live.server(s.id))) },
    { id: 'name', title: t('column.name'), className: 'c-name', cell: (s) => <Name server={s} />, sortBy: (s) => s.name },
    { id: 'address', title: t('column.address'), className: 'c-address', width: 200, cell: (s) => <Address url={s.url} />, sortBy: (s) => s.url },
    { id: 'folder', title: t('column.folder'), className: 'c-folder', width: 130, cell: (s) => <span className="ell block" title={s.folder ?? undefined}>{s.folder ?? <span className="text-text3">–</span>}</span>, sortBy: (s) => s.folder },
    { id: 'agent', title: t('column.agent'), className: 'c-agent', width: 80, cell: (s) => <span className="text-text2">{s.agent_version || '–'}</span>, sortBy: (s) => s.agent_version || null },
    { id: 'problem', title: t('column.problem'), className: 'c-problem', cell: (s) => <Problem server={s} />, sortBy: (s) => live.server(s.id)?.error ?? s.last_error },
    { id: 'answer', title: t('column.answer'), className: 'c-answer', width: 126, numeric: true, cell: (s) => <Answer server={s} testing={testing.has(s.id)} />, sortBy: lastAnswer },
    { id: 'active', title: t('column.active'), className: 'c-active', width: 104, cell: (s) => <Switch label={t('row.monitor', { name: s.name })} checked={s.is_active} onChange={(on) => setActive(s, on)} />, sortBy: (s) => Number(s.is_active) },
    { id: 'menu', title: '', className: 'c-menu', width: 48, cell: (s) => <RowMenu server={s} onAction={act} /> },
  ], [t, testing, setActive, act])
}

/** Unix milliseconds, or null for a server that has never answered. */
function lastAnswer(server: ServerItem): number | null {
  return live.server(server.id)?.at || (server.last_seen ? Date.parse(server.last_seen) : null)
}

function State({ server }: { server: ServerItem }) {
  return <StateGlyph state={useServerState(server)} />
}

function Name({ server }: { server: ServerItem }) {
  const { t } = useTranslation('servers')
  const state = useServerState(server)
  return (
    <>
      <span className="row">
        <Link className={`name ell ${state === 'disabled' ? 'text-text2' : ''}`} to={`/servers/${server.id}`}>{server.name}</Link>
        {server.restricted && <Pill title={t('row.restrictedHint')}><Lock size={11} aria-hidden /><span className="restricted">{t('row.restricted')}</span></Pill>}
      </span>
      <span className="second">
        {state === 'offline' ? <><Problem server={server} /><Answer server={server} testing={false} /></> : <><span className="mono ell">{hostOf(server.url)}</span><span className="ell">{server.folder}</span></>}
      </span>
    </>
  )
}

function Address({ url }: { url: string }) {
  const { t } = useTranslation('servers')
  const address = shortAddress(url)
  return <span className="row address"><span className="mono ell text-text2">{address}</span><CopyButton text={address} label={t('row.copy', { address })} /></span>
}

function Problem({ server }: { server: ServerItem }) {
  const { t } = useTranslation('servers')
  const offlineReason = useOfflineReason()
  const now = useLiveServer(server.id)
  const state = useServerState(server)
  if (state === 'disabled') return <span className="text-text3">{t('row.disabled')}</span>
  if (state === 'loading') return <span className="text-text3">{t(server.joined ? 'row.loading' : 'row.waiting')}</span>
  if (state !== 'offline') return null
  const [error, code] = [now?.error ?? server.last_error, now?.code ?? server.error_code]
  const [reason, why] = [reasonOf(error), offlineReason(server, now)]
  return <span className="row gap-1.5"><span className="crit ell" title={why}>{reason ? t(`reason.${reason}`) : why}</span>{code != null && <Tag title={t('row.code', { code })}>{code}</Tag>}</span>
}

function Answer({ server, testing }: { server: ServerItem; testing: boolean }) {
  const { t } = useTranslation('servers')
  const f = useFormat()
  useLiveServer(server.id)
  const now = useNow(tick)
  const state = useServerState(server)
  const at = lastAnswer(server)
  if (testing) return <span className="text-accent" role="status">{t('test.running')}</span>
  return <span className={state === 'offline' ? 'crit' : 'text-text2'} title={at ? f.full(at) : t('row.never')}>{at ? f.age(at, now) : '–'}</span>
}

/** The panel's three usual errors, which have words in both languages. */
function reasonOf(error: string | null): 'timeout' | 'refused' | 'tls' | null {
  if (error === 'Connection timeout') return 'timeout'
  if (error === 'Connection refused') return 'refused'
  return error?.startsWith('SSL certificate error') ? 'tls' : null
}
