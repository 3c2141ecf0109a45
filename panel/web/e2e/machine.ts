import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { bin, root, until } from './programs'

const call = promisify(execFile)
/** The addresses of the two ends of the cable. */
export const here = '10.77.0.2'
export const world = '10.77.0.1'

/** A child that ends with us, however we end. */
const helper = (...args: string[]) => spawn('setpriv', ['--pdeathsig', 'KILL', ...args], { stdio: ['ignore', 'ignore', 'pipe'] })

/** A server of its own: systemd in a container over this machine's files (what happens in there never reaches them), and by a cable on eth0 the rest of the world, which is a network with nobody but the panel and what a test starts. */
export class Machine {
  private readonly dir = mkdtempSync(join(tmpdir(), 'machine-'))
  private readonly listeners: Server[] = []
  private readonly children: ChildProcess[] = []
  private pid = ''
  private outside = ''

  static async boot(): Promise<Machine> {
    const machine = new Machine()
    await machine.up().catch(async (e: unknown) => {
      await machine.remove()
      throw e
    })
    return machine
  }

  private async up(): Promise<void> {
    const net = helper('unshare', '--net', 'sleep', 'infinity')
    const box = helper('unshare', '--mount', '--propagation', 'private', 'sh', join(root, 'agent/control/controltest/boot.sh'), this.dir, basename(this.dir))
    this.children.push(box, net)
    this.outside = String(net.pid)
    let log = ''
    box.stderr.on('data', (d: Buffer) => (log += d))
    await until('the machine is up', 60, async () => {
      if (box.exitCode !== null) throw new Error(log)
      const [first] = readFileSync(`/proc/${box.pid}/task/${box.pid}/children`, 'utf8').trim().split(' ')
      if (!first || readFileSync(`/proc/${first}/comm`, 'utf8') !== 'systemd\n') return undefined
      this.pid = first
      const state = await this.run('sh', '-c', 'systemctl is-system-running || true')
      return /running|degraded/.test(state) || undefined // a unit of the base that failed is not ours
    })
    await call('ip', ['link', 'add', 'eth0', 'netns', this.pid, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.outside])
    const cable = (address: string) => ['sh', '-ec', `ip addr add ${address}/24 dev eth0; ip link set eth0 up; ip link set lo up`]
    await this.run(...cable(here))
    await this.from(...cable(world))
  }

  /** Runs a command on the machine and returns what it says. */
  async run(...args: string[]): Promise<string> {
    return (await call('nsenter', ['-t', this.pid, '-m', '-u', '-i', '-n', '-p', '--', ...args], { timeout: 60_000 })).stdout
  }

  /** Runs a command in the world at the other end of the cable. */
  async from(...args: string[]): Promise<string> {
    return (await call('nsenter', ['-t', this.outside, '-n', '--', ...args], { timeout: 60_000, maxBuffer: 1 << 24 })).stdout
  }

  /** Starts a service in the world, until the machine is removed. */
  serve(...args: string[]): void {
    this.children.push(helper('nsenter', '-t', this.outside, '-n', '--', ...args))
  }

  write(path: string, content: string): void {
    const file = `/proc/${this.pid}/root${path}`
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: 0o600 })
  }

  /** Starts the agent as a service of systemd. */
  async agent(port: number, token: string): Promise<void> {
    const program = '/usr/local/bin/monitoring-agent'
    this.write('/etc/monitoring/token', token)
    mkdirSync(`/proc/${this.pid}/root${dirname(program)}`, { recursive: true })
    copyFileSync(bin('agent'), `/proc/${this.pid}/root${program}`)
    chmodSync(`/proc/${this.pid}/root${program}`, 0o755)
    const env = { AGENT_LISTEN: `:${port}`, AGENT_STATE_DIR: '/var/lib/monitoring/agent', AGENT_TOKEN_FILE: '/etc/monitoring/token', AGENT_ALLOW: 'full' }
    await this.run('systemd-run', '--unit=monitoring-agent', ...Object.entries(env).map(([k, v]) => `--setenv=${k}=${v}`), program)
  }

  /** Gives a port of the machine a port of ours: each connection goes over the cable, as from the world. */
  async forward(port: number): Promise<number> {
    const listener = createServer((socket) => {
      const there = spawn('nsenter', ['-t', this.outside, '-n', '--', 'socat', 'STDIO', `TCP:${here}:${port}`], { stdio: ['pipe', 'pipe', 'ignore'] })
      const end = () => {
        socket.destroy()
        there.kill()
      }
      for (const side of [socket, there, there.stdin, there.stdout]) side.on('error', end).on('close', end)
      socket.pipe(there.stdin)
      there.stdout.pipe(socket)
    })
    this.listeners.push(listener)
    await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done))
    return (listener.address() as AddressInfo).port
  }

  async remove(): Promise<void> {
    for (const l of this.listeners) l.close()
    if (this.pid) process.kill(Number(this.pid), 'SIGKILL') // pulls the plug
    for (const c of this.children.reverse()) {
      c.kill('SIGKILL')
      await new Promise((done) => (c.exitCode !== null || c.signalCode !== null ? done(null) : c.once('exit', done)))
    }
    rmSync(this.dir, { recursive: true, force: true })
  }
}
