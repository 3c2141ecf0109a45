import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { notify } from '../../components/toast'
import { ApiError, api } from '../../lib/api'
import { useErrorText } from '../../lib/error-text'
import { serversQuery } from '../../lib/fleet'
import { inTurns, type Outcome } from './in-turns'
import { refreshFleet } from './queries'

/** Changes of one or many servers: shown at once, told by a toast, undone from there; a refused one goes back. */
export function useServerActions() {
  const { t } = useTranslation('servers')
  const client = useQueryClient()
  const errorText = useErrorText()
  const show = (servers: readonly ServerItem[], change: Partial<ServerItem>) => {
    const ids = new Set(servers.map((s) => s.id))
    client.setQueryData(serversQuery.queryKey, (old) => old?.map((s) => (ids.has(s.id) ? { ...s, ...change } : s)))
  }
  const named = (servers: readonly ServerItem[]) => ({ count: servers.length, name: servers[0]?.name ?? '' })
  const reasons = (outcome: Outcome<ServerItem>) => outcome.failed.map(({ item, error }) => `${item.name}: ${errorText(error).text}`).slice(0, 3).join(' ')

  const setActive = async (servers: readonly ServerItem[], active: boolean) => {
    const changing = servers.filter((s) => s.is_active !== active)
    if (changing.length === 0) return
    await client.cancelQueries({ queryKey: serversQuery.queryKey })
    show(changing, { is_active: active })
    const outcome = await inTurns(changing, (s) => api.put(`servers/${s.id}`, { is_active: active }))
    const failed = outcome.failed.map((f) => f.item)
    show(failed, { is_active: !active })
    if (failed.length > 0) notify.error(t(active ? 'toast.notEnabled' : 'toast.notDisabled', named(failed)), reasons(outcome))
    if (outcome.done.length > 0) {
      notify.success(t(active ? 'toast.enabled' : 'toast.disabled', named(outcome.done)), active ? undefined : t('toast.disabledDetail'), {
        label: t('undo'),
        run: () => void setActive(outcome.done.map((s) => ({ ...s, is_active: active })), !active),
      })
    }
    await refreshFleet(client)
  }

  const move = async (servers: readonly ServerItem[], folder: string | null) => {
    await api.post('servers/move-to-folder', { server_ids: servers.map((s) => s.id), folder })
    const back = async () => {
      const from = [...new Set(servers.map((s) => s.folder))]
      const outcome = await inTurns(from, (old) => api.post('servers/move-to-folder', { server_ids: servers.filter((s) => s.folder === old).map((s) => s.id), folder: old }))
      if (outcome.failed[0]) notify.error(t('toast.notMoved', named(servers)), errorText(outcome.failed[0].error).text)
      await refreshFleet(client)
    }
    notify.success(folder === null ? t('toast.unfoldered', named(servers)) : t('toast.moved', { ...named(servers), folder }), undefined, { label: t('undo'), run: () => void back() })
    await refreshFleet(client)
  }

  /** Says what is left when some could not be deleted. */
  const remove = async (servers: readonly ServerItem[]) => {
    const outcome = await inTurns(servers, (s) => api.delete(`servers/${s.id}`).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.code === 'not_found')) throw error // gone is what was wanted
    }))
    await refreshFleet(client)
    if (outcome.done.length > 0) notify.success(t('toast.deleted', named(outcome.done)))
    if (outcome.failed.length > 0) throw new ApiError(0, 'partial', t('delete.failed', { ...named(outcome.failed.map((f) => f.item)), reasons: reasons(outcome) }))
  }

  return { setActive, move, remove }
}
