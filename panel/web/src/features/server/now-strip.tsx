import { ArrowDown, ArrowLeftRight, ArrowUp, Cpu, HardDrive, type LucideIcon, MemoryStick } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { LiveServer } from '../../api/types'
import { Spark } from '../../components/spark/spark'
import { text } from '../../lib/format'
import { type Level, level, limits, loadLevel } from '../../lib/limits'
import { useFormat } from '../../lib/use-format'
import { thin } from './chart-data'
import { useChart } from './queries'

interface NowStripProps {
  serverId: number
  now: LiveServer | undefined
}

const lastHour = { period: '1h' } as const

/** Six figures of this moment, each with its last hour. */
export function NowStrip({ serverId, now }: NowStripProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const cpu = useLastHour(serverId, 'cpu', 0)
  const memory = useLastHour(serverId, 'memory', 0)
  const received = useLastHour(serverId, 'network', 0)
  const sent = useLastHour(serverId, 'network', 1)
  const tcp = useLastHour(serverId, 'connections', 0)
  const rx = f.rateOfBytes(now?.rx)
  const tx = f.rateOfBytes(now?.tx)
  const peak = (values: (number | null)[]) => t('now.peak', { value: text(f.rate(highest(values))) })
  const of = (used?: number, total?: number) => t('now.of', { used: text(f.bytes(used)), total: text(f.bytes(total)) })
  return (
    <section className="strip kpi6" aria-label={t('now.title')}>
      <Figure icon={Cpu} label={t('now.cpu')} value={f.percent(now?.cpu, 1)} level={level('cpu', now?.cpu)} trace={<Spark height={26} values={thin(cpu)} max={100} limit={limits.cpu} />}>
        <LoadAverage now={now} />
      </Figure>
      <Figure icon={MemoryStick} label={t('now.memory')} value={f.percent(now?.ram, 1)} level={level('ram', now?.ram)} trace={<Spark height={26} values={thin(memory)} max={100} limit={limits.ram} />}>
        {of(now?.ram_used, now?.ram_total)}
      </Figure>
      <Figure icon={HardDrive} label={t('now.disk')} value={f.percent(now?.disk, 1)} level={level('disk', now?.disk)} trace={<span className="meter"><i className={level('disk', now?.disk)} style={{ width: `${now?.disk || 0}%` }} /></span>}>
        {of(now?.disk_used, now?.disk_total)}
      </Figure>
      <Figure icon={ArrowDown} label={t('now.download')} value={rx.value} unit={rx.unit} trace={<Spark height={26} values={thin(received)} />}>{peak(received)}</Figure>
      <Figure icon={ArrowUp} label={t('now.upload')} value={tx.value} unit={tx.unit} trace={<Spark height={26} values={thin(sent)} color="s-b" />}>{peak(sent)}</Figure>
      <Figure icon={ArrowLeftRight} label={t('now.connections')} value={f.count(now?.tcp)} unit="TCP" trace={<Spark height={26} values={thin(tcp)} />}>
        {t('now.sockets', { udp: f.count(now?.udp), processes: f.count(now?.processes) })}
      </Figure>
    </section>
  )
}

interface FigureProps {
  icon: LucideIcon
  label: string
  value: string
  unit?: string
  level?: Level
  trace: ReactNode
  children: ReactNode
}

function Figure({ icon: Icon, label, value, unit, level: lvl = '', trace, children }: FigureProps) {
  return (
    <div className="kpi">
      <div className="l"><Icon size={14} aria-hidden />{label}</div>
      <div className={`v ${lvl}`}>{value}{unit && <span className="u">{unit}</span>}</div>
      <div className="m">{children}</div>
      <div className="tr">{trace}</div>
    </div>
  )
}

function LoadAverage({ now }: { now: LiveServer | undefined }) {
  const { t } = useTranslation('server')
  const f = useFormat()
  return (
    <>
      {`${t('now.load')} `}
      <b className={loadLevel(now?.load1, now?.cores ?? 0)}>{f.load(now?.load1)}</b>
      {` ${f.load(now?.load5)} ${f.load(now?.load15)}`}
    </>
  )
}

/** A series of the last hour. */
function useLastHour(serverId: number, chart: string, series: number): (number | null)[] {
  return useChart(serverId, chart, lastHour, 0).data?.series[series]?.mean ?? []
}

const highest = (values: (number | null)[]): number | null => values.reduce<number | null>((max, v) => (v != null && (max == null || v > max) ? v : max), null)
