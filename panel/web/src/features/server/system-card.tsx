import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Metrics, ServerItem } from '../../api/types'
import { text } from '../../lib/format'
import { useFormat } from '../../lib/use-format'

interface SystemProps {
  server: ServerItem
  document: Metrics | undefined
}

/** What the machine is made of. */
export function SystemCard({ server, document: d }: SystemProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const rows: [string, ReactNode][] = d
    ? [
        [t('system.model'), t('system.cores', { model: d.cpu.model, count: d.cpu.cores_logical })],
        [t('system.os'), d.system.os],
        [t('system.kernel'), <span className="mono" key="k">{`${d.system.kernel} ${d.system.architecture}`}</span>],
        [t('system.boot'), f.full(Date.parse(d.system.boot_time))],
        [t('system.timezone'), `${d.timezone.name}, ${d.timezone.offset}`],
        [t('system.interfaces'), <Interfaces key="i" document={d} />],
        [t('system.disks'), <Disks key="d" document={d} />],
        [t('system.swap'), d.memory.swap.total > 0 ? text(f.bytes(d.memory.swap.total)) : t('system.noSwap')],
        [t('system.files'), f.count(d.system.open_files)],
      ]
    : []
  return (
    <section className="card" aria-label={t('system.title')}>
      <div className="card-h"><h2>{t('system.title')}</h2></div>
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
        ))}
        <div><dt>{t('system.agent')}</dt><dd>{server.agent_version ? `${server.agent_version}, ${t(server.restricted ? 'system.restricted' : 'system.unrestricted')}` : t('system.notJoined')}</dd></div>
        <div><dt>{t('system.address')}</dt><dd className="mono">{server.url.replace('https://', '')}</dd></div>
      </dl>
    </section>
  )
}

function Interfaces({ document: d }: { document: Metrics }) {
  const real = d.network.interfaces.filter((i) => !i.is_virtual)
  const virtual = d.network.interfaces.length - real.length
  const { t } = useTranslation('server')
  return (
    <>
      {real.map((i) => (
        <div key={i.name}>
          <span className="mono">{i.name}</span>
          {` ${i.addresses.map((a) => a.address).join(', ')}`}
          {i.speed_mbps > 0 && ` · ${t('system.speed', { value: i.speed_mbps })}`}
        </div>
      ))}
      {virtual > 0 && <div className="t3">{t('system.virtual', { count: virtual })}</div>}
    </>
  )
}

function Disks({ document: d }: { document: Metrics }) {
  const f = useFormat()
  const { t } = useTranslation('server')
  return d.disk.partitions.map((p) => (
    <div key={p.mountpoint}>
      <span className="mono">{p.mountpoint}</span>
      {` ${t('now.of', { used: text(f.bytes(p.used)), total: text(f.bytes(p.total)) })}`}
    </div>
  ))
}
