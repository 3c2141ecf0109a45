import { ChevronDown, ChevronRight, FileText, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BrokenFile, RuleGroup, RuleState } from '../../api/types'
import { Button } from '../../components/button'
import { Card } from '../../components/card'
import { CopyButton } from '../../components/copy-button'
import { Dialog } from '../../components/dialog'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { Loading, SkeletonRows } from '../../components/skeleton'
import { type GlyphState, StateGlyph } from '../../components/state-glyph'
import { notify } from '../../components/toast'
import { sentence, useErrorText } from '../../lib/error-text'
import { useFormat } from '../../lib/use-format'
import { useReloadRules, useRuleGroups, useRulesFile } from './queries'

/** Every rule that is evaluated, how it fares, and the files that cannot be read. */
export function RulesTab() {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const errorText = useErrorText()
  const groups = useRuleGroups()
  const reload = useReloadRules()
  const [file, setFile] = useState(false)
  const v = groups.data
  const again = () => reload.mutate(undefined, { onSuccess: (r) => notify.success(t('rules.reloaded', { count: r.groups.length })), onError: (e) => notify.error(t('rules.notReloaded'), errorText(e).text) })
  const rules = v?.groups.reduce((n, g) => n + g.rules.length, 0) ?? 0
  return (
    <>
      {v && v.broken.length > 0 && <Broken files={v.broken} />}
      <Card flush className="clipped" title={t('rules.title')} note={<span className="cap">{v && t('rules.count', { count: rules, value: f.count(rules) })}</span>}
        actions={
          <span className="row">
            <Button size="small" icon={FileText} onClick={() => setFile(true)}>{t('rules.file')}</Button>
            <Button size="small" icon={RefreshCw} busy={reload.isPending && t('rules.reloading')} onClick={again}>{t('rules.reload')}</Button>
          </span>
        }>
        <div className="min-h-67">
          {groups.isPending && <SkeletonRows rows={8} columns={5} />}
          {groups.isError && !v && <ErrorState error={groups.error} onRetry={() => void groups.refetch()} />}
          {v?.groups.length === 0 && <EmptyState title={t('rules.empty')} text={t('rules.emptyText')} />}
          {v?.groups.map((g) => <Group key={`${g.file} ${g.name}`} group={g} />)}
        </div>
      </Card>
      {v?.directory && <p className="field-note prose-width">{t('rules.own')} <span className="mono">{v.directory}</span></p>}
      {file && <FileDialog onClose={() => setFile(false)} />}
    </>
  )
}

function Broken({ files }: { files: BrokenFile[] }) {
  const { t } = useTranslation('alerts')
  return (
    <Card title={t('rules.broken', { count: files.length })} note={<StateGlyph quiet state="offline" />}>
      <ul className="flex flex-col gap-2">
        {files.map((b) => <li key={b.file + b.reason}><span className="mono b">{b.line > 0 ? `${b.file}:${b.line}` : b.file}</span><span className="block text-crit">{sentence(b.reason)}</span></li>)}
      </ul>
      <p className="field-note mt-2">{t('rules.brokenNote')}</p>
    </Card>
  )
}

const order = ['firing', 'pending', 'inactive', 'unknown']

function Group({ group: g }: { group: RuleGroup }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const active = g.rules.reduce((n, r) => n + r.alerts, 0)
  const firing = g.rules.some((r) => r.state === 'firing')
  const [open, setOpen] = useState(g.error !== '')
  const Chevron = open ? ChevronDown : ChevronRight
  return (
    <section aria-label={g.name} className="rg">
      <button type="button" className="rg-h" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Chevron size={14} className="text-text3" aria-hidden />
        <StateGlyph quiet state={g.error ? 'offline' : g.last_evaluation ? 'online' : 'loading'} />
        <span className="rg-name"><span className="b ell">{g.name}</span><span className="mono t3 ell">{g.file}</span></span>
        <span className="rg-source"><Pill>{t(`rules.source.${g.source}`)}</Pill></span>
        <span className="grow" />
        {active > 0 && <span className="rg-active"><Pill tone={firing ? 'warn' : 'plain'}>{t('rules.active', { count: active })}</Pill></span>}
        <span className="t2 sm nw hide-s">{t('rules.rules', { count: g.rules.length })}</span>
        <span className="t3 sm nw rg-when">{g.last_evaluation ? t('rules.evaluated', { age: f.age(Date.parse(g.last_evaluation)), ms: f.number(g.evaluation_seconds * 1000, g.evaluation_seconds < 0.01 ? 1 : 0) }) : t('rules.notYet')}</span>
      </button>
      {g.error && <p className="rg-error">{sentence(g.error)}</p>}
      {open && <ul>{g.rules.toSorted((a, b) => order.indexOf(a.state || 'unknown') - order.indexOf(b.state || 'unknown')).map((r) => <Rule key={r.name + r.expression} rule={r} every={g.interval_seconds} />)}</ul>}
    </section>
  )
}

const glyphs: Record<string, GlyphState> = { firing: 'attention', pending: 'loading', inactive: 'online' }

function Rule({ rule: r, every }: { rule: RuleState; every: number }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const state: GlyphState = r.health === 'err' ? 'offline' : r.state === 'firing' && r.severity === 'critical' ? 'critical' : (glyphs[r.state] ?? (r.health === 'ok' ? 'online' : 'loading'))
  const summary = f.language === 'ru' ? r.summary_ru || r.summary : r.summary
  return (
    <li className="rule">
      <span className="row rule-h">
        <StateGlyph quiet state={state} />
        <span className="b ell" title={r.name}>{r.name}</span>
        {r.type === 'recording' ? <Pill>{t('rules.recording')}</Pill> : <span className="t2 ell hide-s">{summary}</span>}
        <span className="grow" />
        {r.alerts > 0 && (r.state === 'firing' || r.state === 'pending') && <Pill tone={r.state === 'firing' ? (r.severity === 'critical' ? 'crit' : 'warn') : 'plain'}>{t(`rules.state.${r.state}`, { count: r.alerts })}</Pill>}
        <span className="t3 sm nw">{[r.for_seconds > 0 && t('rules.for', { time: f.duration(r.for_seconds) }), t('rules.every', { time: f.duration(every) })].filter(Boolean).join(', ')}</span>
      </span>
      <code className="mono rule-x">{r.expression}</code>
      {r.error && <span className="text-crit sm">{sentence(r.error)}</span>}
    </li>
  )
}

/** The rule file that the panel makes of the triggers. */
function FileDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('alerts')
  const { t: common } = useTranslation('components')
  const file = useRulesFile(true)
  return (
    <Dialog wide open onOpenChange={(open) => !open && onClose()} title={t('rules.fileTitle')} description={t('rules.fileText')}
      footer={
        <>
          {file.data && <CopyButton word size="normal" text={file.data} />}
          <Button kind="main" autoFocus onClick={onClose}>{common('close')}</Button>
        </>
      }>
      {file.isPending && <Loading><span className="sk" style={{ height: 260 }} /></Loading>}
      {file.isError && <ErrorState error={file.error} onRetry={() => void file.refetch()} />}
      {file.data && <pre className="mono yaml" tabIndex={0}>{file.data}</pre>}
    </Dialog>
  )
}
