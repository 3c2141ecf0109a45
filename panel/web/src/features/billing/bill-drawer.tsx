import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BillItem } from '../../api/types'
import { Button } from '../../components/button'
import { Choice } from '../../components/choice'
import { Drawer } from '../../components/drawer'
import { DateTime } from '../../components/date-time'
import { Field, FieldError, Input, TextArea } from '../../components/field'
import { notify } from '../../components/toast'
import { ApiError } from '../../lib/api'
import { sentence, useErrorText } from '../../lib/error-text'
import { parseMoney } from '../../lib/money'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { fromLocalInput } from '../../lib/zone'
import { type BillForm, type FormErrors, createRequest, currencies, formOf, problems, updateRequest } from './bill-form'
import { extended, lasts } from './forecast'
import { foldersOf } from './groups'
import { Preview } from './preview'
import { useCreateBill, useUpdateBill } from './queries'

const minute = 60_000
const fields: Record<string, keyof BillForm> = { name: 'name', paid_days: 'days', paid_until: 'paidUntil', monthly_cost: 'cost', account_balance: 'balance', currency: 'currency', notes: 'notes', folder: 'folder' }

interface BillDrawerProps {
  /** null adds one. */
  bill: BillItem | null
  bills: BillItem[]
  onClose: () => void
}

/** Adds a bill or changes one. */
export function BillDrawer({ bill, bills, onClose }: BillDrawerProps) {
  const { t } = useTranslation('billing')
  const { t: common } = useTranslation('components')
  const f = useFormat()
  const errorText = useErrorText()
  const [start] = useState(() => formOf(bill, f.timeZone, bills.at(-1)?.currency))
  const [form, setForm] = useState(start)
  const [errors, setErrors] = useState<FormErrors>({})
  const create = useCreateBill()
  const update = useUpdateBill()
  const dirty = JSON.stringify(form) !== JSON.stringify(start)
  const change = (part: Partial<BillForm>) => {
    setForm({ ...form, ...part })
    setErrors({})
  }
  const save = async () => {
    const found = Object.fromEntries(Object.entries(problems(form, bill, f.timeZone)).map(([field, key]) => [field, t(`problem.${key}`)]))
    setErrors(found)
    if (Object.keys(found).length > 0) return
    try {
      if (!bill) await create.mutateAsync(createRequest(form))
      else {
        const request = updateRequest(form, bill, f.timeZone)
        if (Object.keys(request).length > 0) await update.mutateAsync({ id: bill.id, change: request })
      }
      notify.success(t(bill ? 'toast.saved' : 'toast.added', { name: form.name.trim() }))
      onClose()
    } catch (e) {
      const field = e instanceof ApiError && e.field ? fields[e.field] : undefined
      setErrors(field && e instanceof ApiError ? { [field]: sentence(e.detail) } : { form: errorText(e).text })
    }
  }
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={bill ? t('edit.title', { name: bill.name }) : t('add')} dirty={dirty} onSubmit={() => void save()}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" type="submit" disabled={bill !== null && !dirty} busy={(create.isPending || update.isPending) && t('saving')}>{t(bill ? 'edit.save' : 'add')}</Button>
        </>
      }>
      <div className="flex flex-col gap-4">
        <BillFields form={form} errors={errors} bill={bill} folders={foldersOf(bills)} onChange={change} />
        {errors.form && <FieldError>{errors.form}</FieldError>}
      </div>
    </Drawer>
  )
}

interface BillFieldsProps {
  form: BillForm
  errors: FormErrors
  bill: BillItem | null
  folders: string[]
  onChange: (part: Partial<BillForm>) => void
}

function BillFields({ form, errors, bill, folders, onChange }: BillFieldsProps) {
  const { t } = useTranslation('billing')
  const list = useId()
  const text = (name: keyof BillForm, more: object = {}) => (c: object) => <Input {...c} autoComplete="off" value={form[name]} onChange={(e) => onChange({ [name]: e.target.value })} {...more} />
  return (
    <>
      <Field label={t('field.name')} note={t('field.nameNote')} error={errors.name}>{text('name', { autoFocus: true })}</Field>
      <Choice legend={t('model.label')} value={form.model} onChange={(model) => onChange({ model })} options={(['monthly', 'resource'] as const).map((m) => ({ value: m, label: t(`model.${m}`), note: t(`model.${m}Note`) }))} />
      {form.model === 'resource' && <Field label={t('field.balance')} error={errors.balance}>{text('balance', { inputMode: 'decimal', placeholder: '0' })}</Field>}
      {form.model === 'monthly' && !bill && <Field label={t('field.paidDays')} error={errors.days}>{text('days', { inputMode: 'numeric' })}</Field>}
      {form.model === 'monthly' && bill && <Field label={t('field.paidUntil')} error={errors.paidUntil}>{(c) => <DateTime {...c} value={form.paidUntil} onChange={(paidUntil) => onChange({ paidUntil })} />}</Field>}
      <div className="bill-cost">
        <Field label={t('field.cost')} error={errors.cost}>{text('cost', { inputMode: 'decimal', placeholder: '0' })}</Field>
        <Field label={t('field.currency')} error={errors.currency}>
          {(c) => (
            <>
              <Input {...c} list={`${list}-c`} autoComplete="off" autoCapitalize="characters" spellCheck={false} value={form.currency} onChange={(e) => onChange({ currency: e.target.value.toUpperCase() })} />
              <datalist id={`${list}-c`}>{currencies.map((v) => <option key={v} value={v} />)}</datalist>
            </>
          )}
        </Field>
      </div>
      <FormPreview form={form} bill={bill} />
      <Field label={t('field.folder')} note={t('field.folderNote')} error={errors.folder}>
        {(c) => (
          <>
            <Input {...c} list={list} autoComplete="off" value={form.folder} onChange={(e) => onChange({ folder: e.target.value })} />
            <datalist id={list}>{folders.map((name) => <option key={name} value={name} />)}</datalist>
          </>
        )}
      </Field>
      <Field label={t('field.notes')} error={errors.notes}>{(c) => <TextArea {...c} rows={3} value={form.notes} onChange={(e) => onChange({ notes: e.target.value })} />}</Field>
    </>
  )
}

/** The end that these figures give. */
function FormPreview({ form, bill }: { form: BillForm; bill: BillItem | null }) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const now = useNow(minute)
  if (form.model === 'monthly') {
    const days = /^\d{1,5}$/.test(form.days.trim()) ? Number(form.days) : null
    return <Preview to={bill ? fromLocalInput(form.paidUntil, f.timeZone) : days === null ? null : extended(now, days, now)} now={now} />
  }
  const [balance, cost] = [parseMoney(form.balance || '0'), parseMoney(form.cost || '0')]
  return <Preview to={balance === null || cost === null || cost === 0 ? null : now + lasts(balance, cost)} now={now} note={t('preview.account')} />
}
