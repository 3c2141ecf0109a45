import { CircleCheck, CircleX, Search, Undo2 } from 'lucide-react'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { Dialog } from '../../components/dialog'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { ConfigApply } from './config-apply'
import { ConfigGuard } from './config-guard'
import type { EditorHandle } from './editor'
import { Diff, Problem } from './parts'
import { useRefresh, useSubmit } from './queries'
import { useConfig, type Verdict } from './use-config'
import type { Word } from './words'

const Editor = lazy(() => import('./editor'))
const none: Word[] = []
/** What a byte becomes that is no UTF-8: written back, it would not be the byte that it was. */
const damaged = '\uFFFD'

interface ConfigCardProps {
  id: number
  name: string
  /** Of the file, as the state of the service tells it. */
  hash: string
  offline: boolean
  readOnly: boolean
  /** The owner lets the panel run programs, which a whole configuration can do. */
  trusted: boolean
}

/** The whole configuration file: looked at, edited, checked by the node's own HAProxy, compared and applied. */
export function ConfigCard({ id, name, hash, offline, readOnly, trusted }: ConfigCardProps) {
  const { t } = useTranslation('haproxy')
  const refresh = useRefresh(id)
  const config = useConfig(id, hash, !offline)
  const checking = useSubmit()
  const [applying, setApplying] = useState(false)
  const [comparing, setComparing] = useState(false)
  const editor = useRef<EditorHandle>(null)
  const { file, from, dirty, verdict } = config
  const foreign = Boolean(file?.content.includes(damaged))
  const fixed = offline || readOnly || !trusted || foreign
  const closed = fixed || !config.text || config.changedMeanwhile
  const check = (then?: () => void) => void checking.run(async () => {
    const { valid } = await config.check()
    if (valid) then?.()
  })
  return (
    <Card className="hconfig" flush title={t('editor.title')} note={<span className="mono ell hide-s">{from?.path}</span>}
      actions={
        <>
          {dirty && <Pill tone="accent">{t('editor.unsaved')}</Pill>}
          <IconButton icon={Search} size="small" label={t('editor.search')} disabled={!file} onClick={() => editor.current?.search()} />
        </>
      }>
      {config.changedMeanwhile && (
        <div className="hconfig-note warn" role="alert">
          <span className="grow">{t('editor.changed')}</span>
          <Button size="small" onClick={() => setComparing(true)}>{t('editor.compare')}</Button>
          <Button size="small" onClick={config.discard}>{t('editor.takeTheirs')}</Button>
          <Button size="small" onClick={config.keepMine}>{t('editor.keepMine')}</Button>
        </div>
      )}
      {!readOnly && !trusted && <p className="hconfig-note t2" role="status">{t('editor.untrusted')}</p>}
      {foreign && <p className="hconfig-note warn" role="status">{t('editor.foreign')}</p>}
      {config.query.isPending ? (offline ? <p className="hconfig-note t2">{t('editor.offline')}</p> : <span className="sk sk-late hcode" aria-busy="true" />)
        : !file ? <ErrorState error={config.query.error} onRetry={() => void config.query.refetch()} />
          : (
            <Suspense fallback={<span className="sk sk-late hcode" aria-busy="true" />}>
              <Editor ref={editor} label={t('editor.label', { name })} source={config.source} readOnly={fixed} words={verdict?.words ?? none} onChange={config.edit} />
            </Suspense>
          )}
      {file && (
        <div className="hconfig-foot">
          <Said verdict={verdict} dirty={dirty} missing={!file.hash} onLine={(line) => editor.current?.goTo(line)} />
          <Problem error={checking.error} />
          {!fixed && (
            <div className="hconfig-acts">
              {dirty && <Button size="small" kind="ghost" icon={Undo2} onClick={config.discard}>{t('editor.discard')}</Button>}
              <Button size="small" disabled={closed} busy={checking.busy && t('editor.checking')} onClick={() => check()}>{t('editor.check')}</Button>
              <Button size="small" kind="main" disabled={closed || !dirty || checking.busy} onClick={() => check(() => setApplying(true))}>{t('editor.apply')}</Button>
            </div>
          )}
        </div>
      )}
      {applying && from && <ConfigApply before={from.content} after={config.text} onApply={config.apply} onDone={refresh} onClose={() => setApplying(false)} />}
      {comparing && from && file && (
        <Dialog open wide onOpenChange={setComparing} title={t('editor.compareTitle')} footer={<Button kind="main" onClick={() => setComparing(false)}>{t('editor.close')}</Button>}>
          <Diff before={from.content} after={file.content} />
        </Dialog>
      )}
      <ConfigGuard dirty={dirty} />
    </Card>
  )
}

interface SaidProps {
  verdict: Verdict | null
  dirty: boolean
  missing: boolean
  onLine: (line: number) => void
}

/** What HAProxy thinks of the text, each of its words with the way to its line. */
function Said({ verdict, dirty, missing, onLine }: SaidProps) {
  const { t } = useTranslation('haproxy')
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (verdict && !verdict.valid) box.current?.focus()
  }, [verdict])
  if (!verdict) return <p className="t3 sm">{t(missing ? 'editor.missing' : dirty ? 'editor.unchecked' : 'editor.same')}</p>
  if (verdict.valid) return <p className="row sm ok" role="status"><CircleCheck size={14} aria-hidden />{t('editor.valid')}</p>
  return (
    <div ref={box} className="hconfig-said" role="alert" tabIndex={-1}>
      <p className="row sm crit"><CircleX size={14} aria-hidden />{t('editor.invalid')}</p>
      <ul>
        {verdict.words.map((w, i) => (
          <li key={i}>
            {w.line !== null && <button type="button" className="link" onClick={() => onLine(w.line!)}>{t('editor.line', { n: w.line })}</button>}
            <span className="mono">{w.text}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
