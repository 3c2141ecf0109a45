import { installMock } from './install-mock'
import { MockApi, type MockState } from './mock-api'

/** `npm run demo`: the UI without a panel. ?mock=empty|error|loading|signed-out forces a state, ?servers=N the size of the fleet. */
export function startDemo(): void {
  const query = new URLSearchParams(location.search)
  const fixed = query.get('now')
  const mock = new MockApi(fixed ? () => Number(fixed) : Date.now, Number(query.get('servers') ?? 214))
  const state = query.get('mock')
  if (state === 'signed-out') mock.authenticated = false
  else if (state) mock.state = state as MockState
  installMock(mock, { latency: 60, live: 3000 })
}
