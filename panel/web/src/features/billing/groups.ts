import type { BillItem } from '../../api/types'

export interface BillGroup {
  /** null: bills without a folder, which come last. */
  folder: string | null
  bills: BillItem[]
}

export function matches(bill: BillItem, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const text = [bill.name, bill.folder ?? '', bill.notes, bill.currency].join(' ').toLowerCase()
  return words.every((w) => text.includes(w))
}

/** Folders by name, in each the bill that ends first at the top. */
export function groupBills(bills: BillItem[]): BillGroup[] {
  const groups = new Map<string | null, BillItem[]>()
  for (const bill of bills.toSorted((a, b) => a.paid_until.localeCompare(b.paid_until))) groups.set(bill.folder, [...(groups.get(bill.folder) ?? []), bill])
  return [...groups].map(([folder, list]) => ({ folder, bills: list })).sort((a, b) => Number(a.folder === null) - Number(b.folder === null) || (a.folder ?? '').localeCompare(b.folder ?? '', undefined, { numeric: true }))
}

export const foldersOf = (bills: BillItem[]): string[] => [...new Set(bills.flatMap((b) => b.folder ?? []))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
