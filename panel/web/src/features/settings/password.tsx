import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { Card } from '../../components/card'
import { Field, FieldError, Input } from '../../components/field'
import { notify } from '../../components/toast'
import { ApiError } from '../../lib/api'
import { sentence, useErrorText } from '../../lib/error-text'
import { useChangePassword } from './queries'

const shortest = 8
const blank = { current: '', fresh: '', again: '' }

/** A new password ends all other sessions. */
export function Password() {
  const { t } = useTranslation('settings')
  const errorText = useErrorText()
  const change = useChangePassword()
  const [fields, setFields] = useState(blank)
  const [tried, setTried] = useState(false)
  const refused = change.error instanceof ApiError ? change.error : null
  const errors = {
    current: refused?.field === 'current_password' ? t('password.wrongCurrent') : tried && !fields.current ? t('password.needed') : null,
    fresh: refused?.field === 'new_password' ? sentence(refused.detail) : tried && fields.fresh.length < shortest ? t('password.short', { count: shortest }) : null,
    again: tried && fields.again !== fields.fresh ? t('password.different') : null,
  }
  const submit = () => {
    setTried(true)
    if (!fields.current || fields.fresh.length < shortest || fields.again !== fields.fresh) return
    change.mutate({ current_password: fields.current, new_password: fields.fresh }, {
      onSuccess: () => {
        setFields(blank)
        setTried(false)
        notify.success(t('password.changed'), t('password.changedDetail'))
      },
    })
  }
  const input = (name: keyof typeof blank, autoComplete: string) => (
    <Field label={t(`password.${name}`)} error={errors[name]} note={name === 'fresh' ? t('password.note', { count: shortest }) : undefined}>
      {(control) => (
        <Input {...control} type="password" name={name} autoComplete={autoComplete} value={fields[name]}
          onChange={(e) => { change.reset(); setFields({ ...fields, [name]: e.target.value }) }} />
      )}
    </Field>
  )
  return (
    <Card title={t('password.title')}>
      <form className="flex flex-col gap-3" onSubmit={(e) => { e.preventDefault(); submit() }}>
        {input('current', 'current-password')}
        <div className="grid gap-3 md:grid-cols-2">
          {input('fresh', 'new-password')}
          {input('again', 'new-password')}
        </div>
        {change.error && !refused?.field && <FieldError>{errorText(change.error).text}</FieldError>}
        <div><Button type="submit" busy={change.isPending && t('saving')} disabled={!fields.current && !fields.fresh}>{t('password.submit')}</Button></div>
      </form>
    </Card>
  )
}
