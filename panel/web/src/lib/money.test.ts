import { expect, it } from 'vitest'
import { addMoney, parseMoney, sumByCurrency } from './money'

it('reads amounts as people type them', () => {
  const cases: [string, number | null][] = [['12', 12], ['12.5', 12.5], ['12,50', 12.5], ['1 234,5', 1234.5], ['0.000001', 0.000001], ['0', 0], ['1000000000', 1e9], ['1000000001', null], ['0.0000001', null], ['-1', null], ['1e3', null], ['', null], ['.', null], ['1.2.3', null]]
  for (const [text, want] of cases) expect([text, parseMoney(text)]).toEqual([text, want])
})

it('adds without the noise of binary fractions', () => {
  expect(addMoney(0.1, 0.2)).toBe(0.3)
  expect(Array.from({ length: 1000 }, () => 0.1).reduce(addMoney, 0)).toBe(100)
})

it('sums by currency, the largest first', () => {
  expect(sumByCurrency([{ currency: 'EUR', amount: 4.49 }, { currency: 'USD', amount: 5.1 }, { currency: 'EUR', amount: 4.49 }])).toEqual([{ currency: 'EUR', amount: 8.98 }, { currency: 'USD', amount: 5.1 }])
})
