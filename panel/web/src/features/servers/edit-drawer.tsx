import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { Button } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { notify } from '../../components/toast'
import { readAddress, shortAddress } from './address'
import { type FormErrors, type ServerForm, useFormErrors } from './form-errors'
import { type ServerInput, useUpdateServer } from './queries'
import { ServerFields } from './server-fields'

/** Name, address and folder of a server. Only what was changed is sent. */
export function EditDrawer({ server, onClose }: { server: ServerItem; onClose: () => void }) {
  const { t } = useTranslation('servers')
  const { t: common } = useTranslation('components')
  const [form, setForm] = useState<ServerForm>({ name: server.name, address: shortAddress(server.url), folder: server.folder ?? '' })
  const [errors, setErrors] = useState<FormErrors>({})
  const update = useUpdateServer()
  const { check, read } = useFormErrors()
  const change = changeOf(server, form)
  const dirty = Object.keys(change).length > 0
  const save = async () => {
    const found = check(form)
    setErrors(found)
    if (Object.keys(found).length > 0) return
    try {
      if (dirty) await update.mutateAsync({ id: server.id, change })
      notify.success(t('toast.saved', { name: form.name.trim() }))
      onClose()
    } catch (error) {
      setErrors(read(error, form))
    }
  }
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={t('edit.title', { name: server.name })} dirty={dirty} onSubmit={() => void save()}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" type="submit" disabled={!dirty} busy={update.isPending && t('edit.saving')}>{t('edit.save')}</Button>
        </>
      }>
      <div className="flex flex-col gap-4">
        <ServerFields value={form} errors={errors} onChange={setForm} />
        {'url' in change && <p className="field-note">{t('edit.addressNote')}</p>}
      </div>
    </Drawer>
  )
}

export function changeOf(server: ServerItem, form: ServerForm): Partial<ServerInput> {
  const change: Partial<ServerInput> = {}
  if (form.name.trim() !== server.name) change.name = form.name.trim()
  const address = readAddress(form.address)
  if ((typeof address === 'string' ? form.address : address.url) !== server.url) change.url = form.address.trim()
  if (form.folder.trim() !== (server.folder ?? '')) change.folder = form.folder.trim() || null
  return change
}
