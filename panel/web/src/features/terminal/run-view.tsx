import { type RefObject, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from '../../components/copy-button'
import { Pill } from '../../components/pill'
import { ApiError } from '../../lib/api'
import { useErrorText } from '../../lib/error-text'
import { useExternal } from '../../lib/external'
import { useFormat } from '../../lib/use-format'
import { type Run, type RunState, wholeText } from './run'

/** Pixels from the end within which a log follows its output. */
const near = 120

/** A command, what it said, and how it ended. */
export function RunView({ run, log }: { run: Run; log: RefObject<HTMLDivElement | null> }) {
  const { t } = useTranslation('terminal')
  const f = useFormat()
  const state = useExternal(run.state)
  useEffect(() => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight
  }, [log, run])
  useEffect(() => {
    const at = log.current
    if (at && at.scrollHeight - at.scrollTop - at.clientHeight < near + at.clientHeight / 2) at.scrollTop = at.scrollHeight
  }, [log, state])
  return (
    <article className="run">
      <header>
        <pre className="run-command"><span className="t3" aria-hidden># </span>{run.command.command}</pre>
        <Outcome state={state} />
        {state.took !== null && <span className="cap nw">{state.took < 10_000 ? t('ms', { value: f.number(state.took / 1000, 2) }) : f.duration(state.took / 1000)}</span>}
        {state.output.length > 0 && <CopyButton text={wholeText(state.output)} label={t('copy')} />}
      </header>
      {state.dropped > 0 && <p className="cap">{t('dropped', { n: f.count(state.dropped) })}</p>}
      {state.output.length > 0 && <pre className="run-out">{state.output.map((c, i) => <span key={i} className={c.stream}>{c.text}{'\n'}</span>)}</pre>}
      {state.truncated && <p className="cap">{t('truncated')}</p>}
      {state.error !== null && state.state !== 'running' && <Failure error={state.error} />}
    </article>
  )
}

function Outcome({ state: s }: { state: RunState }) {
  const { t } = useTranslation('terminal')
  if (s.state === 'running') return <Pill tone="accent">{t('running')}</Pill>
  if (s.state === 'ended') return <Pill tone={s.exitCode === 0 ? 'ok' : 'crit'}>{t(s.exitCode === -1 ? 'killed' : 'exit', { code: s.exitCode })}</Pill>
  return <Pill tone={s.state === 'stopped' ? 'warn' : 'crit'}>{t(s.state)}</Pill>
}

export function Failure({ error }: { error: unknown }) {
  const { t } = useTranslation('terminal')
  const errorText = useErrorText()
  return <p className="crit" role="alert">{error instanceof ApiError && error.code === 'restricted' ? t('restricted') : errorText(error).text}</p>
}
