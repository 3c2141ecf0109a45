// Counts a test report: count.mjs go|vitest|playwright FILE. Prints what failed or was skipped, and as the last line
// "N passed, N failed, N skipped". Exits with 1 when anything failed or was skipped, or when no test ran.
import { readFileSync } from 'node:fs'

const [format, file] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
const count = { pass: 0, fail: 0, skip: 0 }
const report = (state, name, output) => {
  count[state]++
  if (state !== 'pass') console.log(`--- ${state}: ${name}\n${output ?? ''}`.trimEnd())
}

const formats = {
  // `go test -json`: one event a line; the output of a test is kept until its end is known.
  go() {
    const output = new Map()
    for (const line of text.split('\n')) {
      if (!line.startsWith('{')) {
        if (line.trim()) console.log(line)
        continue
      }
      const e = JSON.parse(line)
      const key = `${e.Package ?? e.ImportPath}${e.Test ? ` ${e.Test}` : ''}`
      if (e.Action === 'output' || e.Action === 'build-output') output.set(key, (output.get(key) ?? '') + e.Output)
      else if (e.Action === 'build-fail') report('fail', key, output.get(key))
      else if (count[e.Action] !== undefined) {
        if (e.Test) report(e.Action, key, output.get(key))
        else if (e.Action === 'fail') report('fail', key, output.get(key)) // a panic or a timeout outside of a test
        output.delete(key)
      }
    }
  },
  vitest() {
    for (const f of JSON.parse(text.slice(text.indexOf('{'))).testResults) {
      if (f.assertionResults.length === 0) report('fail', f.name, f.message)
      for (const t of f.assertionResults) {
        const state = { passed: 'pass', failed: 'fail' }[t.status] ?? 'skip'
        report(state, t.fullName, t.failureMessages?.join('\n'))
      }
    }
  },
  playwright() {
    const walk = (suite) => {
      for (const spec of suite.specs ?? []) {
        for (const t of spec.tests) {
          const state = { expected: 'pass', unexpected: 'fail', flaky: 'fail' }[t.status] ?? 'skip'
          const errors = t.results.flatMap((r) => r.errors.map((e) => e.message))
          report(state, `${suite.title} › ${spec.title} [${t.projectName}]`, errors.join('\n'))
        }
      }
      suite.suites?.forEach(walk)
    }
    const json = JSON.parse(text.slice(text.indexOf('{')))
    for (const e of json.errors ?? []) report('fail', 'playwright', e.message)
    json.suites.forEach(walk)
  },
}

formats[format]()
console.log(`${count.pass} passed, ${count.fail} failed, ${count.skip} skipped`)
process.exit(count.fail || count.skip || !count.pass ? 1 : 0)
