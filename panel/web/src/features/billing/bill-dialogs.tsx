import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BillItem } from '../../api/types'
import { Button } from '../../components/button'
import { ConfirmDanger } from '../../components/confirm-danger'
import { Dialog } from '../../components/dialog'
import { Field, Input } from '../../components/field'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { BillDrawer } from './bill-drawer'
import { foldersOf } from './groups'
import { ExtendDialog, TopUpDialog } from './pay-dialogs'
import { useDeleteBill, useDeleteFolder, useMoveBills, useRenameFolder } from './queries'
import { RemindersDrawer } from './reminders-drawer'

/** What the person does at the moment. */
export type Task =
  | { kind: 'add' | 'reminders' }
  | { kind: 'edit' | 'extend' | 'topUp' | 'move' | 'delete'; bill: BillItem }
  | { kind: 'renameFolder'; folder: string }
  | { kind: 'deleteFolder'; folder: string; count: number }

export function BillDialogs({ task, bills, onClose }: { task: Task; bills: BillItem[]; onClose: () => void }) {
  const { t } = useTranslation('billing')
  const remove = useDeleteBill()
  const removeFolder = useDeleteFolder()
  const move = useMoveBills()
  const rename = useRenameFolder()
  const folders = foldersOf(bills)
  const close = (open: boolean) => !open && onClose()
  switch (task.kind) {
    case 'add':
      return <BillDrawer bill={null} bills={bills} onClose={onClose} />
    case 'edit':
      return <BillDrawer bill={task.bill} bills={bills} onClose={onClose} />
    case 'extend':
      return <ExtendDialog bill={task.bill} onClose={onClose} />
    case 'topUp':
      return <TopUpDialog bill={task.bill} onClose={onClose} />
    case 'reminders':
      return <RemindersDrawer onClose={onClose} />
    case 'delete':
      return (
        <ConfirmDanger open onOpenChange={close} title={t('delete.title', { name: task.bill.name })} consequence={t('delete.text')} verb={t('delete.verb')} busy={t('delete.busy')}
          onConfirm={() => remove.mutateAsync(task.bill.id).then(() => notify.success(t('toast.deleted', { name: task.bill.name })))} />
      )
    case 'deleteFolder':
      return (
        <ConfirmDanger open onOpenChange={close} title={t('folder.deleteTitle', { name: task.folder })} consequence={t('folder.deleteText', { count: task.count })} verb={t('folder.deleteVerb')} busy={t('delete.busy')}
          onConfirm={() => removeFolder.mutateAsync(task.folder).then(() => notify.success(t('toast.folderDeleted', { name: task.folder })))} />
      )
    case 'renameFolder':
      return (
        <FolderDialog title={t('folder.renameTitle', { name: task.folder })} start={task.folder} folders={folders.filter((f) => f !== task.folder)} verb={() => t('folder.renameVerb')} required
          note={(name) => (name !== task.folder && folders.includes(name) ? t('folder.merges', { name }) : undefined)} onClose={onClose}
          onSave={async (name) => {
            if (name !== task.folder) await rename.mutateAsync({ from: task.folder, to: name! })
            notify.success(t('toast.folderRenamed', { name }))
          }} />
      )
    case 'move':
      return (
        <FolderDialog title={t('move.title', { name: task.bill.name })} start={task.bill.folder ?? ''} folders={folders} verb={(name) => t(name ? 'move.verb' : 'move.out')} note={() => t('move.note')} onClose={onClose}
          onSave={async (folder) => {
            await move.mutateAsync({ ids: [task.bill.id], folder })
            const back = () => void move.mutateAsync({ ids: [task.bill.id], folder: task.bill.folder }).catch(() => notify.error(t('toast.notMoved', { name: task.bill.name })))
            notify.success(folder ? t('toast.moved', { name: task.bill.name, folder }) : t('toast.unfoldered', { name: task.bill.name }), undefined, { label: t('undo'), run: back })
          }} />
      )
  }
}

interface FolderDialogProps {
  title: string
  start: string
  folders: string[]
  verb: (name: string) => string
  note: (name: string) => string | undefined
  required?: boolean
  onSave: (folder: string | null) => Promise<unknown>
  onClose: () => void
}

/** Asks for a folder: an existing one or a new name. */
function FolderDialog({ title, start, folders, verb, note, required = false, onSave, onClose }: FolderDialogProps) {
  const { t } = useTranslation('billing')
  const { t: common } = useTranslation('components')
  const errorText = useErrorText()
  const list = useId()
  const [value, setValue] = useState(start)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const name = value.trim()
  const save = async () => {
    if ((required && !name) || [...name].length > 200) return setError(t('problem.folder'))
    setBusy(true)
    try {
      await onSave(name || null)
      onClose()
    } catch (e) {
      setError(errorText(e).text)
      setBusy(false)
    }
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={title} onSubmit={() => void save()}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" type="submit" busy={busy && t('saving')}>{verb(name)}</Button>
        </>
      }>
      <Field label={t('field.folder')} note={note(name)} error={error}>
        {(c) => (
          <>
            <Input {...c} list={list} autoFocus autoComplete="off" value={value} onChange={(e) => { setError(''); setValue(e.target.value) }} />
            <datalist id={list}>{folders.map((f) => <option key={f} value={f} />)}</datalist>
          </>
        )}
      </Field>
    </Dialog>
  )
}
