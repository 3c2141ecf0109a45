import { expect, it } from 'vitest'
import { fromLocalInput, toLocalInput } from './zone'

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
