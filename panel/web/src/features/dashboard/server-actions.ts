import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { ServerItem, TestResponse } from '../../api/types'
import { notify } from '../../components/toast'
import { ApiError, api } from '../../lib/api'
import { serversQuery } from '../../lib/fleet'
import { useSay } from '../../lib/words'

/** What a card offers: ask an offline server now, enable a disabled one. */
export function useServerActions(server: ServerItem) {
  const { t } = useTranslation('dashboard')
  const client = useQueryClient()
  const say = useSay()
  const failed = (error: unknown) => notify.error(t('toast.failed', { name: server.name }), error instanceof ApiError ? error.detail : undefined)
  const test = useMutation({
    mutationFn: () => api.post<TestResponse>(`servers/${server.id}/test`),
    onSuccess: (r) => (r.success ? notify.success(t('toast.reachable', { name: server.name })) : notify.error(t('toast.unreachable', { name: server.name }), say(r.words, r.message))),
    onError: failed,
  })
  const enable = useMutation({
    mutationFn: () => api.put(`servers/${server.id}`, { is_active: true }),
    onSuccess: () => notify.success(t('toast.enabled', { name: server.name })),
    onError: failed,
    onSettled: () => client.invalidateQueries({ queryKey: serversQuery.queryKey }),
  })
  return { test: () => test.mutate(), testing: test.isPending, enable: () => enable.mutate(), enabling: enable.isPending }
}
