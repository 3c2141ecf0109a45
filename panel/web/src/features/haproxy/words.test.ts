import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { wordsOf } from './words'

/** What the real program says of a configuration. */
function check(config: string) {
  const dir = mkdtempSync(join(tmpdir(), 'haproxy-'))
  const file = join(dir, 'haproxy.cfg')
  writeFileSync(file, config)
  const { stdout, stderr, error } = spawnSync('/usr/sbin/haproxy', ['-c', '-f', file], { encoding: 'utf8' })
  rmSync(dir, { recursive: true })
  if (error) throw error
  return wordsOf(stdout + stderr)
}

it('finds the line of every error that HAProxy tells', () => {
  const words = check('global\n    foo bar\n\ndefaults\n    mode tcp\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\nfrontend x\n    bind *:99999\nbackend b\n    server s1 192.0.2.1:80 chek\n')
  expect(words.map((w) => [w.kind, w.line])).toEqual([['alert', 2], ['alert', 10], ['alert', 12]])
  expect(words[0]!.text).toBe("unknown keyword 'foo' in 'global' section")
  expect(words[2]!.text).toContain("unknown keyword 'chek'")
})

it('keeps the lines of a warning together', () => {
  const [word, ...more] = check('defaults\n    mode tcp\nfrontend x\n    bind 127.0.0.1:1\n')
  expect(more).toEqual([])
  expect(word).toMatchObject({ kind: 'warning', line: null })
  expect(word!.text).toMatch(/^missing timeouts for frontend 'x'\.\n.*\n.*\n/)
})

it('has nothing to say of a good file', () => expect(check('defaults\n    mode tcp\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\n')).toEqual([]))

it('reads other forms as well', () => {
  const f = (line: string, ...want: unknown[]) => expect([line, wordsOf(line).map((w) => [w.kind, w.line, w.text])]).toEqual([line, want])
  f('[ALERT]    (7) : config : [/etc/haproxy/haproxy.cfg:11] : bad', ['alert', 11, 'bad'])
  f("[ALERT] 330/120000 (7) : parsing [/etc/haproxy/haproxy.cfg:3] : 'bind' : bad", ['alert', 3, "'bind' : bad"])
  f('no level\n\n', ...[])
  f('[NOTICE]   (1) : haproxy version is 3.0', ...[])
  f('[WARNING]  (1) : config : one\n  | two', ['warning', null, 'one\n| two'])
})
