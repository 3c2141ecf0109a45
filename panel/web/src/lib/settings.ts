import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { SettingsResponse } from '../api/types'
import { api } from './api'

/** The operator's settings, as texts by key. */
export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => api.get<SettingsResponse>('settings', { signal }).then((r) => r.settings),
})

export const useSettings = () => useQuery(settingsQuery)

/** How often the panel asks the servers, in seconds. */
export function useCollectInterval(): number {
  const { data } = useSettings()
  return Number(data?.metrics_collect_interval) || 10
}

export function useSetSetting() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ key, value }: { key: string; value: string }) => api.put(`settings/${encodeURIComponent(key)}`, { value }),
    onSuccess: (_, { key, value }) => {
      client.setQueryData(settingsQuery.queryKey, (old) => old && { ...old, [key]: value })
    },
  })
}
