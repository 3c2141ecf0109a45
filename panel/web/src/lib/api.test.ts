import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { installMock } from '../test/install-mock'
import { MockApi } from '../test/mock-api'
import { api, ApiError, apiUrl, checkSession, onSignedOut } from './api'

let mock: MockApi
let undo = () => {}
const signedOut = vi.fn()

beforeEach(() => {
  mock = new MockApi(Date.now, 2)
  undo = installMock(mock)
  signedOut.mockClear()
  onSignedOut(signedOut)
})
afterEach(() => undo())

const failure = (promise: Promise<unknown>) => promise.then(() => Promise.reject(new Error('it succeeded')), (e: unknown) => e as ApiError)

it('calls below the secret path of the page', () => {
  expect(apiUrl('servers/1', { a: 'x y', none: null, empty: '', zero: 0 })).toBe('http://panel.test/secret/api/servers/1?a=x+y&zero=0')
})

it('sends a fresh idempotency key with every unsafe request', async () => {
  const keys: (string | undefined)[] = []
  const inner = globalThis.fetch
  globalThis.fetch = (input, init) => {
    keys.push((init?.headers as Record<string, string>)['Idempotency-Key'])
    return inner(input, init)
  }
  await api.get('servers')
  await api.put('settings/theme', { value: 'light' })
  await api.put('settings/theme', { value: 'dark' })
  expect(keys[0]).toBeUndefined()
  expect(keys[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(keys[2]).not.toBe(keys[1])
})

it('hands on what the panel says about a refused request', async () => {
  const error = await failure(api.put('auth/password', { current_password: 'no', new_password: 'long enough' }))
  expect(error).toMatchObject({ status: 400, code: 'invalid', field: 'current_password', detail: 'this is not the current password', requestId: 'a1b2c3d4e5f60718' })
})

it('tells an ended session from a refusal when the connection is dropped', async () => {
  mock.overrides.set('GET servers', () => 'drop')
  expect(await failure(api.get('servers'))).toMatchObject({ code: 'dropped' })
  expect(signedOut).not.toHaveBeenCalled()
  mock.authenticated = false
  expect(await failure(api.get('servers'))).toMatchObject({ status: 401, code: 'unauthenticated' })
  expect(signedOut).toHaveBeenCalledTimes(1)
})

it('says so when nothing answers', async () => {
  mock.overrides.set('GET servers', () => 'drop')
  mock.overrides.set('GET auth/check', () => 'drop')
  expect(await failure(api.get('servers'))).toMatchObject({ code: 'unreachable' })
  expect(await checkSession()).toBe('unreachable')
  expect(signedOut).not.toHaveBeenCalled()
})

it('asks once about the session for requests that fail together', async () => {
  mock.overrides.set('GET servers', () => 'drop')
  await Promise.all([failure(api.get('servers')), failure(api.get('servers')), failure(api.get('servers'))])
  expect(mock.log.filter((r) => r.path === 'auth/check')).toHaveLength(1)
})

it('does not ask about the session when there is none yet', async () => {
  mock.authenticated = false
  expect(await failure(api.post('auth/login', { password: 'wrong' }, { anonymous: true }))).toMatchObject({ code: 'dropped' })
  expect(mock.log).toHaveLength(1)
})

it('gives up in time, and leaves cancelled requests alone', async () => {
  mock.overrides.set('GET servers', () => 'hang')
  expect(await failure(api.get('servers', { timeout: 20 }))).toMatchObject({ code: 'timeout' })
  const cancel = new AbortController()
  const pending = failure(api.get('servers', { signal: cancel.signal }))
  cancel.abort()
  expect((await pending).name).toBe('AbortError')
})
