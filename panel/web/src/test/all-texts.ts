import { texts } from '../app/texts'
import type { Texts } from '../lib/i18n'

/** Every namespace of both languages at once, so that nothing waits for texts in a test. */
export const allTexts: Texts = { frame: { en: { ...texts.frame.en }, ru: { ...texts.frame.ru } }, features: { en: {}, ru: {} } }

await Promise.all((['en', 'ru'] as const).flatMap((language) => Object.entries(texts.features[language]).map(async ([namespace, load]) => {
  allTexts.frame[language][namespace] = await load()
})))
