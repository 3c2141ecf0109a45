import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ServerItem } from '../../api/types'
import { api } from '../../lib/api'
import { foldersQuery, serversQuery } from '../../lib/fleet'

interface Move {
  id: number
  folder: string | null
  /** All servers as they shall stand. */
  servers: ServerItem[]
  /** Whether the folder changes, too. */
  toFolder: boolean
}

/** Saves the place of a dropped card; the page shows it at once and goes back when the panel refuses. */
export function useMoveServer(onError: (error: unknown) => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ id, folder, servers, toFolder }: Move) => {
      if (toFolder) await api.post('servers/move-to-folder', { server_ids: [id], folder })
      await api.post('servers/reorder', { server_ids: servers.map((s) => s.id) })
    },
    onMutate: async ({ servers }) => {
      await client.cancelQueries({ queryKey: serversQuery.queryKey })
      const before = client.getQueryData(serversQuery.queryKey)
      client.setQueryData(serversQuery.queryKey, servers)
      return before
    },
    onError: (error, _, before) => {
      client.setQueryData(serversQuery.queryKey, before)
      onError(error)
    },
    onSettled: () => client.invalidateQueries({ queryKey: serversQuery.queryKey }),
  })
}

function useFolderMutation<T>(run: (input: T) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: run,
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: serversQuery.queryKey }), client.invalidateQueries({ queryKey: foldersQuery.queryKey })]),
  })
}

export const useCreateFolder = () => useFolderMutation((name: string) => api.post('servers/folders', { name }))
export const useRenameFolder = () => useFolderMutation(({ from, to }: { from: string; to: string }) => api.post('servers/folders/rename', { old_name: from, new_name: to }))
export const useDeleteFolder = () => useFolderMutation((name: string) => api.delete(`servers/folders/${encodeURIComponent(name)}`))
export const useReorderFolders = () => useFolderMutation((names: string[]) => api.post('servers/folders/reorder', { names }))
