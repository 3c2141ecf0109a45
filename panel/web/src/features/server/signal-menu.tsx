import { useQueryClient } from '@tanstack/react-query'
import { EllipsisVertical } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Process } from '../../api/types'
import { IconButton } from '../../components/button'
import { ConfirmDanger } from '../../components/confirm-danger'
import { Menu } from '../../components/menu'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'

const signals = ['TERM', 'HUP', 'INT', 'STOP', 'CONT', 'KILL'] as const
type Signal = (typeof signals)[number]

/** Signals for one process. Its start goes along, so that a later process with the same number is left alone. */
export function SignalMenu({ serverId, process: p }: { serverId: number; process: Process }) {
  const { t } = useTranslation('server')
  const client = useQueryClient()
  const [signal, setSignal] = useState<Signal | null>(null)
  if (!p.started || p.pid < 2) return null
  const values = { name: p.name, pid: p.pid, signal, command: p.command || p.name }
  const send = async () => {
    await api.post(`proxy/${serverId}/power/processes/${p.pid}/signal`, { signal, started: p.started })
    notify.success(t('signal.sent', values))
    void client.invalidateQueries({ queryKey: ['server', serverId, 'processes'] })
  }
  return (
    <>
      <Menu trigger={<IconButton icon={EllipsisVertical} size="small" label={t('signal.menu', values)} />}
        items={signals.map((s) => ({ label: t(`signal.${s}`), danger: s === 'KILL', separated: s === 'KILL', onSelect: () => setSignal(s) }))} />
      {signal && (
        <ConfirmDanger open onOpenChange={(open) => !open && setSignal(null)} title={t('signal.title', values)} consequence={t(signal === 'KILL' ? 'signal.killText' : 'signal.text', values)}
          verb={t('signal.send')} busy={t('signal.busy')} onConfirm={send} />
      )}
    </>
  )
}
