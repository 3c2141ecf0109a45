import { describe, expect, it } from 'vitest'
import { fleet } from '../../test/fleet'
import { inTurns } from './in-turns'
import { type ListView, nextSort, readView, shows, writeView } from './list-view'
import { rangeBetween } from './selection'
import { stageKey } from './stage'

describe('the view in the address', () => {
  const f = (address: string, want: Partial<ListView>) => it(address || 'nothing', () => {
    const params = new URLSearchParams(address)
    const view = readView(params)
    expect(view).toEqual({ query: '', state: null, folder: undefined, sort: undefined, ...want })
    expect(writeView(view, new URLSearchParams('add=list')).toString()).toBe(new URLSearchParams(`add=list${address && `&${address}`}`).toString())
  })
  f('', {})
  f('query=de+01', { query: 'de 01' })
  f('state=offline', { state: 'offline' })
  f('folder=Near+East', { folder: 'Near East' })
  f('folder=', { folder: null })
  f('sort=-answer', { sort: { column: 'answer', descending: true } })
  it('ignores a state that does not exist', () => expect(readView(new URLSearchParams('state=broken')).state).toBeNull())
})

describe('what a search finds', () => {
  const [server] = fleet(1, 0)
  const all: ListView = { query: '', state: null, folder: undefined, sort: undefined }
  const f = (name: string, view: Partial<ListView>, want: boolean) => it(name, () => expect(shows({ ...all, ...view }, { ...server!, name: 'DE-Frankfurt-01', url: 'https://192.0.2.10:9100', folder: 'Europe' }, undefined)).toBe(want))
  f('everything without words', {}, true)
  f('part of the name', { query: 'FRANK' }, true)
  f('part of the address', { query: '2.0.2.1' }, true)
  f('the folder', { query: 'europe' }, true)
  f('the host name', { query: server!.metrics!.system.hostname }, true)
  f('all words in any order', { query: 'europe  frank' }, true)
  f('not one word of two', { query: 'europe paris' }, false)
  f('its folder', { folder: 'Europe' }, true)
  f('not without a folder', { folder: null }, false)
  f('its state', { state: 'online' }, true)
  f('not another state', { state: 'offline' }, false)
})

it('sorts up, down, and not at all', () => {
  const up = nextSort(undefined, 'name')
  const down = nextSort(up, 'name')
  expect([up, down, nextSort(down, 'name'), nextSort(down, 'address')]).toEqual([{ column: 'name', descending: false }, { column: 'name', descending: true }, undefined, { column: 'address', descending: false }])
})

describe('a range of the selection', () => {
  const f = (from: number, to: number, want: number[]) => it(`${from} to ${to}`, () => expect(rangeBetween([7, 3, 9, 1], from, to)).toEqual(want))
  f(3, 1, [3, 9, 1])
  f(1, 3, [3, 9, 1])
  f(9, 9, [9])
  f(4, 9, [9]) // the first end has been filtered away
})

describe('the text of a failed test', () => {
  const f = (stage: string, status: string, code: number, want: string) => it(`${stage} ${status} ${code}`, () => expect(stageKey({ stage, status, code })).toBe(want))
  f('dns', 'error', 500, 'dns')
  f('tcp', 'error', 502, 'refused')
  f('tcp', 'timeout', 504, 'silent')
  f('tcp', 'error', 500, 'tcp')
  f('tls', 'error', 495, 'tls')
  f('identity', 'error', 495, 'identity')
  f('http', 'error', 403, 'http')
  f('', 'error', 0, 'unknown')
})

describe('requests in turns', () => {
  it('lets none be stopped by another, and says which failed', async () => {
    const outcome = await inTurns([1, 2, 3, 4], (n) => (n % 2 ? Promise.reject(new Error(`no ${n}`)) : Promise.resolve()))
    expect(outcome.done).toEqual([2, 4])
    expect(outcome.failed.map((f) => [f.item, (f.error as Error).message])).toEqual([[1, 'no 1'], [3, 'no 3']])
  })

  it('runs six at once', async () => {
    let [running, most] = [0, 0]
    await inTurns(Array.from({ length: 40 }, (_, i) => i), async () => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
    })
    expect(most).toBe(6)
  })
})
