import { HighlightStyle, StreamLanguage, type StringStream } from '@codemirror/language'
import { tags } from '@lezer/highlight'

/** The markers around the panel's rules, as agent/haproxy writes them. */
export const startMarker = '# === RULES START ==='
export const endMarker = '# === RULES END ==='

const sections = new Set('global defaults frontend backend listen userlist peers resolvers mailers cache ring http-errors program log-forward fcgi-app crt-store log-profile traces acme'.split(' '))
/** Words that take another one to say what is set. */
const prefixes = new Set('option timeout stats http-request http-response http-after-response http-check tcp-request tcp-response tcp-check errorfile balance'.split(' '))
const flow = /^(if|unless|or|\|\||!)$/
const amount = /^\d+(\.\d+)?(us|ms|[smhdkg])?$/i
const condition = /^\.(if|elif|else|endif|notice|warning|alert|diag)$/

interface Line {
  /** How many words have been read; the first says what the line is. */
  words: number
  first: string
}

/** What a word is, by its place: HAProxy's files have no nesting, a line stands for itself. */
function word(text: string, line: Line): string | null {
  line.words++
  if (line.words === 1) {
    if (text === 'no' || text === 'default') {
      line.words = 0 // of the directive that follows
      return 'keyword'
    }
    line.first = text
    if (sections.has(text)) return 'heading'
    return condition.test(text) ? 'controlKeyword' : 'keyword'
  }
  if (sections.has(line.first)) return line.words === 2 ? 'heading' : null
  if (line.words === 2 && prefixes.has(line.first)) return 'keyword'
  if (flow.test(text)) return 'controlKeyword'
  return amount.test(text) ? 'number' : null
}

function token(stream: StringStream, line: Line): string | null {
  if (stream.sol()) Object.assign(line, { words: 0, first: '' })
  if (stream.eatSpace()) return null
  if (stream.peek() === '#') {
    const text = stream.string.trim()
    stream.skipToEnd()
    return text === startMarker || text === endMarker ? 'meta' : 'comment'
  }
  if (stream.match(/^"(?:\\.|[^"\\])*"?/) || stream.match(/^'[^']*'?/)) {
    line.words++
    return 'string'
  }
  const text = stream.match(/^(?:\\.|[^\s#"'\\])+/)
  if (!text) {
    stream.next() // a lone backslash
    return null
  }
  return word((text as RegExpMatchArray)[0], line)
}

export const haproxyLanguage = StreamLanguage.define<Line>({
  name: 'haproxy',
  startState: () => ({ words: 0, first: '' }),
  token,
  languageData: { commentTokens: { line: '#' } },
})

/** Classes of haproxy.css, so that the colours follow the theme of the page. */
export const highlighting = HighlightStyle.define([
  { tag: tags.heading, class: 'hc-section' },
  { tag: tags.keyword, class: 'hc-word' },
  { tag: tags.controlKeyword, class: 'hc-flow' },
  { tag: tags.string, class: 'hc-text' },
  { tag: tags.number, class: 'hc-number' },
  { tag: tags.comment, class: 'hc-comment' },
  { tag: tags.meta, class: 'hc-marker' },
])
