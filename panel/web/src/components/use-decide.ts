import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api } from '../lib/api'
import { useErrorText } from '../lib/error-text'
import { operationsKey } from '../lib/operations'
import { notify } from './toast'

/** Decides about a change that waits for its server: drops it, or delivers it whatever has changed there. */
export function useDecide(): (id: number, what: 'cancel' | 'deliver') => Promise<void> {
  const { t } = useTranslation('components')
  const client = useQueryClient()
  const errorText = useErrorText()
  return async (id, what) => {
    try {
      await (what === 'cancel' ? api.delete(`operations/${id}`) : api.post(`operations/${id}/deliver`))
    } catch (error) {
      notify.error(t('operations.failed'), errorText(error).text)
    }
    void client.invalidateQueries({ queryKey: operationsKey })
  }
}
