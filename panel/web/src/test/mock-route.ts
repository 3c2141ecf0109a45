export interface MockRequest {
  method: string
  /** Without "api/" in front. */
  path: string
  query: URLSearchParams
  body: Record<string, unknown>
}

/** What a handler may answer: a value (200), a status with a body, or a dropped connection. */
export type MockAnswer = { status: number; body: unknown } | 'drop' | 'hang'

/** A path of one feature; `empty` asks for the state without data. */
export type Route = [method: string, path: RegExp, handler: (request: MockRequest, state: { empty: boolean }, ...ids: string[]) => MockAnswer | object]

export const fail = (status: number, code: string, detail: string, field?: string): MockAnswer => ({ status, body: { detail, code, field } })
