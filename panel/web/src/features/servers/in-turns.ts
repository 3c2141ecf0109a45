export interface Outcome<T> {
  done: T[]
  failed: { item: T; error: unknown }[]
}

const atOnce = 6 // as many connections as a browser opens to one host

/** Runs a request for every item, a few at a time; one that fails stops no other. */
export async function inTurns<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<Outcome<T>> {
  const errors = new Map<T, unknown>()
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) {
      try {
        await run(item)
      } catch (error) {
        errors.set(item, error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return { done: items.filter((i) => !errors.has(i)), failed: [...errors].map(([item, error]) => ({ item, error })) }
}
