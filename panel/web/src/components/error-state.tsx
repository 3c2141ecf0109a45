import { CircleX, RefreshCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useErrorText } from '../lib/error-text'
import { ApiError } from '../lib/api'
import { Button } from './button'
import { CopyButton } from './copy-button'

interface ErrorStateProps {
  error: unknown
  onRetry?: () => void
  /** What is still shown and how old it is. */
  note?: string
}

/** The cause in words, what is still good, one way out, and the details for a report. */
export function ErrorState({ error, onRetry, note }: ErrorStateProps) {
  const { t } = useTranslation('components')
  const { title, text } = useErrorText()(error)
  return (
    <div className="void" role="alert">
      <CircleX size={16} className="mb-0.5 text-crit" aria-hidden />
      <h3>{title}</h3>
      <p>{note ? `${text} ${note}` : text}</p>
      <div className="void-a">
        {onRetry && <Button size="small" icon={RefreshCw} onClick={onRetry}>{t('retry')}</Button>}
        <CopyButton word text={details(error)} label={t('copyDetails')} />
      </div>
    </div>
  )
}

function details(error: unknown): string {
  const lines = [location.pathname.replace(/^\/[^/]*/, ''), new Date().toISOString()] // without the secret path
  if (error instanceof ApiError) lines.push(`${error.status} ${error.code}`, error.detail, `request ${error.requestId ?? '-'}`)
  else lines.push(String(error))
  return lines.join('\n')
}
