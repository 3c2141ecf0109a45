import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { HAProxyStatus } from '../../api/types'
import { Button } from '../../components/button'
import { EmptyState } from '../../components/empty-state'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { Problem } from './parts'
import { base, useRefresh, useSubmit } from './queries'

/** apt may wait for another apt, and mend an interrupted installation first. */
const patience = { timeout: 1_000_000 }

/** A server without HAProxy gets it; meanwhile apt's last line is shown, also to who comes later. */
export function InstallCard({ id, installing, offline }: { id: number; installing: string | undefined; offline: boolean }) {
  const { t } = useTranslation('haproxy')
  const refresh = useRefresh(id)
  const { busy, error, run } = useSubmit()
  const at = busy || Boolean(installing)
  const now = useQuery({ queryKey: ['haproxy', id, 'installing'], queryFn: ({ signal }) => api.get<HAProxyStatus>(`${base(id)}/status`, { signal }), refetchInterval: 1000, retry: false, enabled: at && !offline })
  const install = () =>
    run(async () => {
      try {
        await api.post(`${base(id)}/install`, undefined, patience)
        notify.success(t('install.done'))
      } finally {
        refresh()
      }
    })
  return (
    <section className="card card-b">
      <EmptyState title={t('install.title')} text={t('install.text')}
        action={<Button kind="main" icon={Download} disabled={offline} busy={at && t('install.busy')} onClick={() => void install()}>{t('install.do')}</Button>} />
      {at && <pre className="hdiff hlog" role="status" aria-label={t('install.says')}>{now.data?.installing || installing || '…'}</pre>}
      <Problem error={error} />
    </section>
  )
}
