import { createBrowserRouter, createMemoryRouter, Navigate, type RouteObject } from 'react-router'
import { Crash, NotFound } from './fallbacks'
import { preloadTexts } from '../lib/i18n'
import { type Page, pages } from './routes'

const demo = import.meta.env.MODE !== 'production'

/** Folders of features are named like paths, except these. */
const folders: Record<string, string> = { '': 'dashboard', 'servers/:id': 'server', 'servers/:id/terminal': 'terminal', 'servers/:id/haproxy': 'haproxy', 'servers/:id/traffic': 'server' }

/** A page and its texts, at the same time. */
function loadPage(page: Page) {
  preloadTexts(folders[page.path] ?? page.path)
  return page.load()
}

function routes(): RouteObject[] {
  const inside: RouteObject[] = pages.map((p) => ({ path: p.path || undefined, index: p.path === '' ? true : undefined, lazy: () => loadPage(p) }) as RouteObject)
  const start = pages[0]
  if (start && start.path !== '') inside.push({ index: true, element: <Navigate to={start.path} replace /> })
  const outside: RouteObject[] = [{ path: 'login', lazy: () => {
    preloadTexts('login')
    return import('../features/login/page').then((m) => ({ Component: m.LoginPage }))
  } }]
  if (demo) outside.push({ path: 'states', lazy: () => import('./states-page').then((m) => ({ Component: m.StatesPage })) })
  return [
    {
      ErrorBoundary: Crash,
      HydrateFallback: () => null,
      children: [
        ...outside,
        { lazy: () => import('./frame').then((m) => ({ Component: m.Frame })), children: [{ ErrorBoundary: Crash, children: [...inside, { path: '*', Component: NotFound }] }] },
      ],
    },
  ]
}

/** The secret path, from <base>. */
function basename(): string {
  return new URL(document.baseURI).pathname.replace(/\/[^/]*$/, '') || '/'
}

export const createRouter = () => createBrowserRouter(routes(), { basename: basename() })

/** For tests: the same routes without an address bar. */
export const createTestRouter = (at: string) => createMemoryRouter(routes(), { initialEntries: [at] })
