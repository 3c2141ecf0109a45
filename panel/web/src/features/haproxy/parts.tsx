import { useTranslation } from 'react-i18next'
import { FieldError } from '../../components/field'
import { ApiError } from '../../lib/api'
import { useErrorText } from '../../lib/error-text'
import { diffLines } from './diff'

const own = ['restricted', 'reverted', 'changed_meanwhile', 'agent_unreachable', 'agent_timeout', 'agent_outdated', 'busy', 'not_installed']

/** Why a change was not made: a reason that we know is explained, then comes the agent's own word. */
export function useProblem(): (error: unknown) => string {
  const { t } = useTranslation('haproxy')
  const errorText = useErrorText()
  return (error) => (error instanceof ApiError && own.includes(error.code) ? `${t(`problem.${error.code}`)} ${error.code === 'changed_meanwhile' ? '' : errorText(error).text}`.trim() : errorText(error).text)
}

export function Problem({ error }: { error: unknown }) {
  const problem = useProblem()
  if (error === null) return null
  return (
    <>
      <FieldError>{problem(error)}</FieldError>
      {error instanceof ApiError && error.log && <pre className="hdiff hlog">{error.log}</pre>}
    </>
  )
}

/** The error of one field of a form, if it is of that field. */
export const fieldOf = (error: unknown, ...names: string[]) => (error instanceof ApiError && error.field && names.includes(error.field) ? error.detail : undefined)

export function Diff({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation('haproxy')
  const lines = diffLines(before, after)
  const signs = { same: ' ', added: '+', removed: '−', gap: '⋯' }
  if (!lines.some((l) => l.kind === 'added' || l.kind === 'removed')) return <p className="field-note">{t('diff.none')}</p>
  return (
    <pre className="hdiff" role="region" aria-label={t('diff.title')} tabIndex={0}>
      {lines.map((l, i) => <span key={i} className={`is-${l.kind}`}><i>{l.at || ''}</i><b>{signs[l.kind]}</b>{l.text || ' '}</span>)}
    </pre>
  )
}
