import { ArrowDown, ArrowUp } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LiveMirror, LiveSpark } from '../../components/spark/live-trace'
import { text } from '../../lib/format'
import { useFleetTotals } from '../../lib/live'
import { level, limits } from '../../lib/limits'
import { useFormat } from '../../lib/use-format'

/** The whole fleet in one look: CPU weighted by cores, memory, network in one mirrored trace. */
export function FleetStrip() {
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  const v = useFleetTotals()
  const ram = v.ramTotal > 0 ? (v.ramUsed / v.ramTotal) * 100 : Number.NaN
  const [rx, tx] = [f.rateOfBytes(v.rx), f.rateOfBytes(v.tx)]
  return (
    <section className="strip fleet" aria-label={t('fleet.title')}>
      <div className="kpi">
        <div>
          <div className="l">{t('fleet.cpu')}</div>
          <div className={`v ${level('cpu', v.cpu)}`}>{f.percent(v.cpu)}</div>
          <div className="m">{t('fleet.cores', { count: v.cores, value: f.count(v.cores) })}</div>
        </div>
        <LiveSpark of="total" kind="cpu" height={64} limit={limits.cpu} />
      </div>
      <div className="kpi">
        <div>
          <div className="l">{t('fleet.memory')}</div>
          <div className={`v ${level('ram', ram)}`}>{f.percent(ram)}</div>
          <div className="m">{t('card.of', { used: text(f.bytes(v.ramUsed)), total: text(f.bytes(v.ramTotal)) })}</div>
        </div>
        <LiveSpark of="total" kind="ram" height={64} limit={limits.ram} />
      </div>
      <div className="kpi">
        <div>
          <div className="l">{t('fleet.network')}</div>
          <div className="v"><ArrowDown size={14} className="dn" aria-label={t('list.download')} />{rx.value}<span className="u">{rx.unit}</span></div>
          <div className="v second"><ArrowUp size={14} className="up" aria-label={t('list.upload')} />{tx.value}<span className="u">{tx.unit}</span></div>
        </div>
        <LiveMirror of="total" height={64} />
      </div>
    </section>
  )
}
