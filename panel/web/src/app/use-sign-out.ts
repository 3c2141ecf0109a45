import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { notify } from '../components/toast'
import { api } from '../lib/api'
import { useErrorText } from '../lib/error-text'
import { sessionQuery } from '../lib/session'

/** Ends the session; what the browser knew of the fleet is forgotten. */
export function useSignOut(): () => void {
  const { t } = useTranslation('app')
  const client = useQueryClient()
  const errorText = useErrorText()
  return () => {
    api.post('auth/logout').then(
      () => {
        client.removeQueries({ predicate: (q) => q.queryKey[0] !== sessionQuery.queryKey[0] })
        client.setQueryData(sessionQuery.queryKey, { authenticated: false })
      },
      (error: unknown) => notify.error(t('signOutFailed'), errorText(error).text),
    )
  }
}
