import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
export const bin = (name: string) => join(root, 'bin', name)

export const uid = 'e2e-secret-path'
export const password = 'correct horse battery staple'

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

export async function until<T>(what: string, seconds: number, probe: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const found = await probe().catch(() => undefined)
    if (found !== undefined) return found
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`not within ${seconds} s: ${what}`)
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((done) => (child.exitCode !== null || child.signalCode !== null ? done() : child.once('exit', () => done())))
}

/** A real panel with its own Postgres, as the built program runs it. */
export class Panel {
  readonly dir = mkdtempSync(join(tmpdir(), 'panel-e2e-'))
  readonly url: string
  private child: ChildProcess | null = null
  private token = ''

  private constructor(private readonly port: number) {
    chmodSync(this.dir, 0o755) // Postgres runs as another user and must get through
    this.url = `http://127.0.0.1:${port}/${uid}/`
  }

  static async start(): Promise<Panel> {
    const panel = new Panel(await freePort())
    await panel.up()
    return panel
  }

  async up(): Promise<void> {
    const env = { ...process.env, PANEL_LISTEN: `127.0.0.1:${this.port}`, PANEL_DATA: this.dir, PANEL_UID: uid, PANEL_PASSWORD: password, PANEL_AGENT_BINARIES: join(root, 'bin'), PANEL_OUTBOUND_ALLOW: '127.0.0.1' }
    const child = spawn(bin('panel'), ['run'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    child.stderr.on('data', (d: Buffer) => (log += d))
    this.child = child
    await until('the panel answers', 60, async () => {
      if (child.exitCode !== null) throw new Error(log)
      return (await fetch(`${this.url}api/auth/check`)).ok || undefined
    }).catch((e: unknown) => {
      throw new Error(`${String(e)}\n${log}`)
    })
    const answer = (await (await this.request('POST', 'auth/login', { password })).json()) as { token: string }
    this.token = answer.token
  }

  async down(): Promise<void> {
    if (!this.child) return
    this.child.kill('SIGTERM')
    await stopped(this.child)
    this.child = null
  }

  async remove(): Promise<void> {
    await this.down()
    rmSync(this.dir, { recursive: true, force: true })
  }

  request(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}api/${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  }

  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.request(method, path, body)
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  /** Waits until the panel has scraped the server. */
  online(id: number): Promise<true> {
    return until(`server ${id} is online`, 40, async () => (await this.request('GET', `proxy/${id}/metrics`)).ok || undefined)
  }
}

/** A real agent on loopback. */
export class Agent {
  private child: ChildProcess | null = null
  private readonly dir = mkdtempSync(join(tmpdir(), 'agent-e2e-'))

  constructor(readonly port: number, token: string, private readonly allow = 'monitor') {
    writeFileSync(join(this.dir, 'token'), token, { mode: 0o600 })
  }

  up(): this {
    const env = { ...process.env, AGENT_LISTEN: `127.0.0.1:${this.port}`, AGENT_STATE_DIR: join(this.dir, 'state'), AGENT_TOKEN_FILE: join(this.dir, 'token'), AGENT_ALLOW: this.allow }
    this.child = spawn(bin('agent'), [], { env, stdio: 'ignore' })
    return this
  }

  async down(): Promise<void> {
    if (!this.child) return
    this.child.kill('SIGTERM')
    await stopped(this.child)
    this.child = null
  }

  async remove(): Promise<void> {
    await this.down()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

export const hostName = execFileSync('hostname').toString().trim()
export const version = readFileSync(join(root, 'VERSION'), 'utf8').trim()
