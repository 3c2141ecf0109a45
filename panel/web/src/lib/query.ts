import { QueryClient } from '@tanstack/react-query'
import { ApiError } from './api'

/** Server state. Live values come by the event stream, so nothing is fetched again just because time has passed. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 2 && !(error instanceof ApiError && final(error)),
        retryDelay: (count) => Math.min(1000 * 2 ** count, 8000),
      },
      mutations: { retry: false },
    },
  })
}

/** Errors that asking again does not change. */
function final(error: ApiError): boolean {
  return error.code === 'unauthenticated' || error.code === 'dropped' || (error.status >= 400 && error.status < 500)
}
