import { QueryClientProvider } from '@tanstack/react-query'
import { Suspense, useEffect, useState } from 'react'
import { flushSync } from 'react-dom'
import { RouterProvider, type RouterProviderProps } from 'react-router'
import { TipProvider } from '../components/tip'
import { Toaster } from '../components/toast'
import { onSignedOut } from '../lib/api'
import { listenForShortcuts } from '../lib/commands'
import { createQueryClient } from '../lib/query'
import { sessionQuery } from '../lib/session'
import { useNarrow } from '../lib/use-narrow'

/** Everything that surrounds the pages: server state, tooltips, toasts, shortcuts. */
export function App({ router }: { router: RouterProviderProps['router'] }) {
  const [client] = useState(createQueryClient)
  const narrow = useNarrow()
  useEffect(listenForShortcuts, [])
  useEffect(() => onSignedOut(() => client.setQueryData(sessionQuery.queryKey, { authenticated: false })), [client])
  return (
    <QueryClientProvider client={client}>
      <TipProvider>
        <Suspense fallback={null}><RouterProvider router={router} flushSync={(render) => void flushSync(render)} /></Suspense>
        <Toaster small={narrow} />
      </TipProvider>
    </QueryClientProvider>
  )
}
