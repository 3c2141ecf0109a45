import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { renderApp } from '../../test/render'
import { MockApi } from '../../test/mock-api'
import { safeNext } from './page'

const now = Date.UTC(2026, 10, 23, 9, 0)
const signedOut = () => {
  const mock = new MockApi(() => now, 3)
  mock.authenticated = false
  return mock
}

async function tryPassword(password: string): Promise<void> {
  const field = await screen.findByLabelText('Password')
  await userEvent.clear(field)
  await userEvent.type(field, `${password}{Enter}`)
}

it('leads to the login and back to where one wanted to go', async () => {
  const { mock, path } = await renderApp({ at: '/audit?query=x', mock: signedOut() })
  await waitFor(() => expect(path()).toBe('/login?next=%2Faudit%3Fquery%3Dx'))
  await tryPassword(mock.password)
  await waitFor(() => expect(path()).toBe('/audit?query=x'))
})

it('counts the tries that are left, then says until when the address is closed', async () => {
  const { mock } = await renderApp({ at: '/login', mock: signedOut() })
  await tryPassword('wrong')
  await screen.findByText('Wrong password. 4 tries left, then your address is closed for 15 minutes.')
  expect(screen.getByLabelText('Password')).toHaveProperty('ariaInvalid', 'true')
  for (const left of ['3 tries', '2 tries', '1 try']) {
    await tryPassword('wrong')
    await screen.findByText(new RegExp(`${left} left`))
  }
  await tryPassword('wrong')
  await screen.findByText(/closed until/)
  expect(mock.log.filter((r) => r.path === 'auth/login')).toHaveLength(5)
})

it('tells of a ban before the first try', async () => {
  const mock = signedOut()
  mock.bannedUntil = new Date(now + 60_000).toISOString()
  await renderApp({ at: '/login', mock })
  await screen.findByText(/Too many failed tries/)
})

it('says when the panel does not answer at all', async () => {
  const mock = signedOut()
  mock.overrides.set('POST auth/login', () => 'drop')
  await renderApp({ at: '/login', mock })
  mock.overrides.set('GET auth/ban-status', () => 'drop')
  await tryPassword('any')
  await screen.findByText(/The panel does not answer/)
})

it('shows the address one comes from, and the password on demand', async () => {
  await renderApp({ at: '/login', mock: signedOut() })
  await screen.findByText('203.0.113.77')
  expect(screen.getByLabelText('Password')).toHaveProperty('type', 'password')
  await userEvent.click(screen.getByRole('button', { name: 'Show the password' }))
  expect(screen.getByLabelText('Password')).toHaveProperty('type', 'text')
})

it('goes only to places inside of the panel', () => {
  expect(['/audit', '//evil.test', '/\\evil.test', 'https://evil.test', '', null].map(safeNext)).toEqual(['/audit', '/', '/', '/', '/', '/'])
})
