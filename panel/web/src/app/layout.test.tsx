import { act, fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { MockApi } from '../test/mock-api'
import { renderApp } from '../test/render'

const menu = async () => within((await screen.findAllByRole('navigation', { name: 'Main menu' }))[0] as HTMLElement)

it('has an entry for every page in the menu and marks the present one', async () => {
  await renderApp({ at: '/settings' })
  const current = (await menu()).getByRole('link', { current: 'page' })
  expect(current.textContent).toBe('Settings')
  expect(await screen.findByRole('heading', { level: 1, name: 'Settings' })).toBeTruthy()
  await waitFor(() => expect(document.title).toBe('Settings · Monitoring'))
})

it('goes through the palette by Ctrl K, in any keyboard layout', async () => {
  const { path } = await renderApp({ at: '/settings' })
  await menu()
  fireEvent.keyDown(document.body, { code: 'KeyK', key: 'л', ctrlKey: true })
  await userEvent.type(await screen.findByRole('combobox'), 'audit{Enter}')
  await waitFor(() => expect(path()).toBe('/audit'))
})

it('switches language and theme', async () => {
  await renderApp({ at: '/settings' })
  await menu()
  await userEvent.click(screen.getAllByRole('button', { name: 'Switch to Russian' })[0] as HTMLElement)
  await screen.findByRole('heading', { level: 1, name: 'Настройки' })
  expect(localStorage.getItem('language')).toBe('ru')
  const before = document.documentElement.dataset.theme
  await userEvent.click(screen.getAllByRole('button', { name: 'Сменить тему' })[0] as HTMLElement)
  expect(document.documentElement.dataset.theme).not.toBe(before)
})

it('signs out', async () => {
  const { mock, path } = await renderApp({ at: '/settings' })
  await menu()
  await userEvent.click(screen.getAllByRole('button', { name: 'Sign out' })[0] as HTMLElement)
  await waitFor(() => expect(path()).toMatch(/^\/login/))
  expect(mock.authenticated).toBe(false)
})

it('leads to the login when the session ends meanwhile', async () => {
  const { mock, path } = await renderApp({ at: '/settings' })
  await menu()
  mock.authenticated = false
  await act(async () => fireEvent.keyDown(document.body, { code: 'KeyR' }))
  await waitFor(() => expect(path()).toBe('/login?next=%2Fsettings'))
})

it('says that the panel does not answer, and tries again', async () => {
  const mock = new MockApi(Date.now, 2)
  mock.overrides.set('GET auth/check', () => 'drop')
  await renderApp({ at: '/settings', mock })
  const retry = await screen.findByRole('button', { name: 'Try again' }, { timeout: 4000 })
  mock.overrides.clear()
  await userEvent.click(retry)
  await screen.findByRole('heading', { level: 1, name: 'Settings' })
})

it('knows no page at a wrong address', async () => {
  await renderApp({ at: '/nowhere' })
  await screen.findByRole('heading', { level: 1, name: 'No such page' })
})

it('lists the keys', async () => {
  await renderApp({ at: '/settings' })
  await menu()
  fireEvent.keyDown(document.body, { code: 'Slash', shiftKey: true })
  const list = within(await screen.findByRole('dialog', { name: 'Keyboard shortcuts' }))
  list.getByText('Toggle theme')
})
