import type { Route } from './mock-route'

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

/** What an invented server says to a command: its words, and an error for "false". */
function run(command: string): string {
  const bad = command.startsWith('false')
  const said = command.split('\n').map((line) => event('stdout', { line: line.replace(/^echo /, '') }))
  return [': \n\n', ...said, bad ? event('stderr', { line: 'it went wrong' }) : '', event('done', { exit_code: bad ? 1 : 0, execution_time_ms: 142, success: !bad, truncated: false })].join('')
}

const ticket = { ticket: 'T', expires_at: '2026-11-27T00:00:00Z' }
const changed = { success: true, message: 'done' }

export const controlRoutes: Route[] = [
  ['POST', /^proxy\/(\d+)\/system\/execute-stream$/, ({ body }) => ({ status: 200, body: run(String(body.command)) })],
  ['POST', /^proxy\/(\d+)\/terminal$/, () => ticket],
  ['POST', /^proxy\/(\d+)\/power$/, () => changed],
  ['POST', /^proxy\/(\d+)\/power\/processes\/(\d+)\/signal$/, () => changed],
]
