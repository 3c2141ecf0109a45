import { describe, expect, it } from 'vitest'
import { readAddress } from './address'
import { parseList, takenAddresses } from './parse-list'

describe('an address', () => {
  const f = (raw: string, want: string) => it(raw || 'nothing', () => {
    const read = readAddress(raw)
    expect(typeof read === 'string' ? read : read.url).toBe(want)
  })
  f('203.0.113.7', 'https://203.0.113.7:9100')
  f(' node.example.com:9200 ', 'https://node.example.com:9200')
  f('https://node.example.com/', 'https://node.example.com:9100')
  f('HTTPS://node.example.com:443', 'https://node.example.com:443')
  f('2001:db8::7', 'https://[2001:db8::7]:9100')
  f('[2001:db8::7]:9200', 'https://[2001:db8::7]:9200')
  f('узел.рф', 'https://узел.рф:9100')
  f('under_score', 'https://under_score:9100')
  f('', 'missing')
  f('http://203.0.113.7', 'scheme')
  f('node.example.com:0', 'port')
  f('node.example.com:65536', 'port')
  f('node.example.com:http', 'port')
  f('203.0.113.256', 'host')
  f('203.0.113', 'host')
  f('-node.example.com', 'host')
  f('node..example.com', 'host')
  f('user@node.example.com', 'host')
  f('node.example.com/path', 'host')
  f('2001:db8::zz', 'host')
})

describe('a pasted list', () => {
  const fields = (text: string) => parseList(text).map((l) => [l.name, l.address, l.folder])
  const f = (name: string, text: string, want: (string | null)[][]) => it(name, () => expect(fields(text)).toEqual(want))
  f('reads commas', 'DE 01, 203.0.113.1, Near East', [['DE 01', '203.0.113.1', 'Near East']])
  f('reads semicolons', 'DE, 01; 203.0.113.1;', [['DE, 01', '203.0.113.1', null]])
  f('reads tabs, as spreadsheets copy', 'DE 01\t203.0.113.1\tNear East', [['DE 01', '203.0.113.1', 'Near East']])
  f('reads spaces, the rest is the folder', '  DE-01   203.0.113.1  Near East ', [['DE-01', '203.0.113.1', 'Near East']])
  f('leaves out comments and empty lines', '# all of them\n\nDE 203.0.113.1 # old\nNL, 203.0.113.2, EU, # new\n , \n', [['DE', '203.0.113.1', null], ['NL', '203.0.113.2', 'EU'], ['', '', null]].slice(0, 2))
  f('reads every kind of line end', 'A a.example\r\nB b.example\rC c.example', [['A', 'a.example', null], ['B', 'b.example', null], ['C', 'c.example', null]])
  f('forgets the mark at the beginning of a file', '\uFEFFA, a.example', [['A', 'a.example', null]])
})

describe('mistakes of a pasted list', () => {
  const taken = takenAddresses([{ url: 'https://203.0.113.9:9100', name: 'old' }])
  const f = (text: string, ...want: object[]) => it(JSON.stringify(text).slice(0, 60), () => expect(parseList(text, taken).flatMap((l) => (l.problem ? [{ line: l.line, ...l.problem }] : []))).toEqual(want.map((w) => expect.objectContaining(w))))
  f('DE, 203.0.113.1')
  f('lonely', { line: 1, kind: 'fields' })
  f(', 203.0.113.1', { line: 1, kind: 'fields' })
  f('a, 203.0.113.1, EU, more', { kind: 'extra' })
  f(`${'n'.repeat(101)}, 203.0.113.1`, { kind: 'name' })
  f(`a, 203.0.113.1, ${'f'.repeat(201)}`, { kind: 'folder' })
  f('ok, a.example\nbad, http://b.example', { kind: 'address', why: 'scheme' })
  f('a, 203.0.113.9', { kind: 'taken', name: 'old' })
  f('# first\na, A.example\nb, https://a.example:9100/', { kind: 'twice' })
})

it('counts lines as an editor does', () => expect(parseList('\n# x\na, a.example\n\nb').map((l) => l.line)).toEqual([3, 5]))

/** A small generator of numbers, seeded: every run tries the same texts. */
function numbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('whatever is pasted', () => {
  const next = numbers(20261123)
  const pieces = [',', ';', '\t', ' ', '\n', '\r\n', '#', ':', '9100', '[', ']', '::', 'https://', 'a', 'ы', '203.0.113.7', 'node.example', '\u0000', '😀', '.', '-', '/']
  const texts = Array.from({ length: 3000 }, () => Array.from({ length: next(24) }, () => pieces[next(pieces.length)]).join(''))

  it('stands in the result line by line, in order, and nothing else does', () => {
    for (const text of texts) {
      const source = text.split(/\r\n|\n|\r/)
      const parsed = parseList(text)
      expect(parsed.every((l) => source[l.line - 1] === l.raw)).toBe(true)
      expect(parsed.map((l) => l.line)).toEqual([...new Set(parsed.map((l) => l.line))].sort((a, b) => a - b))
    }
  })

  it('has no line without a problem that the panel would refuse', () => {
    for (const text of texts) {
      const good = parseList(text).filter((l) => !l.problem)
      const urls = good.map((l) => {
        const read = readAddress(l.address)
        return typeof read === 'string' ? '' : read.url.toLowerCase()
      })
      expect(good.every((l) => l.name.trim() !== '' && l.folder !== '')).toBe(true)
      expect(urls).not.toContain('')
      expect(new Set(urls).size).toBe(urls.length)
    }
  })

  it('comes back the same when what was read is written again', () => {
    const name = () => `srv ${next(1000)}`
    for (let i = 0; i < 500; i++) {
      const separator = [',', ';', '\t'][next(3)]!
      const rows = Array.from({ length: 1 + next(5) }, (_, n) => [name(), `203.0.113.${n}:${1 + next(65535)}`, next(2) ? 'Near East' : null] as const)
      const text = rows.map((r) => r.filter((v) => v !== null).join(separator)).join('\n')
      expect(parseList(text).map((l) => [l.name, l.address, l.folder])).toEqual(rows)
    }
  })
})
