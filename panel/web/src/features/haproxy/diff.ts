export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'gap'
  text: string
  /** Number in the new file, or in the old one if it is removed. */
  at: number
}

const around = 3

/** Lines that differ with a few around them; 'gap' stands for what is left out. What is equal at both ends is set aside first: changes are small. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n')
  const b = after.split('\n')
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const all: DiffLine[] = [
    ...a.slice(0, head).map((text, i): DiffLine => ({ kind: 'same', text, at: i + 1 })),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head),
    ...b.slice(b.length - tail).map((text, i): DiffLine => ({ kind: 'same', text, at: b.length - tail + i + 1 })),
  ]
  return withGaps(all)
}

/** Beyond so many differences a text is a new one: all of the old goes, all of the new comes. */
const mostEdits = 2000

/** The shortest way from one text to the other by Myers' algorithm: its cost grows with what differs, not with the size of the file. */
function middle(a: string[], b: string[], offset: number): DiffLine[] {
  const line = (kind: DiffLine['kind'], text: string | undefined, i: number): DiffLine => ({ kind, text: text!, at: offset + i + 1 })
  const reached = furthest(a, b)
  if (!reached) return [...a.map((text, i) => line('removed', text, i)), ...b.map((text, i) => line('added', text, i))]
  const out: DiffLine[] = []
  let [x, y] = [a.length, b.length]
  for (let d = reached.length; d >= 0; d--) {
    const step = d === 0 ? null : comesFrom(reached[d - 1]!, d, x - y)
    const start = step ? (step.adds ? step.x : step.x + 1) : 0
    for (; x > start; x--, y--) out.push(line('same', b[y - 1], y - 1))
    if (!step) continue
    if (step.adds) out.push(line('added', b[--y], y))
    else out.push(line('removed', a[--x], x))
  }
  return out.reverse()
}

/** How far down the old text each diagonal gets with 0, 1, 2 … edits, until one more reaches the end; null if it takes too many. */
function furthest(a: string[], b: string[]): Int32Array[] | null {
  const rows: Int32Array[] = []
  for (let d = 0; d <= mostEdits; d++) {
    const row = new Int32Array(2 * d + 1)
    for (let k = -d; k <= d; k += 2) {
      const step = d === 0 ? null : comesFrom(rows[d - 1]!, d, k)
      let x = step ? (step.adds ? step.x : step.x + 1) : 0
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      row[k + d] = x
      if (x === a.length && x - k === b.length) return rows
    }
    rows.push(row)
  }
  return null
}

/** The better of two last edits that lead to diagonal k with d edits: a line added, or one removed. */
function comesFrom(row: Int32Array, d: number, k: number): { adds: boolean; x: number } {
  const at = (diagonal: number) => row[diagonal + d - 1]!
  const adds = k === -d || (k !== d && at(k - 1) < at(k + 1))
  return { adds, x: at(adds ? k + 1 : k - 1) }
}

function withGaps(all: DiffLine[]): DiffLine[] {
  const near = (i: number) => all.slice(Math.max(0, i - around), i + around + 1).some((l) => l.kind !== 'same')
  const out: DiffLine[] = []
  for (const [i, line] of all.entries()) {
    if (near(i)) out.push(line)
    else if (out.at(-1)?.kind !== 'gap') out.push({ kind: 'gap', text: '', at: 0 })
  }
  return out
}
