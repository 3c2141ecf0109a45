import { fail, type Route } from './mock-route'

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

interface MockJob {
  job: { id: string; kind: string; title: string; started_at: string; ended_at: string | null; cancelled: boolean; counts: { total: number; done: number; failed: number; skipped: number } }
  results: { server_id: number; server_name: string; success: boolean; message: string; state: string; stdout?: string; code?: string }[]
}

/** Jobs over many servers: every third one fails. The answer to a start is a job that waits; asked again it has ended. */
export class MockBulk {
  readonly jobs: MockJob[]
  operations: object[]

  constructor(private readonly now: () => number, private readonly nameOf: (id: number) => string) {
    const at = new Date(now()).toISOString()
    this.jobs = []
    this.operations = [{ id: 1, server_id: 2, server_name: 'NL-Amsterdam-02', kind: 'traffic_port_add', title: 'traffic: count port 443', state: 'queued', message: '', created_at: at, expires_at: new Date(now() + 72 * 3600_000).toISOString(), done_at: null }]
  }

  readonly routes: Route[] = [
    ['GET', /^bulk\/jobs$/, (_, { empty }) => ({ jobs: empty ? [] : this.jobs.map((j) => j.job) })],
    ['GET', /^bulk\/jobs\/([^/]+)$/, (_, __, id) => this.jobs.find((j) => j.job.id === id) ?? fail(404, 'not_found', 'there is no such job')],
    ['POST', /^bulk\/jobs\/([^/]+)\/cancel$/, () => changed],
    ['GET', /^operations$/, (_, { empty }) => ({ operations: empty ? [] : this.operations })],
    ['POST', /^operations$/, () => ({ operations: [] })],
    ['DELETE', /^operations\/(\d+)$/, () => ((this.operations = []), changed)],
    ['POST', /^bulk\/(.+)$/, ({ body }, _, what) => this.start(what!, body)],
    ['DELETE', /^bulk\/(.+)$/, ({ body }, _, what) => this.start(what!, body)],
  ]

  private start(what: string, body: Record<string, unknown>): object {
    const at = new Date(this.now()).toISOString()
    const ids = body.server_ids as number[]
    const base = { id: `job${this.jobs.length + 1}`, kind: what, title: body.command ? `command: ${String(body.command)}` : what, started_at: at, cancelled: false }
    const bad = (i: number) => i % 3 === 2
    const results = ids.map((server_id, i) => ({ server_id, server_name: this.nameOf(server_id), success: !bad(i), state: bad(i) ? 'failed' : 'done', message: bad(i) ? 'the server does not answer' : 'exit code 0', stdout: bad(i) ? undefined : `${this.nameOf(server_id)}\n` }))
    const failed = results.filter((r) => !r.success).length
    this.jobs.unshift({ job: { ...base, ended_at: at, counts: { total: ids.length, done: ids.length - failed, failed, skipped: 0 } }, results })
    return { status: 202, body: { job: { ...base, ended_at: null, counts: { total: ids.length, done: 0, failed: 0, skipped: 0 } }, results: results.map((r) => ({ ...r, state: 'waiting', message: '' })) } }
  }
}
