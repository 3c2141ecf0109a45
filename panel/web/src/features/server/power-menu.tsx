import { Power, PowerOff, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { IconButton } from '../../components/button'
import { ConfirmDanger } from '../../components/confirm-danger'
import { Menu } from '../../components/menu'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'

type Action = 'reboot' | 'shutdown'

/** Restarts or shuts down the machine, after a question that names it. */
export function PowerMenu({ server }: { server: ServerItem }) {
  const { t } = useTranslation('server')
  const [action, setAction] = useState<Action | null>(null)
  const name = server.name
  const confirm = async (action: Action) => {
    await api.post(`proxy/${server.id}/power`, { action, confirm: action })
    notify.success(t(`power.${action}Done`, { name }))
  }
  return (
    <>
      <Menu trigger={<IconButton icon={Power} size="small" kind="plain" label={t('power.menu')} />} items={[
        { label: t('power.reboot'), icon: RotateCcw, onSelect: () => setAction('reboot') },
        { label: t('power.shutdown'), icon: PowerOff, danger: true, onSelect: () => setAction('shutdown') },
      ]} />
      {action && (
        <ConfirmDanger open onOpenChange={(open) => !open && setAction(null)} title={t(`power.${action}Title`, { name })} consequence={t(`power.${action}Text`)}
          verb={t(`power.${action}`)} busy={t(`power.${action}Busy`)} onConfirm={() => confirm(action)} />
      )}
    </>
  )
}
