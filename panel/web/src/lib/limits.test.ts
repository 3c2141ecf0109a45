import { expect, it } from 'vitest'
import { billLevel, certificateLevel, level, loadLevel } from './limits'

it('turns amber at 80 and red at 90 percent', () => {
  expect([79.9, 80, 89.9, 90, 100].map((v) => level('cpu', v))).toEqual(['', 'warn', 'warn', 'crit', 'crit'])
  expect([84.9, 85, 95].map((v) => level('core', v))).toEqual(['', 'warn', 'crit'])
})

it('judges load by core', () => {
  expect([3.3, 3.4, 4].map((v) => loadLevel(v, 4))).toEqual(['', 'warn', 'crit'])
  expect(loadLevel(9, 0)).toBe('') // cores are not known yet
})

it('warns of a certificate only when its renewal has failed', () => {
  expect([30, 21, 20, 7, 6, -1].map(certificateLevel)).toEqual(['', '', 'warn', 'warn', 'crit', 'crit'])
})

it('has no opinion about what is missing', () => {
  expect([level('cpu', null), level('disk', Number.NaN), loadLevel(undefined, 4), certificateLevel(null)]).toEqual(['', '', '', ''])
})

it('reminds a week and a day before a bill ends', () => {
  expect([8, 7, 1.1, 1, 0, -3].map(billLevel)).toEqual(['', 'warn', 'warn', 'crit', 'crit', 'crit'])
})
