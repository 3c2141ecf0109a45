import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allTexts } from '../test/all-texts'

const texts = allTexts.frame

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') all.set(prefix + key, value)
    else for (const [k, v] of flat(value, `${prefix}${key}.`)) all.set(k, v)
  }
  return all
}

const plural = /_(zero|one|two|few|many|other)$/
const keys = (language: 'en' | 'ru', namespace: string) => flat((texts[language][namespace] ?? {}) as Tree)
const stems = (all: Map<string, string>) => [...new Set([...all.keys()].map((k) => k.replace(plural, '')))].sort()
const variables = (s: string) => [...s.matchAll(/\{\{(\w+)/g)].map((m) => m[1]).sort()

// The sentences of the panel have no English file in the page: TestSentences in panel/words_test.go compares the two.
describe.each(Object.keys(texts.en).filter((n) => n !== 'words'))('texts of %s', (namespace) => {
  const [en, ru] = [keys('en', namespace), keys('ru', namespace)]

  it('has the same keys in both languages', () => expect(stems(ru)).toEqual(stems(en)))

  it('has every plural form of its language', () => {
    for (const [language, all, forms] of [['en', en, ['one', 'other']], ['ru', ru, ['one', 'few', 'many', 'other']]] as const) {
      for (const stem of new Set([...all.keys()].filter((k) => plural.test(k)).map((k) => k.replace(plural, '')))) {
        expect([language, stem, forms.filter((f) => all.has(`${stem}_${f}`))]).toEqual([language, stem, forms])
      }
    }
  })

  it('uses the same variables in both languages', () => {
    for (const [key, value] of en) {
      const other = ru.get(key) ?? ru.get(key.replace(plural, '_many'))
      expect([key, variables(other ?? '')]).toEqual([key, variables(value)])
    }
  })

  it('shouts at nobody and leaves nothing empty', () => {
    for (const [key, value] of [...en, ...ru]) {
      expect([key, /[!]|^\s*$|oops|please|пожалуйста/i.test(value) && !key.startsWith('group.')]).toEqual([key, false])
    }
  })
})

it('knows every namespace in both languages', () => expect(Object.keys(texts.ru).sort()).toEqual(Object.keys(texts.en).sort()))

// A key that no file has would be shown as it is: look for literal keys in the sources.
describe('keys in use', () => {
  const root = join(import.meta.dirname, '..')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => /\.tsx?$/.test(f) && !/\.test\.|^test\//.test(f))

  it.each(files)('%s', (file) => {
    const source = readFileSync(join(root, file), 'utf8')
    for (const [, variable, namespace = ''] of source.matchAll(/const \{ t(?:: (\w+))?[^}]*\} = useTranslation\('(\w+)'/g)) {
      const all = keys('en', namespace)
      const known = new Set(stems(all))
      const use = new RegExp(`\\b${variable ?? 't'}\\('([\\w.]+)'`, 'g')
      for (const [, key = ''] of source.matchAll(use)) {
        if (known.has(key)) continue
        const others = [...source.matchAll(/useTranslation\('(\w+)'/g)].some(([, n = '']) => stems(keys('en', n)).includes(key))
        expect([`${namespace}:${key}`, others]).toEqual([`${namespace}:${key}`, true])
      }
    }
  })
})
