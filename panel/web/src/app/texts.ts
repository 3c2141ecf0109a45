import type { Texts } from '../lib/i18n'

const files = import.meta.glob<{ default: object }>(['./*.json', '../components/*.json', '../features/*/*.json'], { eager: true })

/** Every namespace of both languages: the folder's name is the namespace. */
export const texts: Texts = { en: {}, ru: {} }

for (const [path, file] of Object.entries(files)) {
  const match = /(?:^\.|([\w-]+))\/(en|ru)\.json$/.exec(path)
  if (match) texts[match[2] as 'en' | 'ru'][match[1] ?? 'app'] = file.default
}
