import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { Field, FieldError, Input } from '../../components/field'
import { useFolders } from '../../lib/fleet'
import type { FormErrors, ServerForm } from './form-errors'

interface ServerFieldsProps {
  value: ServerForm
  errors: FormErrors
  onChange: (value: ServerForm) => void
}

/** Name, address and folder, for a new server and for an existing one. */
export function ServerFields({ value, errors, onChange }: ServerFieldsProps) {
  const { t } = useTranslation('servers')
  const set = (part: Partial<ServerForm>) => onChange({ ...value, ...part })
  return (
    <>
      <Field label={t('field.name')} error={errors.name}>
        {(c) => <Input {...c} autoFocus autoComplete="off" value={value.name} onChange={(e) => set({ name: e.target.value })} />}
      </Field>
      <Field label={t('field.address')} note={t('field.addressNote')} error={errors.address}>
        {(c) => <Input {...c} className="mono" autoComplete="off" autoCapitalize="off" spellCheck={false} value={value.address} onChange={(e) => set({ address: e.target.value })} />}
      </Field>
      <FolderField value={value.folder} error={errors.folder} onChange={(folder) => set({ folder })} />
      {errors.form && <FieldError>{errors.form}</FieldError>}
    </>
  )
}

export function FolderField({ value, error, onChange, autoFocus }: { value: string; error?: string; onChange: (folder: string) => void; autoFocus?: boolean }) {
  const { t } = useTranslation('servers')
  const list = useId()
  const folders = useFolders().data ?? []
  return (
    <Field label={t('field.folder')} note={t('field.folderNote')} error={error}>
      {(c) => (
        <>
          <Input {...c} list={list} autoFocus={autoFocus} autoComplete="off" value={value} onChange={(e) => onChange(e.target.value)} />
          <datalist id={list}>{folders.map((f) => <option key={f.name} value={f.name} />)}</datalist>
        </>
      )}
    </Field>
  )
}
