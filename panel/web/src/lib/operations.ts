import { useQuery } from '@tanstack/react-query'
import type { OperationsResponse } from '../api/types'
import { api } from './api'

const pace = 5_000
export const operationsKey = ['bulk', 'operations']

export const useOperations = () =>
  useQuery({ queryKey: operationsKey, queryFn: ({ signal }) => api.get<OperationsResponse>('operations', { signal }).then((r) => r.operations), refetchInterval: pace })
