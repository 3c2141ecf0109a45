import { expect, it } from 'vitest'
import { rangeProblem } from './range-picker'

it('tells what is wrong with two ends', () => {
  const now = 1_800_000_000_000
  const day = 86_400_000
  expect(rangeProblem(now - day, now - day / 2, now)).toBeNull()
  expect(rangeProblem(now - day, now + day, now)).toBeNull() // it is cut to now
  expect(rangeProblem(null, now, now)).toBe('from')
  expect(rangeProblem(now - day, null, now)).toBe('to')
  expect(rangeProblem(now - day, now - 2 * day, now)).toBe('order')
  expect(rangeProblem(now - day, now - day, now)).toBe('order')
  expect(rangeProblem(now + 1, now + day, now)).toBe('future')
  expect(rangeProblem(now - 733 * day, now, now)).toBe('long')
})
