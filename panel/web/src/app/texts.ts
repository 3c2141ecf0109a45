import type { Language } from '../lib/format'
import type { Texts } from '../lib/i18n'

const frame = import.meta.glob<{ default: object }>(['./*.json', '../components/*.json'], { eager: true })
const features = import.meta.glob<{ default: object }>('../features/*/*.json')
const words = import.meta.glob<{ default: object }>('../words/ru.json')

/** The folder's name is the namespace. */
function nameOf(path: string): [Language, string] | null {
  const match = /(?:^\.|([\w-]+))\/(en|ru)\.json$/.exec(path)
  return match && [match[2] as Language, match[1] ?? 'app']
}

/** The texts of the frame in both languages; those of a feature come with its page, in the chosen language only. */
export const texts: Texts = { frame: { en: {}, ru: {} }, features: { en: {}, ru: {} } }

for (const [path, file] of Object.entries(frame)) {
  const name = nameOf(path)
  if (name) texts.frame[name[0]][name[1]] = file.default
}
for (const [path, load] of Object.entries({ ...features, ...words })) {
  const name = nameOf(path)
  if (name) texts.features[name[0]][name[1]] = () => load().then((file) => file.default)
}
// What the panel says comes in English already; words/en.json is there for those who translate.
texts.features.en.words = () => Promise.resolve({})
