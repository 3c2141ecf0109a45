import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { Language } from './format'
import { recall, remember } from './storage'

// index.html reads the same key before the first paint.
const key = 'language'

export const languages: Language[] = ['en', 'ru']

/** Texts by namespace: one per feature, and "app", "components". */
export type Texts = Record<Language, Record<string, object>>

function initial(): Language {
  const stored = recall(key)
  if (stored === 'en' || stored === 'ru') return stored
  return /^ru/i.test(navigator.language) ? 'ru' : 'en'
}

export async function startI18n(texts: Texts, language: Language = initial()): Promise<void> {
  i18next.on('languageChanged', (lng) => {
    document.documentElement.lang = lng
  })
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    ns: Object.keys(texts.en),
    defaultNS: 'components',
    resources: texts as never,
    interpolation: { escapeValue: false }, // React escapes
    returnNull: false,
  })
}

export function currentLanguage(): Language {
  return i18next.language === 'ru' ? 'ru' : 'en'
}

export async function setLanguage(language: Language): Promise<void> {
  remember(key, language)
  await i18next.changeLanguage(language)
}
