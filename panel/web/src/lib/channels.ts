import { queryOptions, useQuery } from '@tanstack/react-query'
import type { ChannelSettings } from '../api/types'
import { api } from './api'

/** Where messages go; secrets that are set come as ***. */
export const channelsQuery = queryOptions({
  queryKey: ['channels'],
  queryFn: ({ signal }) => api.get<ChannelSettings>('notify/settings', { signal }),
})

export const useChannels = () => useQuery(channelsQuery)

export const telegramReady = (v: Pick<ChannelSettings, 'telegram_bot_token' | 'telegram_chat_id'>): boolean => v.telegram_bot_token !== '' && v.telegram_chat_id !== ''
