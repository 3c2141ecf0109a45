import { QueryClientProvider } from '@tanstack/react-query'
import { act, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { MemoryRouter } from 'react-router'
import { onTestFinished } from 'vitest'
import { App } from '../app/app'
import { createTestRouter } from '../app/router'
import { TipProvider } from '../components/tip'
import { Toaster } from '../components/toast'
import type { Language } from '../lib/format'
import { startI18n } from '../lib/i18n'
import { createQueryClient } from '../lib/query'
import { allTexts } from './all-texts'
import { installMock } from './install-mock'
import { MockApi } from './mock-api'

interface Options {
  language?: Language
  mock?: MockApi
  /** Address below the secret path. */
  at?: string
}

async function prepare({ language = 'en', mock = new MockApi(Date.now, 6) }: Options): Promise<MockApi> {
  onTestFinished(installMock(mock))
  await startI18n(allTexts, language)
  return mock
}

/** The whole app at an address, against a mock panel. */
export async function renderApp(options: Options = {}): Promise<{ mock: MockApi; path: () => string }> {
  const mock = await prepare(options)
  const router = createTestRouter(options.at ?? '/')
  await act(async () => render(<App router={router} />))
  return { mock, path: () => router.state.location.pathname + router.state.location.search }
}

/** One component with everything around it that it may need. */
export async function renderPart(children: ReactNode, options: Options = {}): Promise<MockApi> {
  const mock = await prepare(options)
  const client = createQueryClient()
  client.setDefaultOptions({ queries: { retry: false } })
  await act(async () => render(
    <QueryClientProvider client={client}>
      <TipProvider>
        <MemoryRouter initialEntries={[options.at ?? '/']}>{children}</MemoryRouter>
        <Toaster small={false} />
      </TipProvider>
    </QueryClientProvider>,
  ))
  return mock
}
