/** What this browser remembers. A blocked storage only means that nothing is remembered. */

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // private mode or a full disk: the choice holds until the page is closed
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
