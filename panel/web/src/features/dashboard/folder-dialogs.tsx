import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { ConfirmDanger } from '../../components/confirm-danger'
import { Dialog } from '../../components/dialog'
import { Field, Input } from '../../components/field'
import { notify } from '../../components/toast'
import { ApiError } from '../../lib/api'
import { useCreateFolder, useDeleteFolder, useRenameFolder } from './queries'

export type FolderDialog = { kind: 'create' } | { kind: 'rename'; name: string } | { kind: 'delete'; name: string; count: number }

const longest = 200

/** Makes, renames or deletes a folder. */
export function FolderDialogs({ dialog, onClose }: { dialog: FolderDialog; onClose: () => void }) {
  const { t } = useTranslation('dashboard')
  const remove = useDeleteFolder()
  if (dialog.kind !== 'delete') return <NameDialog dialog={dialog} onClose={onClose} />
  const { name, count } = dialog
  return (
    <ConfirmDanger
      open onOpenChange={(open) => !open && onClose()} title={t('folder.deleteTitle', { name })} consequence={t('folder.deleteText', { count })} verb={t('folder.deleteVerb')} busy={t('folder.deleting')}
      onConfirm={async () => {
        await remove.mutateAsync(name)
        notify.success(t('toast.folderDeleted', { name }))
      }}
    />
  )
}

function NameDialog({ dialog, onClose }: { dialog: Exclude<FolderDialog, { kind: 'delete' }>; onClose: () => void }) {
  const { t } = useTranslation('dashboard')
  const old = dialog.kind === 'rename' ? dialog.name : ''
  const [name, setName] = useState(old)
  const [error, setError] = useState('')
  const create = useCreateFolder()
  const rename = useRenameFolder()
  const busy = create.isPending || rename.isPending
  const save = async () => {
    const to = name.trim()
    if (!to) return setError(t('folder.nameMissing'))
    try {
      if (dialog.kind === 'create') await create.mutateAsync(to)
      else if (to !== old) await rename.mutateAsync({ from: old, to })
      notify.success(t(dialog.kind === 'create' ? 'toast.folderCreated' : 'toast.folderRenamed', { name: to }))
      onClose()
    } catch (e) {
      setError(e instanceof ApiError && e.code === 'conflict' ? t('folder.exists') : e instanceof ApiError ? e.detail : String(e))
    }
  }
  return (
    <Dialog
      open onOpenChange={(open) => !open && onClose()} title={t(dialog.kind === 'create' ? 'folder.new' : 'folder.renameTitle', { name: old })} onSubmit={() => void save()}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{t('cancel')}</Button>
          <Button kind="main" type="submit" busy={busy && t('folder.saving')}>{t(dialog.kind === 'create' ? 'folder.create' : 'folder.save')}</Button>
        </>
      }
    >
      <Field label={t('folder.name')} error={error}>{(c) => <Input {...c} autoFocus maxLength={longest} value={name} onChange={(e) => setName(e.target.value)} />}</Field>
    </Dialog>
  )
}
