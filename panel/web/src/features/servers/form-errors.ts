import { useTranslation } from 'react-i18next'
import { ApiError } from '../../lib/api'
import { sentence, useErrorText } from '../../lib/error-text'
import { useServers } from '../../lib/fleet'
import { readAddress } from './address'
import { longestFolder, longestName, takenAddresses } from './parse-list'

export interface ServerForm {
  name: string
  address: string
  folder: string
}

/** What is wrong, by field; `form` belongs to none of them. */
export type FormErrors = Partial<Record<keyof ServerForm | 'form', string>>

const fields: Record<string, keyof ServerForm> = { name: 'name', url: 'address', folder: 'folder' }

/** Checks a form before it is sent, and puts the panel's refusals at their fields. */
export function useFormErrors() {
  const { t } = useTranslation('servers')
  const errorText = useErrorText()
  const servers = useServers().data ?? []
  return {
    check(form: ServerForm): FormErrors {
      const errors: FormErrors = {}
      const name = form.name.trim()
      if (!name || [...name].length > longestName) errors.name = t('problem.name')
      const address = readAddress(form.address)
      if (typeof address === 'string') errors.address = t(`problem.address.${address}`)
      if ([...form.folder.trim()].length > longestFolder) errors.folder = t('problem.folder')
      return errors
    },
    read(error: unknown, form: ServerForm): FormErrors {
      const field = error instanceof ApiError && error.field ? fields[error.field] : undefined
      if (!(error instanceof ApiError) || !field) return { form: errorText(error).text }
      const address = readAddress(form.address)
      const owner = typeof address === 'string' ? undefined : takenAddresses(servers).get(address.url.toLowerCase())
      if (error.code === 'conflict' && field === 'address' && owner !== undefined) return { address: t('problem.taken', { name: owner }) }
      return { [field]: sentence(error.detail) }
    },
  }
}
