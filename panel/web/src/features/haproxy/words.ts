/** One thing that haproxy -c says. */
export interface Word {
  kind: 'alert' | 'warning'
  text: string
  /** Of the file, from 1; null if it is of no line. */
  line: number | null
}

const start = /^\[(ALERT|WARNING|NOTICE|DIAG)\]\s+(?:\d+\/\d+\s+)?(?:\(\d+\)\s*:\s*)?(?:config\s*:\s*)?(.*)$/
const place = /(?:parsing )?\[[^\]\s]*:(\d+)\]\s*:?\s*/
/** Lines that only say that there were others. */
const summary = /^(Error\(s\) found in|Fatal errors found in)/

/** Reads the output of HAProxy's check: lines that begin with a level, each perhaps with more lines below. */
export function wordsOf(log: string): Word[] {
  const out: (Word | null)[] = []
  for (const line of log.split('\n')) {
    const head = start.exec(line)
    if (head) {
      const said = head[2]!
      const at = place.exec(said)
      const text = at ? said.replace(at[0], '').trim() : said.trim()
      const dull = (head[1] !== 'ALERT' && head[1] !== 'WARNING') || summary.test(text)
      out.push(dull ? null : { kind: head[1] === 'ALERT' ? 'alert' : 'warning', text, line: at ? Number(at[1]) : null })
    } else if (line.trim() && out.length > 0) {
      const last = out.at(-1)
      if (last) last.text += `\n${line.trim()}`
    }
  }
  return out.filter((w) => w !== null)
}
