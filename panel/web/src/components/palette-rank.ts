/**
 * Finds items by their texts. The order: the text begins with the query, a word of it does, it contains the query, all
 * letters of the query occur in order. Within one class the order of the items stays. Everything is compared in lower case.
 */
export function rank<T>(items: readonly T[], query: string, texts: (item: T) => string[]): T[] {
  const classes: T[][] = [[], [], [], []]
  const wanted = query.toLowerCase()
  for (const item of items) {
    const best = Math.min(...texts(item).map((text) => classOf(text.toLowerCase(), wanted)))
    classes[best]?.push(item)
  }
  return classes.flat()
}

function classOf(text: string, query: string): number {
  if (text.startsWith(query)) return 0
  const at = text.indexOf(query)
  if (at > 0) return /[\p{L}\p{N}]/u.test(text[at - 1] as string) ? 2 : 1
  return query.length > 1 && inOrder(text, query) ? 3 : 4
}

function inOrder(text: string, query: string): boolean {
  let from = 0
  for (const letter of query) {
    from = text.indexOf(letter, from) + 1
    if (from === 0) return false
  }
  return true
}
