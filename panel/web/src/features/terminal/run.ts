import type { Sentence } from '../../api/types'
import { api, ApiError } from '../../lib/api'
import { external } from '../../lib/external'
import { readEvents } from '../../lib/read-events'
import type { useSay } from '../../lib/words'

export interface Command {
  command: string
  timeout: number
  shell: 'sh' | 'bash'
}

export interface Chunk {
  stream: 'stdout' | 'stderr'
  text: string
}

export interface RunState {
  state: 'running' | 'ended' | 'stopped' | 'failed'
  output: Chunk[]
  /** Lines that came before the ones in `output` and are no longer kept. */
  dropped: number
  exitCode: number | null
  /** Milliseconds. */
  took: number | null
  truncated: boolean
  error: unknown
}

/** What a page can show without getting slow. */
const keptLines = 5000
/** Milliseconds between two looks of the page at the output. */
const pace = 80
/** Milliseconds beyond the command's own limit. */
const slack = 30_000

/** The answer ended before the command did. */
const cut = new ApiError(0, 'unreachable', 'The connection broke.')

/** One command on its way: aborting the request kills it on the server. */
export class Run {
  readonly started = Date.now()
  readonly state = external<RunState>({ state: 'running', output: [], dropped: 0, exitCode: null, took: null, truncated: false, error: null })
  private readonly abort = new AbortController()
  private readonly lines: Chunk[] = []
  private dropped = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(readonly id: number, readonly command: Command) {}

  stop(): void {
    this.abort.abort()
  }

  async start(serverId: number, say: ReturnType<typeof useSay>): Promise<void> {
    let told: Partial<RunState> = { state: 'failed', error: cut }
    try {
      const answer = await api.open(`proxy/${serverId}/system/execute-stream`, this.command, { signal: this.abort.signal, timeout: this.command.timeout * 1000 + slack })
      await readEvents(answer, (event, data) => {
        const d = data as { line: string; message: string; words?: Sentence; exit_code: number; execution_time_ms: number; truncated: boolean }
        if (event === 'stdout' || event === 'stderr') this.add({ stream: event, text: d.line })
        else if (event === 'error') this.state.set({ ...this.state.get(), error: new ApiError(0, 'command', say(d.words, d.message)) })
        else if (event === 'done') told = { state: 'ended', exitCode: d.exit_code, took: d.execution_time_ms, truncated: d.truncated }
      })
      if (told.state === 'failed' && this.state.get().error) told = { state: 'failed' }
    } catch (error) {
      told = this.abort.signal.aborted ? { state: 'stopped' } : { state: 'failed', error: error instanceof ApiError ? error : cut }
    }
    clearTimeout(this.timer)
    this.show({ took: Date.now() - this.started, ...told })
  }

  private add(line: Chunk): void {
    this.lines.push(line)
    if (this.lines.length > 2 * keptLines) this.dropped += this.lines.splice(0, this.lines.length - keptLines).length
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      this.show({})
    }, pace)
  }

  private show(more: Partial<RunState>): void {
    const extra = Math.max(0, this.lines.length - keptLines)
    this.state.set({ ...this.state.get(), output: joined(this.lines.slice(extra)), dropped: this.dropped + extra, ...more })
  }
}

/** Neighbours of one stream become one piece: fewer elements on the page. */
function joined(lines: Chunk[]): Chunk[] {
  const chunks: Chunk[] = []
  for (const { stream, text } of lines) {
    const last = chunks.at(-1)
    if (last?.stream === stream) last.text += `\n${text}`
    else chunks.push({ stream, text })
  }
  return chunks
}

export const wholeText = (output: Chunk[]): string => output.map((c) => c.text).join('\n')
