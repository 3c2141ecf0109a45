import { describe, expect, it } from 'vitest'
import { random } from '../../test/fleet'
import { diffLines } from './diff'

describe('the diff', () => {
  const signs = (a: string, b: string) => diffLines(a, b).map((l) => `${{ same: ' ', added: '+', removed: '-', gap: '~' }[l.kind]}${l.text}`)
  it('has changed lines with three around them', () => expect(signs('1\n2\n3\n4\n5\n6', '1\n2\n3\n4\nx\n6')).toEqual(['~', ' 2', ' 3', ' 4', '-5', '+x', ' 6']))
  it('finds what stays between two changes', () => expect(signs('a\nb\nc', 'x\nb\ny')).toEqual(['-a', '+x', ' b', '-c', '+y']))
  it('has nothing for equal texts', () => expect(signs('a\nb', 'a\nb')).toEqual(['~']))
  it('is of the new text alone when nothing is left of the old one', () => expect(signs('a\nb', 'c\nd')).toEqual(['-a', '-b', '+c', '+d']))

  it('leads from any text to any other by the fewest lines', () => {
    const rnd = random(11)
    const text = () => Array.from({ length: Math.floor(rnd() * 14) }, () => 'abc'[Math.floor(rnd() * 3)]!)
    for (let i = 0; i < 500; i++) {
      const [a, b] = [text(), text()]
      // Marks at both ends keep everything within reach of a change, so that no line is left out as a gap.
      const all = diffLines(['<', ...a.flatMap((x) => x), 'x'].join('\n'), ['>', ...b, 'y'].join('\n')).filter((l) => l.kind !== 'gap')
      const side = (kind: string) => all.filter((l) => l.kind === kind || l.kind === 'same').map((l) => l.text)
      const kept = all.filter((l) => l.kind === 'same').length
      const gaps = diffLines(['<', ...a, 'x'].join('\n'), ['>', ...b, 'y'].join('\n')).some((l) => l.kind === 'gap')
      if (gaps) continue
      expect(side('removed')).toEqual(['<', ...a, 'x'])
      expect(side('added')).toEqual(['>', ...b, 'y'])
      expect(kept).toBe(common(a, b))
      for (const l of all) expect((l.kind === 'removed' ? ['<', ...a, 'x'] : ['>', ...b, 'y'])[l.at - 1]).toBe(l.text)
    }
  })

  it('takes a large file with changes at both ends', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`)
    const changed = ['first', ...lines.slice(1, -1), 'last']
    expect(diffLines(lines.join('\n'), changed.join('\n')).filter((l) => l.kind === 'added').map((l) => `${l.at} ${l.text}`)).toEqual(['1 first', '20000 last'])
  })
})

/** Length of the longest common subsequence, the slow way. */
function common(a: string[], b: string[]): number {
  const row = new Array<number>(b.length + 1).fill(0)
  for (const x of a) {
    let corner = 0
    for (let j = 0; j < b.length; j++) {
      const above = row[j + 1]!
      row[j + 1] = x === b[j] ? corner + 1 : Math.max(above, row[j]!)
      corner = above
    }
  }
  return row[b.length]!
}
