import type { Job, JobResponse, OperationItem, Result, Sentence } from '../api/types'
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

/** Jobs over many servers: every third one is offline. The answer to a start is a job that waits; asked again it has ended. */
export class MockBulk {
  readonly jobs: JobResponse[]
  operations: OperationItem[]

  constructor(private readonly now: () => number, private readonly nameOf: (id: number) => string) {
    const at = new Date(now()).toISOString()
    this.jobs = []
    this.operations = [{ id: 1, server_id: 2, server_name: 'NL-Amsterdam-02', kind: 'traffic_port_add', title: 'traffic: count port 443', title_words: { text: 'traffic: count port 443', code: 'traffic_count_port', params: ['443'] }, state: 'queued', message: '', message_words: null, created_at: at, expires_at: new Date(now() + 72 * 3600_000).toISOString(), done_at: null }]
  }

  readonly routes: Route[] = [
    ['GET', /^bulk\/jobs$/, (_, { empty }) => ({ jobs: empty ? [] : this.jobs.map((j) => j.job) })],
    ['GET', /^bulk\/jobs\/([^/]+)$/, (_, __, id) => this.jobs.find((j) => j.job.id === id) ?? fail(404, 'not_found', 'there is no such job')],
    ['POST', /^bulk\/jobs\/([^/]+)\/cancel$/, () => changed],
    ['POST', /^bulk\/jobs\/([^/]+)\/again$/, (_, __, id) => this.again(id!)],
    ['POST', /^bulk\/jobs\/([^/]+)\/later$/, (_, __, id) => ({ queued: this.later(id!) })],
    ['GET', /^operations$/, (_, { empty }) => ({ operations: empty ? [] : this.operations })],
    ['POST', /^operations$/, ({ body }) => ({ operations: this.queue(body) })],
    ['DELETE', /^operations\/(\d+)$/, (_, __, id) => ((this.operations = this.operations.filter((o) => o.id !== Number(id))), changed)],
    ['POST', /^bulk\/(.+)$/, ({ body }, _, what) => this.start(what!, body)],
    ['DELETE', /^bulk\/(.+)$/, ({ body }, _, what) => this.start(what!, body)],
  ]

  private queue(body: Record<string, unknown>): OperationItem[] {
    const at = this.now()
    const rule = Object.values(body.payload as Record<string, unknown>).join(' ')
    const made = (body.server_ids as number[]).map((server_id, i): OperationItem => ({
      id: 100 + this.operations.length + i, server_id, server_name: this.nameOf(server_id), kind: String(body.kind), title: `${String(body.kind)} ${rule}`,
      title_words: body.kind === 'firewall_rule_delete' ? { text: `firewall: delete the rule ${rule}`, code: 'firewall_delete_the_rule', params: [rule] } : { text: `${String(body.kind)} ${rule}` },
      state: 'queued', message: '', message_words: null, created_at: new Date(at).toISOString(), expires_at: new Date(at + 72 * 3600_000).toISOString(), done_at: null,
    }))
    this.operations = [...made, ...this.operations]
    return made
  }

  start(what: string, body: Record<string, unknown>): object {
    const title = body.command ? `command: ${String(body.command)}` : what
    const words: Sentence = body.command ? { text: title, code: 'command', params: [String(body.command)] } : { text: what }
    return this.run(what, title, words, body.server_ids as number[], (i) => i % 3 === 2)
  }

  /** The second time everybody answers. */
  private again(id: string): object {
    const old = this.jobs.find((j) => j.job.id === id)!
    const answer = this.run(old.job.kind, old.job.title, old.job.title_words, old.results.filter((r) => !r.success && r.code !== 'queued').map((r) => r.server_id), () => false)
    old.job.again = this.jobs[0]!.job.id
    return answer
  }

  private later(id: string): number {
    const away = this.jobs.find((j) => j.job.id === id)!.results.filter((r) => r.code === 'offline')
    const text = 'it gets this when it is back'
    for (const r of away) Object.assign(r, { code: 'queued', message: text, message_words: { text, code: 'it_gets_this_when_it_is_back' } })
    return away.length
  }

  private run(kind: string, title: string, title_words: Sentence, ids: number[], away: (i: number) => boolean): object {
    const at = new Date(this.now()).toISOString()
    const done: Sentence = { text: 'exit code 0', code: 'exit_code', params: ['0'] }
    const offline: Sentence = { text: 'the server does not answer: Connection refused', code: 'the_server_does_not_answer', params: [{ text: 'Connection refused', code: 'connection_refused' }] }
    const results: Result[] = ids.map((server_id, i) => {
      const words = away(i) ? offline : done
      const more = away(i) ? { state: 'skipped', code: 'offline' } : { state: 'done', stdout: `${this.nameOf(server_id)}\n` }
      return { server_id, server_name: this.nameOf(server_id), success: !away(i), message: words.text, message_words: words, ...more }
    })
    const skipped = results.filter((r) => !r.success).length
    const job: Job = { id: `job${this.jobs.length + 1}`, kind, title, title_words, later: kind !== 'terminal/execute', started_at: at, ended_at: at, cancelled: false, restored: false, again: '', counts: { total: ids.length, done: ids.length - skipped, failed: 0, skipped, lost: 0 } }
    this.jobs.unshift({ job, results })
    return { status: 202, body: { job: { ...job, ended_at: null, counts: { ...job.counts, done: 0, skipped: 0 } }, results: results.map((r) => ({ ...r, state: 'waiting', message: '', message_words: null, code: undefined })) } }
  }
}
