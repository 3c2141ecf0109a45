import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EventStream } from './event-stream'

class FakeSource extends EventTarget {
  static all: FakeSource[] = []
  closed = false
  onerror: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    FakeSource.all.push(this)
  }
  close(): void {
    this.closed = true
  }
  emit(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }))
  }
}

const newest = () => FakeSource.all.at(-1) as FakeSource
const hide = (hidden: boolean) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}

let stop = () => {}
const onTrouble = vi.fn()
const onLive = vi.fn()
let stream: EventStream

beforeEach(() => {
  vi.useFakeTimers()
  FakeSource.all = []
  onTrouble.mockClear()
  onLive.mockClear()
  hide(false)
  stream = new EventStream({ url: () => 'api/events', on: { hello: () => {}, live: onLive }, onTrouble, open: (url) => new FakeSource(url) as unknown as EventSource })
  stop = stream.start()
})

afterEach(() => {
  stop()
  vi.useRealTimers()
})

it('hands on parsed events', () => {
  expect(stream.state.get()).toBe('connecting')
  newest().emit('hello', {})
  expect(stream.state.get()).toBe('open')
  newest().emit('live', { servers: [1] })
  expect(onLive).toHaveBeenCalledWith({ servers: [1] })
})

it('closes in a hidden tab and comes back', () => {
  newest().emit('hello', {})
  hide(true)
  expect(newest().closed).toBe(true)
  expect(stream.state.get()).toBe('paused')
  vi.advanceTimersByTime(600_000)
  expect(FakeSource.all).toHaveLength(1)
  hide(false)
  expect(FakeSource.all).toHaveLength(2)
})

it('waits longer after each failure and asks about the session after two', () => {
  const waits: number[] = []
  for (let i = 0; i < 8; i++) {
    newest().onerror?.()
    expect(stream.state.get()).toBe('waiting')
    const from = Date.now()
    vi.advanceTimersToNextTimer()
    waits.push(Date.now() - from)
    if (i === 0) expect(onTrouble).not.toHaveBeenCalled()
    if (i === 1) expect(onTrouble).toHaveBeenCalledTimes(1)
  }
  waits.forEach((wait, i) => {
    const middle = Math.min(30_000, 1000 * 2 ** i)
    expect(wait).toBeGreaterThanOrEqual(Math.floor(middle * 0.8))
    expect(wait).toBeLessThanOrEqual(Math.ceil(middle * 1.2))
  })
})

it('starts anew after success, and stops for good', () => {
  newest().onerror?.()
  vi.advanceTimersToNextTimer()
  newest().emit('hello', {})
  newest().onerror?.()
  expect(onTrouble).not.toHaveBeenCalled()
  stop()
  vi.advanceTimersByTime(600_000)
  expect(FakeSource.all).toHaveLength(2)
})
