import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { Dialog } from '../../components/dialog'
import { Drawer } from '../../components/drawer'
import { Checkbox, Field, FieldError, Input } from '../../components/field'
import { ApiError } from '../../lib/api'
import { sentence, useErrorText } from '../../lib/error-text'
import { scopes, useCreateToken } from './queries'

/** A form in a drawer, then the secret once in a dialog. */
export function NewToken({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [secret, setSecret] = useState<string | null>(null)
  const created = (value: string) => {
    onOpenChange(false)
    setSecret(value)
  }
  return (
    <>
      {open && <Form close={() => onOpenChange(false)} created={created} />}
      <Secret value={secret} close={() => setSecret(null)} />
    </>
  )
}

function Form({ close, created }: { close: () => void; created: (secret: string) => void }) {
  const { t } = useTranslation('settings')
  const errorText = useErrorText()
  const create = useCreateToken()
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<string[]>(['metrics:read'])
  const [tried, setTried] = useState(false)
  const refused = create.error instanceof ApiError ? create.error : null
  const nameError = refused?.field === 'name' ? sentence(refused.detail) : tried && !name.trim() ? t('tokens.nameNeeded') : null
  const submit = () => {
    setTried(true)
    if (name.trim() && chosen.length > 0) create.mutate({ name: name.trim(), scopes: chosen }, { onSuccess: (answer) => created(answer.secret) })
  }
  const toggle = (scope: string, on: boolean) => setChosen(on ? [...chosen, scope] : chosen.filter((s) => s !== scope))
  return (
    <Drawer open onOpenChange={(next) => !next && close()} title={t('tokens.newTitle')} dirty={name !== ''} onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={close}>{t('cancel')}</Button>
          <Button kind="main" type="submit" busy={create.isPending && t('tokens.creating')}>{t('tokens.create')}</Button>
        </>
      }>
      <div className="flex flex-col gap-4">
        <Field label={t('tokens.name')} note={t('tokens.nameNote')} error={nameError}>
          {(control) => <Input {...control} autoFocus maxLength={100} value={name} onChange={(e) => { create.reset(); setName(e.target.value) }} />}
        </Field>
        <fieldset className="flex flex-col gap-1.5">
          <legend className="field-note mb-1.5">{t('tokens.scopes')}</legend>
          {scopes.map((scope) => <Checkbox key={scope} label={<span className="mono">{scope}</span>} note={t(`scope.${scope.replace(':', '_')}`)} checked={chosen.includes(scope)} onChange={(e) => toggle(scope, e.target.checked)} />)}
          {tried && chosen.length === 0 && <FieldError>{t('tokens.scopeNeeded')}</FieldError>}
        </fieldset>
        {create.error && !refused?.field && <FieldError>{errorText(create.error).text}</FieldError>}
      </div>
    </Drawer>
  )
}

function Secret({ value, close }: { value: string | null; close: () => void }) {
  const { t } = useTranslation('settings')
  return (
    <Dialog open={value !== null} onOpenChange={(open) => !open && close()} title={t('tokens.secretTitle')} description={t('tokens.secretText')}
      footer={<Button kind="main" onClick={close}>{t('tokens.secretDone')}</Button>}>
      <div className="flex items-center gap-2 rounded-2 bg-bg px-3 py-2">
        <code className="mono min-w-0 flex-1 break-all">{value}</code>
        <CopyButton word text={value ?? ''} />
      </div>
    </Dialog>
  )
}
