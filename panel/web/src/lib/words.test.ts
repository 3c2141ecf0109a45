import i18next from 'i18next'
import { afterEach, expect, it } from 'vitest'
import { renderHook } from '@testing-library/react'
import type { Sentence } from '../api/types'
import { allTexts } from '../test/all-texts'
import { setLanguage, startI18n } from './i18n'
import { sayOnce, useSay } from './words'

const refused: Sentence = { text: 'Connection refused', code: 'connection_refused' }
const away: Sentence = { text: 'the server does not answer: Connection refused', code: 'the_server_does_not_answer', params: [refused] }

async function say(language: 'en' | 'ru', words: Sentence | null, english = 'English') {
  if (!i18next.isInitialized) await startI18n(allTexts, language)
  await setLanguage(language)
  return renderHook(() => useSay()).result.current(words, english)
}

afterEach(() => setLanguage('en'))

it('says a sentence and those in it in the language of the user', async () => {
  expect(await say('ru', away)).toBe('сервер не отвечает: Соединение отклонено')
  expect(await say('en', away)).toBe('the server does not answer: Connection refused')
})

it('leaves alone what is not ours or not translated', async () => {
  expect(await say('ru', null)).toBe('English')
  expect(await say('ru', { text: '[ALERT] bind failed' })).toBe('[ALERT] bind failed')
  expect(await say('ru', { text: 'of a newer panel', code: 'of_a_newer_panel' })).toBe('of a newer panel')
})

it('takes parameters as text, whatever they look like', async () => {
  const nasty = '{{0}} $t(connection_refused) <b>'
  expect(await say('ru', { text: `command: ${nasty}`, code: 'command', params: [nasty] })).toBe(`команда: ${nasty}`)
  expect(await say('ru', { text: 'port 1 is taken by ', code: 'port_is_taken_by', params: ['1'] })).toBe('порт 1 уже занят: ')
})

it('says it outside of components, too', async () => {
  await say('ru', null)
  expect(await sayOnce(refused, 'x')).toBe('Соединение отклонено')
  expect(await sayOnce(null, 'x')).toBe('x')
})
