import { createBrowserRouter, createMemoryRouter, Navigate, type RouteObject } from 'react-router'
import { Crash, NotFound } from './fallbacks'
import { Layout } from './layout'
import { pages } from './routes'
import { RequireSession } from './require-session'

const demo = import.meta.env.MODE !== 'production'

function routes(): RouteObject[] {
  const inside: RouteObject[] = pages.map((p) => ({ path: p.path || undefined, index: p.path === '' ? true : undefined, lazy: p.load }) as RouteObject)
  const start = pages[0]
  if (start && start.path !== '') inside.push({ index: true, element: <Navigate to={start.path} replace /> })
  const outside: RouteObject[] = [{ path: 'login', lazy: () => import('../features/login/page').then((m) => ({ Component: m.LoginPage })) }]
  if (demo) outside.push({ path: 'states', lazy: () => import('./states-page').then((m) => ({ Component: m.StatesPage })) })
  return [
    {
      ErrorBoundary: Crash,
      HydrateFallback: () => null,
      children: [
        ...outside,
        { element: <RequireSession><Layout /></RequireSession>, children: [{ ErrorBoundary: Crash, children: [...inside, { path: '*', Component: NotFound }] }] },
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
