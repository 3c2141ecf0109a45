import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, it } from 'vitest'
import type { Language } from '../lib/format'
import { renderPart } from '../test/render'
import { DateTime } from './date-time'
import { Field } from './field'

function Part({ first, max, told }: { first: string; max?: string; told: (value: string) => void }) {
  const [value, setValue] = useState(first)
  return <Field label="When">{(c) => <DateTime {...c} value={value} max={max} onChange={(v) => { told(v); setValue(v) }} />}</Field>
}

async function open(first: string, language: Language = 'en', max?: string) {
  const told: string[] = []
  await renderPart(<Part first={first} max={max} told={(v) => told.push(v)} />, { language })
  return { told, field: screen.getByLabelText<HTMLInputElement>('When') }
}

it('shows a time in the form of the language and takes what is typed in either', async () => {
  const { told, field } = await open('2026-11-23T09:05', 'ru')
  expect(field.value).toBe('23.11.2026 09:05')
  await userEvent.clear(field)
  await userEvent.type(field, '1.12.2026 7:30')
  expect(told.at(-1)).toBe('2026-12-01T07:30')
  expect(field.value).toBe('1.12.2026 7:30') // as it was typed
  await userEvent.clear(field)
  await userEvent.type(field, '2026-12-02 08:00')
  expect(told.at(-1)).toBe('2026-12-02T08:00')
})

it('tells what was typed in place of a time, so that the form can say what is wrong', async () => {
  const { told, field } = await open('2026-11-23T09:05')
  await userEvent.clear(field)
  await userEvent.type(field, 'tomorrow')
  expect(told.at(-1)).toBe('tomorrow')
  expect(field.value).toBe('tomorrow')
})

it('chooses a day from the month and keeps the time, and no day after the last', async () => {
  const { told, field } = await open('2026-11-03T09:05', 'en', '2026-11-20T12:00')
  await userEvent.click(screen.getByRole('button', { name: 'Open the calendar' }))
  const days = within(await screen.findByRole('group', { name: 'Days' }))
  expect(days.getByRole('button', { name: 'November 3, 2026' }).getAttribute('aria-pressed')).toBe('true')
  expect(days.getByRole<HTMLButtonElement>('button', { name: 'November 21, 2026' }).disabled).toBe(true)
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Next month' }).disabled).toBe(true)
  await userEvent.click(screen.getByRole('button', { name: 'Previous month' }))
  await userEvent.click(days.getByRole('button', { name: 'October 31, 2026' }))
  expect(told).toEqual(['2026-10-31T09:05'])
  expect(field.value).toBe('2026-10-31 09:05')
  expect(screen.queryByRole('group', { name: 'Days' })).toBeNull()
})

it('is used by keyboard: days, weeks and months', async () => {
  const { told } = await open('2026-01-31T00:10')
  await userEvent.click(screen.getByRole('button', { name: 'Open the calendar' }))
  await screen.findByRole('group', { name: 'Days' })
  screen.getByRole('button', { name: 'January 31, 2026' }).focus()
  await userEvent.keyboard('{PageDown}') // February has no 31st
  expect(document.activeElement?.getAttribute('aria-label')).toBe('February 28, 2026')
  await userEvent.keyboard('{ArrowRight}{ArrowDown}{ArrowLeft}{Enter}')
  expect(told).toEqual(['2026-03-07T00:10'])
})
