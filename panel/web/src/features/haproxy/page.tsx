import { ArrowLeft } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { LinkButton } from '../../components/button'
import { ClosedByOwner } from '../../components/closed-by-owner'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { OperationList } from '../../components/operation-list'
import { OneServer } from '../../components/one-server'
import { PageBody, useTitle } from '../../components/page-header'
import { StateGlyph } from '../../components/state-glyph'
import { type Domain, useAccess } from '../../lib/access'
import { useServerState } from '../../lib/fleet'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { useSay } from '../../lib/words'
import { CertsCard } from './certs-card'
import { ConfigCard } from './config-card'
import { FirewallCard } from './firewall-card'
import { InstallCard } from './install-card'
import './haproxy.css'
import { ChangesCard } from './changes-card'
import { heardAt } from './hour'
import { useCached, useLastHour, useStats } from './queries'
import { RulesCard } from './rules-card'
import { ServiceActions, ServiceStrip } from './service'
import { Tools } from './tools'

/** HAProxy, its certificates and the firewall of one server. */
export function HAProxyPage() {
  return <OneServer of={HAProxy} />
}

function HAProxy({ server }: { server: ServerItem }) {
  const { t } = useTranslation('haproxy')
  const f = useFormat()
  const say = useSay()
  const now = useNow(1000)
  const state = useServerState(server)
  const offline = state === 'offline'
  const access = useAccess(server.id)
  const readOnly = (domain: Domain) => access(domain) === 'ro'
  const cached = useCached(server.id)
  const d = cached.data
  const stats = useStats(server.id, Boolean(d?.status?.running) && !offline)
  const hour = useLastHour(server.id, Boolean(d?.status?.installed)).data
  const heard = hour && heardAt(hour)
  useTitle(`${t('title')} · ${server.name}`)
  return (
    <>
      <header className="head">
        <LinkButton to={`/servers/${server.id}`} kind="ghost" size="small" icon={ArrowLeft} aria-label={t('back')} title={t('back')}>{null}</LinkButton>
        <StateGlyph state={state} quiet />
        <h1 className="ell">{server.name}</h1>
        <span className="t3 hide-s">{t('title')}</span>
        <span className="grow" />
        {d && <span className="cap nw" title={f.full(Date.parse(d.cached_at))}>{t('age', { time: f.age(Math.min(now, Date.parse(d.cached_at)), now) })}</span>}
        {d?.status?.installed && <ServiceActions id={server.id} name={server.name} status={d.status} disabled={offline || readOnly('haproxy')} />}
        {d?.status?.installed && <Tools id={server.id} name={server.name} offline={offline} readOnly={readOnly('haproxy')} />}
      </header>
      <PageBody>
        {offline && <p className="banner" role="status">{t('offline')}</p>}
        {d?.last_error && !offline && <p className="banner" role="status">{t('lastError', { reason: say(d.last_error_words, d.last_error) })}</p>}
        {cached.isPending ? <span className="sk sk-late" aria-busy="true" style={{ height: 420 }} />
          : !d ? <ErrorState error={cached.error} onRetry={() => void cached.refetch()} />
            : (
              <>
                {d.status ? <ServiceStrip status={d.status} rules={d.rules} stats={stats.data} hour={hour} /> : <Closed title={t('closed.haproxy')} domain="haproxy" closed={access('haproxy') === 'closed'} />}
                {d.status && !d.status.installed && <InstallCard id={server.id} installing={d.status.installing} offline={offline || readOnly('haproxy')} />}
                {heard != null && <p className="cap hheard">{t('service.heard', { time: f.age(Math.min(now, heard), now) })}</p>}
                <OperationList serverId={server.id} />
                <div className={d.status?.installed ? 'hcols' : 'stack'}>
                  <div className="stack">
                    {d.status?.installed && d.rules && <RulesCard id={server.id} rules={d.rules} stats={stats.data} hour={hour} certs={d.certs} offline={offline} readOnly={readOnly('haproxy')} />}
                    {d.certs ? <CertsCard id={server.id} certs={d.certs.certificates} offline={offline} readOnly={readOnly('certs')} /> : <Closed title={t('certs.title')} domain="certs" closed={access('certs') === 'closed'} />}
                    {d.firewall?.status ? <FirewallCard id={server.id} panelPort={portOf(server.url)} status={d.firewall.status} rules={d.firewall.rules?.rules ?? []} offline={offline} readOnly={readOnly('firewall')} /> : <Closed title={t('fw.title')} domain="firewall" closed={access('firewall') === 'closed'} />}
                  </div>
                  <div className="stack">
                    {d.status?.installed && <ConfigCard id={server.id} name={server.name} hash={d.status.config_hash} offline={offline} readOnly={readOnly('haproxy')} trusted={!['ro', 'closed'].includes(access('exec'))} />}
                    <ChangesCard id={server.id} />
                  </div>
                </div>
              </>
            )}
      </PageBody>
    </>
  )
}

/** Where the panel reaches the agent, unless something in between changes it. */
function portOf(url: string): number {
  const port = URL.canParse(url) ? new URL(url).port : ''
  return Number(port) || 443
}

/** A part that the owner has closed, or that the agent does not have. */
function Closed({ title, domain, closed }: { title: string; domain: Domain; closed: boolean }) {
  const { t } = useTranslation('haproxy')
  return <section className="card card-b">{closed ? <ClosedByOwner title={title} domain={domain} /> : <EmptyState title={t('closed.title', { title })} text={t('closed.text')} />}</section>
}
