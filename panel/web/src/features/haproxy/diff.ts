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

/** The longest common subsequence. */
function middle(a: string[], b: string[], offset: number): DiffLine[] {
  const longest = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) longest[i]![j] = a[i] === b[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!)
  const out: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ kind: 'same', text: b[j]!, at: offset + j + 1 })
      i++
      j++
    } else if (i < a.length && (j === b.length || longest[i + 1]![j]! >= longest[i]![j + 1]!)) {
      out.push({ kind: 'removed', text: a[i]!, at: offset + i + 1 })
      i++
    } else {
      out.push({ kind: 'added', text: b[j]!, at: offset + j + 1 })
      j++
    }
  }
  return out
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
