import { expect, it } from 'vitest'
import { fromLocalInput, readLocal, showLocal, toLocalInput } from './zone'

const utc = (text: string) => Date.parse(`${text}Z`)

it('writes and reads local times of a zone', () => {
  expect(toLocalInput(utc('2026-11-23T09:41'), 'Europe/Moscow')).toBe('2026-11-23T12:41')
  expect(fromLocalInput('2026-11-23T12:41', 'Europe/Moscow')).toBe(utc('2026-11-23T09:41'))
  expect(fromLocalInput('2026-07-01T00:00', 'America/New_York')).toBe(utc('2026-07-01T04:00'))
})

it('knows both sides of a change of the clocks', () => {
  for (const [local, want] of [['2026-03-29T01:59', '2026-03-29T00:59'], ['2026-03-29T03:01', '2026-03-29T01:01'], ['2026-10-25T04:00', '2026-10-25T03:00']] as const) expect(fromLocalInput(local, 'Europe/Berlin')).toBe(utc(want))
})

it('refuses what is no time', () => {
  for (const text of ['', '2026-11-23', '2026-13-01T00:00', 'tomorrow']) expect(fromLocalInput(text, 'UTC')).toBeNull()
})

it('writes a local time as a language does and reads both forms, but no day that does not exist', () => {
  expect(showLocal('2026-11-23T09:05', 'en')).toBe('2026-11-23 09:05')
  expect(showLocal('2026-11-23T09:05', 'ru')).toBe('23.11.2026 09:05')
  expect(showLocal('soon', 'ru')).toBe('soon')
  for (const text of ['2026-11-23 09:05', '2026-11-23T09:05', ' 23.11.2026 9:05 ', '23.11.2026, 09:05']) expect([text, readLocal(text)]).toEqual([text, '2026-11-23T09:05'])
  expect(readLocal('29.2.2028 00:00')).toBe('2028-02-29T00:00')
  for (const text of ['', '29.2.2026 00:00', '2026-13-01 00:00', '2026-11-23 24:00', '2026-11-23 12:60', '2026-11-23', '23/11/2026 09:05', '11.23.2026 09:05']) expect([text, readLocal(text)]).toEqual([text, null])
})
