import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CertRenewal } from '../../api/types'
import { Switch } from '../../components/switch'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { useFormat } from '../../lib/use-format'
import { useProblem } from './parts'
import { base } from './queries'

const key = (id: number) => ['haproxy', id, 'renewal']

const useRenewal = (id: number, enabled: boolean) =>
  useQuery({ queryKey: key(id), queryFn: ({ signal }) => api.get<CertRenewal>(`${base(id)}/certs/cron/status`, { signal }), retry: false, enabled })

/** The renewal that the agent does by itself every night: on or off, when next, and how the last one went. */
export function Renewal({ id, offline, readOnly }: { id: number; offline: boolean; readOnly: boolean }) {
  const { t } = useTranslation('haproxy')
  const f = useFormat()
  const client = useQueryClient()
  const problem = useProblem()
  const [busy, setBusy] = useState(false)
  const renewal = useRenewal(id, !offline)
  const r = renewal.data
  const set = async (enabled: boolean) => {
    setBusy(true)
    try {
      client.setQueryData(key(id), await api.post<CertRenewal>(`${base(id)}/certs/cron/${enabled ? 'enable' : 'disable'}`))
      notify.success(t(enabled ? 'renewal.on' : 'renewal.off'))
    } catch (error) {
      notify.error(t('service.failed'), problem(error))
    }
    setBusy(false)
  }
  if (!r) return renewal.isError ? <p className="hrenew field-note" role="status">{problem(renewal.error)}</p> : null
  const when = (at: string) => f.time(Date.parse(at))
  return (
    <div className="hrenew">
      <Switch label={t('renewal.title')} checked={r.enabled} disabled={busy || offline || readOnly} onChange={(on) => void set(on)} />
      <span className="grow">
        <span aria-hidden>{t('renewal.title')}</span>
        <span className="cap block">{r.enabled && r.next_run ? t('renewal.next', { time: when(r.next_run) }) : t('renewal.never')}</span>
      </span>
      {r.last_run && (
        <details className="cap">
          <summary>{t('renewal.last', { time: when(r.last_run) })}</summary>
          <pre>{r.last_log.trim() || t('renewal.nothing')}</pre>
        </details>
      )}
    </div>
  )
}
