/** Amounts are decimals with at most six digits after the point, as the panel keeps them; sums are made in millionths. */

const micro = 1_000_000
const digitsAfter = 6

export const maxMoney = 1_000_000_000

/** Reads what a person typed: 12, 12.5, 1 234,50. Null when it is no amount from 0 to a thousand million. */
export function parseMoney(text: string): number | null {
  const plain = text.trim().replace(/[\s\u00a0\u202f]/g, '').replace(',', '.')
  if (!/^\d{1,10}(\.\d*)?$/.test(plain) || (plain.split('.')[1] ?? '').length > digitsAfter) return null
  const v = Number(plain)
  return v <= maxMoney ? v : null
}

/** An amount as a person would type it. */
export const moneyText = (amount: number | null | undefined): string => (amount == null ? '' : String(amount))

export const addMoney = (a: number, b: number): number => (Math.round(a * micro) + Math.round(b * micro)) / micro

export interface Sum {
  currency: string
  amount: number
}

/** One sum per currency, the largest number first. */
export function sumByCurrency(amounts: Sum[]): Sum[] {
  const sums = new Map<string, number>()
  for (const { currency, amount } of amounts) sums.set(currency, addMoney(sums.get(currency) ?? 0, amount))
  return [...sums].map(([currency, amount]) => ({ currency, amount })).sort((a, b) => b.amount - a.amount || a.currency.localeCompare(b.currency))
}
