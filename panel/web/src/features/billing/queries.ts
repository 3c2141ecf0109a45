import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { BillItem, BillResponse, BillingSettings, BillingSettingsResponse, BillsResponse, CreateBillRequest, UpdateBillRequest } from '../../api/types'
import { api } from '../../lib/api'

/** Days pass by themselves: the list is asked for again while it is shown. */
const refresh = 60_000

export const billsQuery = queryOptions({
  queryKey: ['bills'],
  queryFn: ({ signal }) => api.get<BillsResponse>('billing/servers', { signal }).then((r) => r.servers),
  refetchInterval: refresh,
})

const settingsQuery = queryOptions({
  queryKey: ['billing-settings'],
  queryFn: ({ signal }) => api.get<BillingSettings>('billing/settings', { signal }),
})

export const useBills = () => useQuery(billsQuery)
export const useBillingSettings = () => useQuery(settingsQuery)

function useBillMutation<In, Out>(run: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: run, onSettled: () => client.invalidateQueries({ queryKey: billsQuery.queryKey }) })
}

const changed = (r: BillResponse): BillItem => r.server

export const useCreateBill = () => useBillMutation((bill: CreateBillRequest) => api.post<BillResponse>('billing/servers', bill).then(changed))
export const useUpdateBill = () => useBillMutation(({ id, change }: { id: number; change: UpdateBillRequest }) => api.put<BillResponse>(`billing/servers/${id}`, change).then(changed))
export const useExtendBill = () => useBillMutation(({ id, days }: { id: number; days: number }) => api.post<BillResponse>(`billing/servers/${id}/extend`, { days }).then(changed))
export const useTopUpBill = () => useBillMutation(({ id, amount }: { id: number; amount: number }) => api.post<BillResponse>(`billing/servers/${id}/topup`, { amount }).then(changed))
export const useDeleteBill = () => useBillMutation((id: number) => api.delete(`billing/servers/${id}`))
export const useMoveBills = () => useBillMutation(({ ids, folder }: { ids: number[]; folder: string | null }) => api.post('billing/servers/move-to-folder', { server_ids: ids, folder }))
export const useRenameFolder = () => useBillMutation(({ from, to }: { from: string; to: string }) => api.post('billing/folders/rename', { old_name: from, new_name: to }))
export const useDeleteFolder = () => useBillMutation((name: string) => api.delete(`billing/folders/${encodeURIComponent(name)}`))

export function useSaveReminders() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (settings: BillingSettings) => api.put<BillingSettingsResponse>('billing/settings', settings),
    onSuccess: ({ settings }) => client.setQueryData(settingsQuery.queryKey, settings),
  })
}
