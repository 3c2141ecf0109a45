import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { Language } from '../lib/format'
import { MockApi, type MockRequest } from './mock-api'
import { renderApp } from './render'

/** The page of HAProxy of the first of three servers. */
export async function openHAProxy(change: (mock: MockApi) => void = () => {}, status = 'online', language: Language = 'en') {
  const mock = new MockApi(Date.now, 3)
  mock.servers = mock.servers.map((s) => ({ ...s, is_active: true, status }))
  change(mock)
  const id = mock.servers[0]!.id
  const { path } = await renderApp({ at: `/servers/${id}/haproxy`, mock, language })
  const of = (method: string, path: string) => (r: MockRequest) => r.method === method && r.path === `proxy/${id}/haproxy/${path}`
  return { mock, id, path, sent: (method: string, path: string) => mock.log.find(of(method, path)), allSent: (method: string, path: string) => mock.log.filter(of(method, path)) }
}

export const press = async (name: string | RegExp, inside = screen as Pick<typeof screen, 'findByRole'>) => userEvent.click(await inside.findByRole('button', { name }))
export const choose = async (name: string) => userEvent.click(await screen.findByRole('menuitem', { name }))
export const dialog = async () => within(await screen.findByRole('dialog'))
