import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { external, useExternal } from './external'
import { createFormat, type Format } from './format'

/** The zone of the settings; the browser's own until they have arrived. */
const timeZone = external(Intl.DateTimeFormat().resolvedOptions().timeZone)

export const setTimeZone = timeZone.set

const cache = new Map<string, Format>()

/** Numbers and times in the user's language and the zone of the settings. */
export function useFormat(): Format {
  const { i18n } = useTranslation()
  const zone = useExternal(timeZone)
  const language = i18n.language === 'ru' ? 'ru' : 'en'
  return useMemo(() => {
    const id = `${language} ${zone}`
    const format = cache.get(id) ?? createFormat(language, zone)
    cache.set(id, format)
    return format
  }, [language, zone])
}
