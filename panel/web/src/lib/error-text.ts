import { useTranslation } from 'react-i18next'
import { ApiError } from './api'

export interface ErrorText {
  title: string
  text: string
}

const own = ['dropped', 'unreachable', 'timeout', 'unauthenticated', 'database', 'not_found', 'conflict', 'too_large', 'bad_answer', 'no_data', 'too_many_streams']

/** What to tell about an error: known codes in the user's language, others as the panel words them. */
export function useErrorText(): (error: unknown) => ErrorText {
  const { t } = useTranslation('components')
  return (error) => {
    if (!(error instanceof ApiError)) return { title: t('error.bug.title'), text: t('error.bug.text', { message: String(error) }) }
    if (own.includes(error.code)) return { title: t(`error.${error.code}.title`), text: t(`error.${error.code}.text`, { detail: error.detail }) }
    return { title: t('error.other.title'), text: sentence(error.detail) }
  }
}

/** The panel's details begin in lower case and have no full stop. */
export function sentence(detail: string): string {
  const s = detail.trim()
  return s ? s[0]!.toUpperCase() + s.slice(1) + (/[.!?]$/.test(s) ? '' : '.') : s
}
