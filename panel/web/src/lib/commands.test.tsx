import { act, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Command, keyLabels, listenForShortcuts, setShortcutsOn, useCommands } from './commands'

function Page({ commands }: { commands: Command[] }) {
  useCommands(commands)
  return <input aria-label="field" />
}

const command = (keys: string, run: () => void): Command => ({ id: keys, label: keys, keys, run })
const press = (code: string, init: KeyboardEventInit = {}, target: Element = document.body) => fireEvent.keyDown(target, { code, ...init })

let stop = () => {}
beforeEach(() => {
  stop = listenForShortcuts()
  setShortcutsOn(true)
})
afterEach(() => stop())

it('runs by physical key, whatever the layout', () => {
  const add = vi.fn()
  render(<Page commands={[command('N', add)]} />)
  press('KeyN', { key: 'т' })
  expect(add).toHaveBeenCalledTimes(1)
})

it('runs sequences, and single keys between them', () => {
  const [dashboard, period, date] = [vi.fn(), vi.fn(), vi.fn()]
  render(<Page commands={[command('G D', dashboard), command('P 1', period), command('D', date)]} />)
  press('KeyG')
  press('KeyD')
  expect([dashboard, date].map((f) => f.mock.calls.length)).toEqual([1, 0])
  press('KeyD')
  press('KeyP')
  press('Digit1')
  expect([date, period].map((f) => f.mock.calls.length)).toEqual([1, 1])
})

it('forgets the first key of a sequence after a while', () => {
  vi.useFakeTimers()
  const dashboard = vi.fn()
  render(<Page commands={[command('G D', dashboard)]} />)
  press('KeyG')
  act(() => vi.advanceTimersByTime(2000))
  press('KeyD')
  expect(dashboard).not.toHaveBeenCalled()
  vi.useRealTimers()
})

it('leaves fields, browser shortcuts and switched-off letters alone', () => {
  const add = vi.fn()
  render(<Page commands={[command('N', add)]} />)
  press('KeyN', {}, screen.getByLabelText('field'))
  press('KeyN', { ctrlKey: true })
  setShortcutsOn(false)
  press('KeyN')
  expect(add).not.toHaveBeenCalled()
})

it('is gone with its page, and the newest wins', () => {
  const [old, fresh] = [vi.fn(), vi.fn()]
  const first = render(<Page commands={[command('R', old)]} />)
  const second = render(<Page commands={[command('R', fresh)]} />)
  press('KeyR')
  second.unmount()
  press('KeyR')
  first.unmount()
  press('KeyR')
  expect([old, fresh].map((f) => f.mock.calls.length)).toEqual([1, 1])
})

it('names keys as they are printed', () => expect([keyLabels('G D'), keyLabels('Shift+Slash')]).toEqual([['G', 'D'], ['?']]))
