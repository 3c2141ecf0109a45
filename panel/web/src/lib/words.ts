import i18next, { type TFunction } from 'i18next'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { Sentence } from '../api/types'

/** A sentence of the panel as it came: its words, and the English for clients that know no words. */
type Say = (words: Sentence | null | undefined, english: string | null | undefined) => string

const namespace = 'words'

function sayBy(t: TFunction, words: Sentence | null | undefined, english: string | null | undefined): string {
  if (!words?.code) return words?.text ?? english ?? ''
  const template = String(t(words.code, { ns: namespace, defaultValue: '', skipInterpolation: true }))
  if (!template) return words.text
  // In one pass and by hand: a parameter may come from a node of somebody else, and is text whatever it looks like.
  return template.replace(/\{\{(\d+)\}\}/g, (_, i: string) => {
    const param = words.params?.[Number(i)] ?? ''
    return typeof param === 'string' ? param : sayBy(t, param, param.text)
  })
}

/** What the panel says, in the user's language; in English where it is somebody else's words or not translated. */
export function useSay(): Say {
  const { t } = useTranslation(namespace, { useSuspense: false })
  return useCallback((words, english) => sayBy(t, words, english), [t])
}

/** The same outside of components, once the translations are there. */
export async function sayOnce(words: Sentence | null | undefined, english: string): Promise<string> {
  if (!words?.code || !i18next.isInitialized) return english
  await i18next.loadNamespaces(namespace).catch(() => undefined) // without them it is English
  return sayBy(i18next.t, words, english)
}
