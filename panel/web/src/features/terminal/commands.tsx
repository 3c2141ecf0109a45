import { Play, Square, Trash2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Select } from '../../components/field'
import { EmptyState } from '../../components/empty-state'
import { Segmented } from '../../components/segmented'
import { useExternal } from '../../lib/external'
import { useSay } from '../../lib/words'
import { addToHistory, clearHistory, readHistory } from './history'
import { type Command, Run } from './run'
import { RunView } from './run-view'

const timeouts = [30, 60, 120, 300, 600]
const shells = ['sh', 'bash'] as const
const kept = 50

/** One command after another: each starts anew in the home of root, its output stays above. */
export function Commands({ server, offline }: { server: ServerItem; offline: boolean }) {
  const { t } = useTranslation('terminal')
  const say = useSay()
  const [runs, setRuns] = useState<Run[]>([])
  const log = useRef<HTMLDivElement>(null)
  const alive = useRef(runs)
  useEffect(() => {
    alive.current = runs
  }, [runs])
  useEffect(() => () => alive.current.forEach((run) => run.stop()), [])
  const start = (command: Command) => {
    const run = new Run((runs.at(-1)?.id ?? 0) + 1, command)
    setRuns([...runs, run].slice(-kept))
    void run.start(server.id, say)
  }
  return (
    <>
      <div ref={log} className="term-log" role="log" aria-label={t('output')} tabIndex={0}>
        {runs.length === 0 && <EmptyState title={t('empty.title', { name: server.name })} text={t(offline ? 'empty.offline' : 'empty.text')} />}
        {runs.map((run) => <RunView key={run.id} run={run} log={log} />)}
      </div>
      <Prompt last={runs.at(-1)} onStart={start} onClear={runs.length > 0 ? () => setRuns(runs.filter((r) => r.state.get().state === 'running')) : undefined} />
    </>
  )
}

interface PromptProps {
  last: Run | undefined
  onStart: (command: Command) => void
  onClear: (() => void) | undefined
}

const idle = new Run(0, { command: '', timeout: 0, shell: 'sh' })
idle.state.set({ ...idle.state.get(), state: 'ended' })

function Prompt({ last, onStart, onClear }: PromptProps) {
  const { t } = useTranslation('terminal')
  const running = useExternal((last ?? idle).state).state === 'running'
  const [text, setText] = useState('')
  const [script, setScript] = useState(false)
  const [timeout, setTimeout] = useState(30)
  const [shell, setShell] = useState<(typeof shells)[number]>('bash')
  const [history, setHistory] = useState(readHistory)
  /** Place in the history; its length is the line being typed. */
  const [at, setAt] = useState(history.length)
  const run = () => {
    if (!text.trim() || running) return
    const next = addToHistory(text)
    setHistory(next)
    setAt(next.length)
    onStart({ command: text, timeout, shell })
    if (!script) setText('')
  }
  const walk = (step: number) => {
    const to = Math.min(history.length, Math.max(0, at + step))
    setAt(to)
    change(history[to] ?? '')
  }
  const change = (value: string) => {
    setText(value)
    if (value.includes('\n')) setScript(true)
  }
  const onKeyDown = (e: React.KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return
    const step = { ArrowUp: -1, ArrowDown: 1 }[e.key]
    if (e.key === 'Enter' && (!script || e.ctrlKey || e.metaKey) && !e.shiftKey) run()
    else if (step && (!script || e.altKey)) walk(step)
    else if (e.key === 'c' && e.ctrlKey && running && !window.getSelection()?.toString()) last?.stop()
    else return
    e.preventDefault()
  }
  return (
    <form className="term-prompt" onSubmit={(e) => { e.preventDefault(); run() }}>
      <div className="term-line">
        <span className="mono t3" aria-hidden>#</span>
        <textarea className="mono" rows={script ? 8 : 1} value={text} autoFocus spellCheck={false} autoCapitalize="off" autoComplete="off" aria-label={t('command')}
          placeholder={t(script ? 'scriptHint' : 'commandHint')} onChange={(e) => change(e.target.value)} onKeyDown={onKeyDown} />
        {running
          ? <Button kind="danger" icon={Square} onClick={() => last?.stop()}>{t('stop')}</Button>
          : <Button kind="main" type="submit" icon={Play} disabled={!text.trim()}>{t('run')}</Button>}
      </div>
      <div className="row wrap">
        <Segmented label={t('form')} value={script ? 'script' : 'line'} options={(['line', 'script'] as const).map((value) => ({ value, label: t(value) }))}
          onChange={(v) => { setScript(v === 'script'); if (v === 'line') setText(text.split('\n')[0]!) }} />
        <Select aria-label={t('shellName')} className="term-select" value={shell} onChange={(e) => setShell(e.target.value as 'sh' | 'bash')}>
          {shells.map((s) => <option key={s}>{s}</option>)}
        </Select>
        <Select aria-label={t('timeout')} title={t('timeout')} className="term-select" value={timeout} onChange={(e) => setTimeout(Number(e.target.value))}>
          {timeouts.map((s) => <option key={s} value={s}>{s < 60 ? t('seconds', { value: s }) : t('minutes', { value: s / 60 })}</option>)}
        </Select>
        <span className="grow cap hide-s">{t(script ? 'scriptKeys' : 'keys')}</span>
        {onClear && <Button kind="ghost" size="small" onClick={onClear}>{t('clear')}</Button>}
        {history.length > 0 && <IconButton size="small" icon={Trash2} label={t('forget', { n: history.length })} onClick={() => { clearHistory(); setHistory([]); setAt(0) }} />}
      </div>
    </form>
  )
}
