import { BellOff, ChartLine, ChevronDown, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import type { ActiveAlert } from '../../api/types'
import { IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { Segmented } from '../../components/segmented'
import { SkeletonRows } from '../../components/skeleton'
import { LiveMirror, LiveSpark } from '../../components/spark/live-trace'
import { StateGlyph } from '../../components/state-glyph'
import { Tip } from '../../components/tip'
import { chartLink, isNews, useActiveAlerts, wordsOf } from '../../lib/alerts'
import { useServers } from '../../lib/fleet'
import { limits } from '../../lib/limits'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { AlertText, useCondition } from './alert-text'
import { type AlertGroup, glyphOf, groupAlerts, type Grouping } from './group-alerts'
import { useAlertSettings } from './queries'
import { SilenceDrawer } from './silence-drawer'
import { useTypeName } from './type-name'

const shownOfGroup = 6
const tick = 15_000

/** What is wrong now, by cause or by server. */
export function Active() {
  const { t } = useTranslation('alerts')
  const active = useActiveAlerts()
  const [params, setParams] = useSearchParams()
  const by: Grouping = params.get('by') === 'server' ? 'server' : 'cause'
  const [silencing, setSilencing] = useState<ActiveAlert | null>(null)
  const all = active.data ?? []
  const news = all.filter(isNews)
  const count = (severity: string) => news.filter((a) => a.severity === severity).length
  const choose = (next: Grouping) => setParams((old) => {
    const p = new URLSearchParams(old)
    if (next === 'cause') p.delete('by')
    else p.set('by', next)
    return p
  }, { replace: true })
  return (
    <Card flush className="clipped" title={t('active.title')}
      note={
        <span className="row">
          {count('critical') > 0 && <Pill tone="crit">{t('active.critical', { count: count('critical') })}</Pill>}
          {count('warning') > 0 && <Pill tone="warn">{t('active.warnings', { count: count('warning') })}</Pill>}
        </span>
      }
      actions={<Segmented label={t('active.group')} value={by} onChange={choose} options={[{ value: 'cause', label: t('active.byCause') }, { value: 'server', label: t('active.byServer') }]} />}>
      <div className="min-h-38">
        {active.isPending && <SkeletonRows rows={5} columns={4} />}
        {active.isError && !active.data && <ErrorState error={active.error} onRetry={() => void active.refetch()} />}
        {active.data && news.length === 0 && <Quiet rest={all.length} />}
        {groupAlerts(news, by).map((g) => <Group key={g.key} group={g} by={by} onSilence={setSilencing} />)}
        <Rest title={t('active.pending')} note={t('active.pendingNote')} alerts={all.filter((a) => a.state !== 'firing' && a.silenced_by.length === 0)} onSilence={setSilencing} />
        <Rest title={t('active.silenced')} note={t('active.silencedNote')} alerts={all.filter((a) => a.silenced_by.length > 0)} onSilence={setSilencing} />
        <Rest title={t('active.covered')} note={t('active.coveredNote')} alerts={all.filter((a) => a.state === 'firing' && a.silenced_by.length === 0 && a.covered_by !== '')} onSilence={setSilencing} />
      </div>
      {silencing && <SilenceDrawer alert={silencing} onClose={() => setSilencing(null)} />}
    </Card>
  )
}

function Quiet({ rest }: { rest: number }) {
  const { t } = useTranslation('alerts')
  return <EmptyState title={t('active.none')} text={t(rest > 0 ? 'active.noneRest' : 'active.noneText')} icon={<StateGlyph quiet state="online" />} />
}

interface GroupProps {
  group: AlertGroup
  by: Grouping
  onSilence: (alert: ActiveAlert) => void
}

function Group({ group: { key, alerts }, by, onSilence }: GroupProps) {
  const { t } = useTranslation('alerts')
  const { t: common } = useTranslation('components')
  const f = useFormat()
  const typeName = useTypeName()
  const servers = useServers().data
  const [all, setAll] = useState(false)
  const first = alerts[0]!
  const server = by === 'server' ? servers?.find((s) => String(s.id) === key) : undefined
  const title = by === 'cause' ? typeName(first.alertname, wordsOf(first, f.language).summary) : (server?.name ?? t('active.panel'))
  const condition = useCondition(useAlertSettings().data)
  const why = by === 'cause' ? condition(first.alertname) : (server?.folder ?? '')
  const shown = all ? alerts : alerts.slice(0, shownOfGroup)
  return (
    <section aria-label={title}>
      <div className="ag">
        <StateGlyph state={glyphOf(first.alertname, first.severity)} quiet />
        <h3>{title}</h3>
        {why && why !== title && <span className="t3 ell">{why}</span>}
        <span className="grow" />
        <span className="t3">{f.count(alerts.length)}</span>
      </div>
      <ul>{shown.map((a) => <Row key={a.fingerprint + a.alertname} alert={a} by={by} onSilence={onSilence} />)}</ul>
      {alerts.length > shownOfGroup && <button type="button" className="link ag-more" aria-expanded={all} onClick={() => setAll(!all)}>{all ? t('active.fewer') : common('more', { count: alerts.length - shownOfGroup })}</button>}
    </section>
  )
}

/** Alerts that are not news: folded, so that they do not hide what is. */
function Rest({ title, note, alerts, onSilence }: { title: string; note: string; alerts: ActiveAlert[]; onSilence: (alert: ActiveAlert) => void }) {
  const f = useFormat()
  const [open, setOpen] = useState(false)
  if (alerts.length === 0) return null
  const Chevron = open ? ChevronDown : ChevronRight
  return (
    <section aria-label={title}>
      <button type="button" className="ag quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Chevron size={14} aria-hidden className="text-text3" />
        <span className="b t2">{title}</span>
        <span className="t3 ell">{note}</span>
        <span className="grow" />
        <span className="t3">{f.count(alerts.length)}</span>
      </button>
      {open && <ul>{alerts.map((a) => <Row key={a.fingerprint + a.alertname} alert={a} by="server" named onSilence={onSilence} />)}</ul>}
    </section>
  )
}

interface RowProps {
  alert: ActiveAlert
  by: Grouping
  /** Says server and cause, for lists that are grouped by neither. */
  named?: boolean
  onSilence: (alert: ActiveAlert) => void
}

function Row({ alert, by, named = false, onSilence }: RowProps) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const typeName = useTypeName()
  const now = useNow(tick)
  const id = alert.server_ids[0]
  const server = useServers().data?.find((s) => s.id === id)
  const words = wordsOf(alert, f.language)
  const since = Date.parse(alert.fired_at ?? alert.since)
  const name = server?.name ?? alert.labels.instance ?? t('active.panel')
  const cause = typeName(alert.alertname, words.summary)
  const link = alert.chart && chartLink({ serverId: alert.chart.server_id, chart: alert.chart.chart, threshold: alert.chart.threshold, type: alert.alertname, from: Date.parse(alert.since), to: null }, now)
  const head = by === 'cause' || named ? name : cause
  return (
    <li className="al">
      {server && (by === 'cause' || named) ? <Link to={link ?? `/servers/${server.id}`} className="b nw ell" title={name}>{head}</Link> : <span className="b nw ell" title={head}>{head}</span>}
      <span className="al-msg ell" title={`${words.description}\n${alert.expression}`}>{named && <span className="b">{`${cause}: `}</span>}<span className="t2"><AlertText alert={alert} /></span></span>
      <span className="al-trace">{id !== undefined && <Trace id={id} alert={alert} />}</span>
      <span className="al-age sm nw" title={f.full(since)}>{f.age(since, now)}<span className="t3 block">{t('active.since', { time: f.date(since, now) === f.date(now) ? f.clockShort(since) : f.time(since, now) })}</span></span>
      <span className="al-acts">
        <Notified alert={alert} />
        <IconButton size="small" icon={BellOff} label={t('active.silence', { name: head })} onClick={() => onSilence(alert)} />
        {link && <Tip text={t('active.chart')}><Link className="btn gh sm ic" to={link} aria-label={t('active.chartOf', { name: head })}><ChartLine size={14} aria-hidden /></Link></Tip>}
      </span>
    </li>
  )
}

/** The last hour of what the alert is about, if the live traces have it. */
function Trace({ id, alert }: { id: number; alert: ActiveAlert }) {
  const type = alert.alertname
  const dim = glyphOf(type, alert.severity) === 'offline'
  if (alert.chart?.chart === 'network') return <LiveMirror of={id} height={26} />
  if (alert.chart?.chart === 'memory') return <LiveSpark of={id} kind="ram" height={26} limit={limits.ram} />
  if (alert.chart?.chart === 'cpu') return <LiveSpark of={id} kind="cpu" height={26} limit={dim ? undefined : limits.cpu} dim={dim} />
  return null
}

function Notified({ alert }: { alert: ActiveAlert }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const note = alert.told_at ? t('active.told', { time: f.time(Date.parse(alert.told_at)) }) : alert.state === 'firing' ? t('active.untold') : t('active.notYet')
  return <span className="sr">{note}</span>
}
