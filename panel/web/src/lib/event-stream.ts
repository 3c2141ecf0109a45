import { external } from './external'

export type ConnectionState = 'connecting' | 'open' | 'waiting' | 'paused'

export interface StreamOptions {
  url: () => string
  /** Called with the parsed data of each event by its name. */
  on: Record<string, (data: never) => void>
  /** Called after two failures in a row: the session may have ended. */
  onTrouble: () => void
  open?: (url: string) => EventSource
}

const firstDelay = 1000
const longestDelay = 30_000
const troubleAfter = 2

/**
 * One event stream for a visible tab. It is closed in a hidden tab and opened again on return, since a browser has six
 * connections per host; it comes back by itself after errors, waiting longer each time.
 */
export class EventStream {
  readonly state = external<ConnectionState>('paused')
  private source: EventSource | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private stopped = true

  constructor(private readonly options: StreamOptions) {}

  start(): () => void {
    this.stopped = false
    document.addEventListener('visibilitychange', this.follow)
    this.follow()
    return () => {
      this.stopped = true
      document.removeEventListener('visibilitychange', this.follow)
      this.close('paused')
    }
  }

  private readonly follow = (): void => {
    if (document.hidden) this.close('paused')
    else if (!this.stopped && !this.source) this.connect()
  }

  private connect(): void {
    clearTimeout(this.timer)
    if (this.failures === 0) this.state.set('connecting')
    const source = (this.options.open ?? ((url) => new EventSource(url)))(this.options.url())
    this.source = source
    source.onerror = () => this.failed(source)
    for (const [name, handle] of Object.entries(this.options.on)) {
      source.addEventListener(name, (event) => {
        if (source !== this.source) return
        this.failures = 0
        this.state.set('open')
        handle(JSON.parse((event as MessageEvent<string>).data) as never)
      })
    }
  }

  private failed(source: EventSource): void {
    if (source !== this.source) return
    this.close('waiting')
    this.failures++
    if (this.failures >= troubleAfter) this.options.onTrouble()
    const delay = Math.min(longestDelay, firstDelay * 2 ** (this.failures - 1))
    this.timer = setTimeout(() => {
      if (!document.hidden && !this.stopped) this.connect()
    }, delay * (0.8 + 0.4 * Math.random())) // a restarted panel is not hit by every tab at once
  }

  private close(state: ConnectionState): void {
    clearTimeout(this.timer)
    this.source?.close()
    this.source = null
    this.state.set(state)
  }
}
