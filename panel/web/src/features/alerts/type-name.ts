import { useTranslation } from 'react-i18next'
import { alertTypes } from './triggers'

/** What a type of alert is called: those of the settings in the user's language, others by their summary. */
export function useTypeName(): (type: string, otherwise?: string) => string {
  const { t } = useTranslation('alerts')
  return (type, otherwise = type) => (alertTypes.includes(type) ? t(`type.${type}`) : otherwise)
}
