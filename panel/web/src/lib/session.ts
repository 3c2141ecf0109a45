import { queryOptions } from '@tanstack/react-query'
import { ApiError, checkSession } from './api'

/** Whether somebody is signed in. An error means that the panel does not answer. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async () => {
    const state = await checkSession()
    if (state === 'unreachable') throw new ApiError(0, 'unreachable', 'The panel does not answer.')
    return { authenticated: state === 'in' }
  },
  staleTime: Number.POSITIVE_INFINITY,
  retry: 1,
  retryDelay: 500,
})
