import { EditorState } from '@codemirror/state'
import { ensureSyntaxTree } from '@codemirror/language'
import { highlightTree } from '@lezer/highlight'
import { describe, expect, it } from 'vitest'
import { regionOf } from './editor-marks'
import { haproxyLanguage, highlighting } from './language'

/** Each coloured part as "class text". */
function colours(doc: string): string[] {
  const state = EditorState.create({ doc, extensions: [haproxyLanguage] })
  const out: string[] = []
  highlightTree(ensureSyntaxTree(state, doc.length, 5000)!, highlighting, (from, to, name) => out.push(`${name.replace('hc-', '')} ${doc.slice(from, to)}`))
  return out
}

describe('the language of HAProxy', () => {
  const f = (line: string, ...want: string[]) => expect([line, colours(line)]).toEqual([line, want])
  it('tells sections from what they hold', () => {
    f('frontend web', 'section frontend', 'section web')
    f('global', 'section global')
    f('    bind *:443 ssl crt /a.pem', 'word bind')
    f('    default_backend b', 'word default_backend')
  })
  it('knows words that need a second one, and their denial', () => {
    f('    option tcp-check', 'word option', 'word tcp-check')
    f('    no option splice-auto', 'word no', 'word option', 'word splice-auto')
    f('    timeout client 30m', 'word timeout', 'word client', 'number 30m')
  })
  it('knows amounts, texts, comments and conditions', () => {
    f('    maxconn 20000 # of all', 'word maxconn', 'number 20000', 'comment # of all')
    f('    server s1 192.0.2.1:80 check inter 5s weight 1.5', 'word server', 'number 5s', 'number 1.5')
    f('    http-request deny if { path -i "/a # b" }', 'word http-request', 'word deny', 'flow if', 'text "/a # b"')
    f("    log-format 'a\\' b", 'word log-format', "text 'a\\'")
    f('    acl a path /x\\ y\\#z', 'word acl')
    f('.if defined(X)', 'flow .if')
    f('# === RULES START ===', 'marker # === RULES START ===')
    f('\\', ...[])
  })
})

it('finds what the panel manages', () => {
  const f = (text: string, want: unknown) => expect(regionOf(EditorState.create({ doc: text }))).toEqual(want)
  f('a\n# === RULES START ===\nb\n  # === RULES END ===\nc', { first: 2, last: 4 })
  f('# === RULES START ===\nb', null)
  f('# === RULES END ===\n# === RULES START ===', null)
})
