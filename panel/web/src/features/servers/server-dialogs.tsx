import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { Button } from '../../components/button'
import { ConfirmDanger } from '../../components/confirm-danger'
import { Dialog } from '../../components/dialog'
import { Pill } from '../../components/pill'
import { useErrorText } from '../../lib/error-text'
import { FolderField } from './server-fields'
import { useServerActions } from './use-server-actions'

interface DialogProps {
  servers: ServerItem[]
  onClose: () => void
}

export const uninstallCommand = 'sudo sh /usr/local/lib/monitoring-agent/install.sh uninstall'

export function DeleteDialog({ servers, onClose }: DialogProps) {
  const { t } = useTranslation('servers')
  const { remove } = useServerActions()
  const values = { count: servers.length, name: servers[0]?.name, command: uninstallCommand }
  return (
    <ConfirmDanger open onOpenChange={(open) => !open && onClose()} title={t('delete.title', values)} consequence={t('delete.text', values)}
      items={servers.length > 1 ? servers.map((s) => s.name) : []} verb={t('delete.verb', values)} busy={t('delete.busy')} word={t('delete.word')} onConfirm={() => remove(servers)} />
  )
}

const shownNames = 3

export function MoveDialog({ servers, onClose }: DialogProps) {
  const { t } = useTranslation('servers')
  const { t: common } = useTranslation('components')
  const { move } = useServerActions()
  const errorText = useErrorText()
  const [folder, setFolder] = useState(servers.every((s) => s.folder === servers[0]?.folder) ? (servers[0]?.folder ?? '') : '')
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    setError('')
    try {
      await move(servers, folder.trim() || null)
      onClose()
    } catch (e) {
      setError(errorText(e).text)
      setBusy(false)
    }
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t('move.title', { count: servers.length, name: servers[0]?.name })} onSubmit={() => void save()}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" type="submit" busy={busy && t('move.busy')}>{t(folder.trim() ? 'move.verb' : 'move.out')}</Button>
        </>
      }>
      {servers.length > 1 && (
        <div className="flex flex-wrap gap-1.5">
          {servers.slice(0, shownNames).map((s) => <Pill key={s.id}>{s.name}</Pill>)}
          {servers.length > shownNames && <Pill>{common('more', { count: servers.length - shownNames })}</Pill>}
        </div>
      )}
      <FolderField autoFocus value={folder} error={error} onChange={setFolder} />
    </Dialog>
  )
}
