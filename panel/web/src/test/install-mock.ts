import type { MockApi, MockRequest } from './mock-api'

/** Puts a MockApi in the place of fetch and EventSource. Returns what undoes it, and the open streams. */
export function installMock(mock: MockApi, options: { latency?: number; live?: number } = {}): () => void {
  const { fetch: realFetch, EventSource: realEventSource } = globalThis
  const open = new Set<MockEventSource>()

  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input), document.baseURI)
    const path = apiPath(url)
    if (path === null) return realFetch(input, init)
    const request: MockRequest = { method: init?.method ?? 'GET', path, query: url.searchParams, body: init?.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : {} }
    const signal = init?.signal ?? undefined
    signal?.throwIfAborted()
    if (options.latency) await new Promise((done) => setTimeout(done, options.latency))
    const answer = mock.answer(request)
    if (answer === 'hang') return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
    if (answer === 'drop') throw new TypeError('Failed to fetch')
    return new Response(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body), { status: answer.status, headers: { 'Content-Type': 'application/json', 'X-Request-Id': 'a1b2c3d4e5f60718' } })
  }

  class MockEventSource extends EventTarget {
    onerror: ((event: Event) => void) | null = null
    private readonly timer: ReturnType<typeof setInterval> | undefined

    constructor(readonly url: string) {
      super()
      open.add(this)
      queueMicrotask(() => {
        if (!mock.authenticated || mock.state === 'error') this.onerror?.(new Event('error'))
        else this.emit('hello', { at: mock.now(), version: '0.1.0' })
        const job = /bulk\/jobs\/[^/]+(?=\/events)/.exec(url)?.[0]
        const news = job && mock.answer({ method: 'GET', path: job, query: new URLSearchParams(), body: {} })
        if (typeof news === 'object') this.emit('news', { ...(news.body as object) })
      })
      if (options.live) this.timer = setInterval(() => mock.state === 'data' && this.emit('live', { servers: mock.liveValues() }), options.live)
    }

    emit(name: string, data: unknown): void {
      if (open.has(this)) this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }))
    }

    close(): void {
      open.delete(this)
      clearInterval(this.timer)
    }
  }

  globalThis.EventSource = MockEventSource as unknown as typeof EventSource
  return () => {
    for (const source of [...open]) source.close()
    Object.assign(globalThis, { fetch: realFetch, EventSource: realEventSource })
  }
}

function apiPath(url: URL): string | null {
  const base = new URL('api/', document.baseURI)
  return url.origin === base.origin && url.pathname.startsWith(base.pathname) ? url.pathname.slice(base.pathname.length) : null
}
