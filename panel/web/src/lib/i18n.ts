import i18next, { type BackendModule } from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { Language } from './format'
import { recall, remember } from './storage'

// index.html reads the same key before the first paint.
const key = 'language'

export const languages: Language[] = ['en', 'ru']

/** Texts by namespace: "app" and "components" are the frame's, there from the start; those of a feature are loaded by its first use. */
export interface Texts {
  frame: Record<Language, Record<string, object>>
  features: Record<Language, Record<string, () => Promise<object>>>
}

function initial(): Language {
  const stored = recall(key)
  if (stored === 'en' || stored === 'ru') return stored
  return /^ru/i.test(navigator.language) ? 'ru' : 'en'
}

/** What a component finds missing is loaded while it is suspended; a change of language loads what was used so far. */
const backend = (features: Texts['features']): BackendModule => ({
  type: 'backend',
  init() {},
  read(language, namespace, done) {
    const load = features[language as Language]?.[namespace]
    if (!load) done(new Error(`no texts ${language} ${namespace}`), false)
    else load().then((loaded) => done(null, loaded as never), (e: unknown) => done(e as Error, false))
  },
})

let known: Texts['features'] | null = null

export async function startI18n(texts: Texts, language: Language = initial()): Promise<void> {
  known = texts.features
  i18next.on('languageChanged', (lng) => {
    document.documentElement.lang = lng
  })
  await i18next.use(initReactI18next).use(backend(texts.features)).init({
    lng: language,
    fallbackLng: false, // a test holds both languages to the same keys
    supportedLngs: languages,
    ns: Object.keys(texts.frame.en),
    defaultNS: 'components',
    resources: texts.frame as never,
    partialBundledLanguages: true,
    interpolation: { escapeValue: false }, // React escapes
    returnNull: false,
  })
}

/** Loads the texts of a feature early, beside its code. */
export function preloadTexts(namespace: string): void {
  if (known?.[currentLanguage()][namespace]) void i18next.loadNamespaces(namespace)
}

export function currentLanguage(): Language {
  return i18next.language === 'ru' ? 'ru' : 'en'
}

export async function setLanguage(language: Language): Promise<void> {
  remember(key, language)
  await i18next.changeLanguage(language)
}
