import type { Sentence } from '../api/types'
import { sayOnce } from './words'

/** The only code that calls the panel's HTTP API. Paths are relative to the page's <base>, which is the secret path. */

/** Why a request failed. Codes of our own: dropped, unreachable, timeout, unauthenticated; others are the panel's. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    /** In the user's language, where the panel's words are known in it. */
    readonly detail: string,
    readonly field: string | null = null,
    readonly requestId: string | null = null,
    /** What a program on the server said, in its own words. */
    readonly log: string | null = null,
  ) {
    super(detail || code)
    this.name = 'ApiError'
  }
}

export type Params = Record<string, string | number | boolean | null | undefined>

export interface RequestOptions {
  params?: Params
  signal?: AbortSignal
  headers?: Record<string, string>
  /** Milliseconds; 30 s by default. */
  timeout?: number
  /** Do not ask whether the session is still good when the connection is dropped: for the login itself. */
  anonymous?: boolean
}

const defaultTimeout = 30_000
let signedOut: () => void = () => {}

/** Called when the panel says that nobody is signed in. */
export function onSignedOut(handler: () => void): void {
  signedOut = handler
}

export function apiUrl(path: string, params?: Params): string {
  const url = new URL(`api/${path.replace(/^\//, '')}`, document.baseURI)
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value != null && value !== '') url.searchParams.set(name, String(value))
  }
  return url.href
}

function send(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (method !== 'GET') headers['Idempotency-Key'] = randomId() // browsers send a dropped request again
  const signals = [AbortSignal.timeout(options.timeout ?? defaultTimeout)]
  if (options.signal) signals.push(options.signal)
  return fetch(apiUrl(path, options.params), {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: 'same-origin',
    signal: AbortSignal.any(signals),
  })
}

/** crypto.randomUUID exists only on secure origins; a panel behind a plain-HTTP tunnel has getRandomValues. */
function randomId(): string {
  const b = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(b, (v) => v.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}

async function answerTo(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
  let response: Response
  try {
    response = await send(method, path, body, options)
  } catch (error) {
    throw await whyNoAnswer(error, options)
  }
  if (!response.ok) throw await refused(response, response.headers.get('X-Request-Id'))
  return response
}

async function request<T>(method: string, path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
  const response = await answerTo(method, path, body, options)
  if (response.status === 204) return undefined as T
  try {
    return (await response.json()) as T
  } catch {
    throw new ApiError(response.status, 'bad_answer', 'The answer is no JSON.', null, response.headers.get('X-Request-Id'))
  }
}

async function refused(response: Response, requestId: string | null): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as { detail?: string; code?: string; field?: string; error_log?: string; words?: Sentence }
  if (response.status === 401) signedOut()
  return new ApiError(response.status, body.code ?? `http_${response.status}`, await sayOnce(body.words, body.detail ?? `HTTP ${response.status}`), body.field ?? null, requestId, body.error_log ?? null)
}

/** The panel drops what it does not allow, so no answer can mean an ended session, a lost network or a refusal. */
async function whyNoAnswer(error: unknown, options: RequestOptions): Promise<unknown> {
  if (options.signal?.aborted) return error
  if ((error as Error).name === 'TimeoutError') return new ApiError(0, 'timeout', 'No answer in time.')
  if (options.anonymous) return new ApiError(0, 'dropped', 'The connection was closed without an answer.')
  switch (await checkSession()) {
    case 'out':
      signedOut()
      return new ApiError(401, 'unauthenticated', 'The session has ended.')
    case 'in':
      return new ApiError(0, 'dropped', 'The connection was closed without an answer.')
    default:
      return new ApiError(0, 'unreachable', 'The panel does not answer.')
  }
}

let checking: Promise<'in' | 'out' | 'unreachable'> | null = null

/** Asks whether somebody is signed in; requests that fail together share one question. */
export function checkSession(): Promise<'in' | 'out' | 'unreachable'> {
  checking ??= askSession().finally(() => {
    checking = null
  })
  return checking
}

async function askSession(): Promise<'in' | 'out' | 'unreachable'> {
  try {
    const response = await send('GET', 'auth/check', undefined, { timeout: 10_000 })
    if (!response.ok) return response.status === 401 ? 'out' : 'unreachable'
    const { authenticated } = (await response.json()) as { authenticated: boolean }
    return authenticated ? 'in' : 'out'
  } catch {
    return 'unreachable'
  }
}

export const api = {
  /** For the few answers that are no JSON. */
  text: (path: string, options: RequestOptions = {}) => answerTo('GET', path, undefined, options).then((r) => r.text()),
  /** For an answer that comes bit by bit; `timeout` is of the whole of it. */
  open: (path: string, body: unknown, options: RequestOptions = {}) => answerTo('POST', path, body, options),
  send: <T>(method: 'POST' | 'DELETE', path: string, body: unknown, options?: RequestOptions) => request<T>(method, path, body, options),
  get: <T>(path: string, options?: RequestOptions) => request<T>('GET', path, undefined, options),
  post: <T>(path: string, body?: unknown, options?: RequestOptions) => request<T>('POST', path, body, options),
  put: <T>(path: string, body?: unknown, options?: RequestOptions) => request<T>('PUT', path, body, options),
  delete: <T>(path: string, options?: RequestOptions) => request<T>('DELETE', path, undefined, options),
}
