import { queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { AlertSettingsBody, AlertsStatus, BacktestResponse, ChannelSettings, ChannelsStatus, CreateSilenceRequest, DeleteHistoryResponse, HistoryDaysResponse, HistoryResponse, RuleGroupsResponse, SilenceResponse, SilencesResponse, TestTelegramResponse, UpdateChannelsRequest } from '../../api/types'
import { ApiError, api } from '../../lib/api'
import { channelsQuery } from '../../lib/channels'

const refresh = 15_000
const pageSize = 25
const backtestTimeout = 70_000

const settingsQuery = queryOptions({ queryKey: ['alerts', 'settings'], queryFn: ({ signal }) => api.get<AlertSettingsBody>('alerts/settings', { signal }) })
const silencesQuery = queryOptions({ queryKey: ['alerts', 'silences'], queryFn: ({ signal }) => api.get<SilencesResponse>('alerts/silences', { signal }).then((r) => r.silences), refetchInterval: refresh })
const groupsQuery = queryOptions({ queryKey: ['alerts', 'groups'], queryFn: ({ signal }) => api.get<RuleGroupsResponse>('alerts/groups', { signal }), refetchInterval: refresh })

export const useAlertSettings = () => useQuery(settingsQuery)
export const useSilences = () => useQuery(silencesQuery)
export const useRuleGroups = () => useQuery(groupsQuery)
export const useAlertsStatus = () => useQuery({ queryKey: ['alerts', 'status'], queryFn: ({ signal }) => api.get<AlertsStatus>('alerts/status', { signal }), refetchInterval: refresh })
export const useHistoryDays = () => useQuery({ queryKey: ['alerts', 'history', 'days'], queryFn: ({ signal }) => api.get<HistoryDaysResponse>('alerts/history/days', { signal }).then((r) => r.days), refetchInterval: 60_000 })
export const useRulesFile = (enabled: boolean) => useQuery({ queryKey: ['alerts', 'rules-file'], queryFn: ({ signal }) => api.text('alerts/rules-file', { signal }), enabled, staleTime: 0 })

/** The newest first; more pages on demand. */
export const useHistory = (serverId: number | null, type: string) =>
  useInfiniteQuery({
    queryKey: ['alerts', 'history', serverId, type],
    queryFn: ({ pageParam, signal }) => api.get<HistoryResponse>('alerts/history', { params: { server_id: serverId, alert_type: type, limit: pageSize, offset: pageParam }, signal }),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const loaded = pages.reduce((n, p) => n + p.items.length, 0)
      return last.items.length > 0 && loaded < last.total ? loaded : null
    },
    placeholderData: (old) => old,
    refetchInterval: 60_000,
    staleTime: 0,
  })

/** Changes the fields that it names; rules, alerts and the next check follow from them. */
export function useSaveAlertSettings() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (change: Partial<AlertSettingsBody>) => api.put<AlertSettingsBody>('alerts/settings', change),
    onSuccess: (settings) => {
      client.setQueryData(settingsQuery.queryKey, settings)
      void client.invalidateQueries({ queryKey: ['alerts'], predicate: (q) => q.queryKey[1] !== 'settings' && q.queryKey[1] !== 'backtest' })
    },
  })
}

/** How often a trigger would have fired with other numbers. The panel does one at a time: a busy one is asked again. */
export const useBacktest = (trigger: string, change: Record<string, unknown>, enabled: boolean) =>
  useQuery({
    queryKey: ['alerts', 'backtest', trigger, change],
    queryFn: ({ signal }) => api.post<BacktestResponse>('alerts/backtest', { trigger, settings: change }, { signal, timeout: backtestTimeout }),
    placeholderData: (old) => old,
    enabled,
    staleTime: 5 * 60_000,
    retry: (count, error) => count < 20 && error instanceof ApiError && error.code === 'busy',
    retryDelay: 1000,
  })

function useAlertsMutation<In, Out>(run: (input: In) => Promise<Out>, ...parts: string[]) {
  const client = useQueryClient()
  return useMutation({ mutationFn: run, onSettled: () => Promise.all(parts.map((part) => client.invalidateQueries({ queryKey: ['alerts', part] }))) })
}

export const useClearHistory = () => useAlertsMutation(() => api.delete<DeleteHistoryResponse>('alerts/history'), 'history')
export const useReloadRules = () => useAlertsMutation(() => api.post<RuleGroupsResponse>('alerts/reload'), 'groups', 'active')
export const useCreateSilence = () => useAlertsMutation((silence: CreateSilenceRequest) => api.post<SilenceResponse>('alerts/silences', silence).then((r) => r.silence), 'silences', 'active')
export const useEndSilence = () => useAlertsMutation((id: number) => api.delete(`alerts/silences/${id}`), 'silences', 'active')
export const useTestTelegram = () => useMutation({ mutationFn: (bot: { bot_token: string; chat_id: string }) => api.post<TestTelegramResponse>('alerts/test-telegram', bot) })

export const useChannelsStatus = () => useQuery({ queryKey: ['channels', 'status'], queryFn: ({ signal }) => api.get<ChannelsStatus>('notify/status', { signal }), refetchInterval: refresh })

export function useSaveChannels() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (change: UpdateChannelsRequest) => api.put<ChannelSettings>('notify/settings', change),
    onSuccess: (settings) => {
      client.setQueryData(channelsQuery.queryKey, settings)
      void client.invalidateQueries({ queryKey: ['channels', 'status'] })
      void client.invalidateQueries({ queryKey: settingsQuery.queryKey })
    },
  })
}
